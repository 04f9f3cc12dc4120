"""Outage of a block that sees few channel realisations, for codes of any and of finite length.

::

    density of what a slot tells, C(g) or a normal about it ─▶ L-fold convolution ─▶ P(sum < L R)

The mean capacity over L slots is random too: the ergodic capacity bounds no block of so many.
"""

import math

import numpy as np
from scipy import fft, special

BINS = 2**12
"""Bins from 0 to the information of the block, up to 64 slots; as many more for more."""

GAIN_NODES = 300
"""Nodes at which the spread of a code of finite length is looked up."""


MOST_BITS = 100.0
"""Bits per channel use that no slot has."""


def outage(
    rate: float,
    snr: np.ndarray | float,
    *,
    slots: int = 1,
    branches: int = 1,
    symbols: int | None = None,
) -> np.ndarray:
    """Return P(mean over slots of log2(1 + g snr) < rate) in Rayleigh block fading.

    Without `symbols` a lower bound on the block error rate of any code (Ozarow, Shamai and Wyner,
    1994). With them the normal approximation of what the best code of that length reaches, where
    the information of a slot is normal with variance V / symbols about its capacity (Yang, Durisi,
    Koch and Polyanskiy, "Quasi-static multiple-antenna fading channels at finite blocklength",
    IEEE Trans. Inf. Theory 60(7), 2014).

    Parameters
    ----------
    rate : float
        Information bits per channel use.
    snr : array_like
        Mean Es/N0 of one branch, linear.
    slots : int
        Slots of a block, each with a channel realisation of its own.
    branches : int
        Receive antennas, combined at maximum ratio.
    symbols : int, optional
        Channel uses of a block in each slot.
    """
    values = np.asarray(snr, float)
    if slots == 1 and symbols is None:
        return special.gammainc(branches, (2.0**rate - 1.0) / values)
    found = [_outage(rate, float(s), slots, branches, symbols) for s in values.ravel()]
    return np.reshape(found, values.shape)


def _outage(rate: float, snr: float, slots: int, branches: int, symbols: int | None) -> float:
    # A code of finite length may be told less than nothing, but not by many standard deviations.
    below = 0.0 if symbols is None else 8.0 / math.log(2.0) / math.sqrt(symbols)
    bins = BINS * max(1, slots // 64)
    edges = np.linspace(0.0, slots * (rate + below), bins + 1) - below
    if symbols is None:
        told = np.diff(_told(edges, snr, branches))
    else:
        told = np.diff(_smoothed(edges, snr, branches, symbols))
    total = _power(told, slots)
    # Bins begin at their numbers and masses lie in their middles: a sum lies L/2 - 1/2 higher.
    last = bins - (slots - 1) / 2.0
    whole = int(last)
    return float(np.clip(total[:whole].sum() + (last - whole) * total[whole:][:1].sum(), 0.0, 1.0))


def _told(capacity: np.ndarray, snr: float, branches: int) -> np.ndarray:
    """Return the distribution of the capacity of a slot."""
    gain = np.expm1(np.clip(capacity, 0.0, MOST_BITS) * math.log(2.0)) / snr
    return special.gammainc(branches, gain)


def _smoothed(edges: np.ndarray, snr: float, branches: int, symbols: int) -> np.ndarray:
    """Return the distribution of what a code of finite length is told in a slot."""
    top = special.gammaincinv(branches, 1.0 - 1e-12)
    nodes = np.linspace(0.0, math.log2(1.0 + top * snr), GAIN_NODES + 1)
    weights = np.diff(_told(nodes, snr, branches))
    middle = (nodes[1:] + nodes[:-1]) / 2.0
    # A node stands for its neighbourhood, which is wider than the normal where blocks are long.
    spread = np.hypot(_spread(2.0**middle - 1.0, symbols), nodes[1] / math.sqrt(12.0))
    return special.ndtr((edges[:, np.newaxis] - middle) / spread) @ weights


def _spread(snr: np.ndarray, symbols: int) -> np.ndarray:
    """Return the standard deviation of the information density of a slot, per channel use."""
    dispersion = snr * (snr + 2.0) / (snr + 1.0) ** 2 / math.log(2.0) ** 2
    return np.sqrt(np.maximum(dispersion, 1e-12) / symbols)


def _power(density: np.ndarray, times: int) -> np.ndarray:
    """Return the convolution of a density with itself, as far as its own bins go."""
    result: np.ndarray | None = None
    while times:
        if times % 2:
            result = density if result is None else _convolve(result, density)
        times //= 2
        density = _convolve(density, density) if times else density
    assert result is not None
    return result


def _convolve(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    size = fft.next_fast_len(2 * a.size, real=True)
    product = fft.rfft(a, size) * fft.rfft(b, size)
    return np.maximum(fft.irfft(product, size)[: a.size], 0.0)
