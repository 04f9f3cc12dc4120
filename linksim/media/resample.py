"""Sample rate conversion of audio."""

from math import gcd

import numpy as np


def resample(audio: np.ndarray, rate: int, target: int) -> np.ndarray:
    """Change the sample rate from `rate` to `target` in Hz, without delay.

    Parameters
    ----------
    audio : np.ndarray
        Floating point, shape [n].
    rate, target : int
        Sample rates in Hz.

    Returns
    -------
    np.ndarray
        Same type as `audio`, shape [ceil(n target / rate)].
    """
    if rate == target:
        return audio
    from scipy.signal import resample_poly

    common = gcd(rate, target)
    return resample_poly(audio, target // common, rate // common)
