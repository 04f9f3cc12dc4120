"""Spreading of symbols over slots, so that no stretch of them meets one fade alone."""

import math

import numpy as np

GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


def spread(n: int) -> np.ndarray:
    """Return the position on the channel of each of n symbols, a permutation.

    Neighbours lie the golden ratio of the whole apart, so that any run of symbols, of one
    frame or of one frequency, is spread evenly over all slots.

    Returns
    -------
    np.ndarray
        int64, shape [n].
    """
    step = max(1, round(GOLDEN * n))
    while math.gcd(step, n) > 1:
        step += 1
    return np.arange(n) * step % n
