"""Interleaving of symbols over slots, so that no run of them meets one fading state alone."""

import math

import numpy as np

GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


def interleaver(n: int) -> np.ndarray:
    """Return the permutation of an interleaver of n symbols: the position of each on the channel.

    Neighbours lie the golden ratio of the whole apart, so that any run of symbols, of one
    frame or of one frequency, is distributed evenly over all slots.

    Returns
    -------
    np.ndarray
        int64, shape [n].
    """
    step = max(1, round(GOLDEN * n))
    while math.gcd(step, n) > 1:
        step += 1
    return np.arange(n) * step % n
