"""Maximum-ratio combining of repeated values."""

import numpy as np


def combine(
    received: np.ndarray,
    noise_variance: np.ndarray,
    value: np.ndarray,
    gain: np.ndarray | float = 1.0,
    count: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Combine the copies of each value at maximum ratio, each weighed by its noise.

    Parameters
    ----------
    received, noise_variance : np.ndarray
        float, shape [n]; the copies as received, and the noise variance of each.
    value : np.ndarray
        int64, shape [n]; which value each is a copy of.
    gain : np.ndarray or float
        float, shape [n]; what each was multiplied by at the transmitter.
    count : int
        Number of values; by default up to the last one that was sent.

    Returns
    -------
    matched, precision : np.ndarray
        float64, shape [count]. ``matched / precision`` is the least-squares estimate and
        ``1 / precision`` its variance; both are 0 for a value that was not sent.
    """
    weight = gain / np.maximum(noise_variance.astype(np.float64), np.finfo(np.float32).tiny)
    matched = np.bincount(value, weight * received, count)
    return matched, np.bincount(value, weight * gain, count)
