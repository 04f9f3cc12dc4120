"""Means over SNR values and differences between them, with 95 % intervals."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Estimate:
    """A number and its interval.

    Parameters
    ----------
    value, low, high : float
        The number, and the limits of its 95 % interval.
    n : int
        Values that it was made of.
    """

    value: float
    low: float
    high: float
    n: int


def contrast(groups: Sequence[np.ndarray], weights: Sequence[float]) -> Estimate:
    """Return a weighted sum of the means of independent groups.

    Student's t interval with the degrees of freedom of Welch (1947) and Satterthwaite (1946),
    for the variance differs from group to group: fading tells most where the SNR is low. Values
    that are all alike give an interval without width.

    Parameters
    ----------
    groups : sequence of np.ndarray
        float, [n] each; two values or more.
    weights : sequence of float
        One a group.
    """
    parts = [w**2 * np.var(g, ddof=1) / len(g) for g, w in zip(groups, weights, strict=True)]
    value = float(sum(w * np.mean(g) for g, w in zip(groups, weights, strict=True)))
    variance, count = float(sum(parts)), sum(map(len, groups))
    half = 0.0
    if variance > 0:
        freedom = variance**2 / sum(p**2 / (len(g) - 1) for p, g in zip(parts, groups, strict=True))
        half = float(stats.t.ppf(0.975, freedom)) * math.sqrt(variance)
    return Estimate(value, value - half, value + half, count)


def mean(groups: Sequence[np.ndarray]) -> Estimate:
    """Return the mean of the means of groups, each counting the same."""
    return contrast(groups, [1 / len(groups)] * len(groups))
