"""The modified discrete cosine transform of an audio signal, critically sampled.

Princen and Bradley, "Analysis/synthesis filter bank design based on time domain aliasing
cancellation", IEEE Trans. Acoust., Speech, Signal Process. 34(5), 1986.
"""

from functools import cache

import numpy as np


def analyse(audio: np.ndarray, hop: int) -> np.ndarray:
    """Return the coefficients of a signal.

    The transform is orthonormal: white noise of variance v has coefficients of variance v.

    Parameters
    ----------
    audio : np.ndarray
        float, shape [N].
    hop : int
        Samples, and coefficients, of a frame; a window spans two.

    Returns
    -------
    np.ndarray
        float64, shape [frames, hop], with one more than N fills.
    """
    count = frames(len(audio), hop)
    padded = np.pad(audio, (hop, count * hop - len(audio))).reshape(count + 1, hop)
    return np.hstack([padded[:-1], padded[1:]]) @ _basis(hop)


def frames(samples: int, hop: int) -> int:
    """Return how many frames `analyse` gives."""
    return -(-samples // hop) + 1


def synthesise(coefficients: np.ndarray, samples: int) -> np.ndarray:
    """Return the signal of `analyse`, float64, shape [samples]."""
    hop = coefficients.shape[1]
    windows = coefficients @ _basis(hop).T
    audio = np.zeros((len(windows) + 1, hop))
    audio[:-1] += windows[:, :hop]
    audio[1:] += windows[:, hop:]
    return audio.reshape(-1)[hop : hop + samples]


@cache
def _basis(hop: int) -> np.ndarray:
    """Return the windowed cosines, float64, [2 * hop, hop]."""
    n = np.arange(2 * hop)[:, None] + 0.5
    k = np.arange(hop) + 0.5
    # The power-complementary window of Vorbis I, 4.3.1: its side lobes fall faster than a sine's.
    window = np.sin(np.pi / 2 * np.sin(np.pi * n / (2 * hop)) ** 2)
    return window * np.sqrt(2 / hop) * np.cos(np.pi / hop * (n + hop / 2) * k)
