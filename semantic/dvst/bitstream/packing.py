"""The order in which the reals of a latent map are sent."""

import numpy as np


def pack(symbols: np.ndarray, rates: np.ndarray, ladder: tuple[int, ...]) -> np.ndarray:
    """Return what is really sent, row by row, all reals of a position in a row.

    Parameters
    ----------
    symbols : np.ndarray
        float32, shape [h, w, ladder[-1]].
    rates : np.ndarray
        int32, shape [h, w]; steps of the ladder.
    ladder : tuple of int

    Returns
    -------
    np.ndarray
        float32, shape [n], n the sum of ``ladder[rate]`` over positions.
    """
    return symbols[_sent(rates, ladder)]


def unpack(reals: np.ndarray, rates: np.ndarray, ladder: tuple[int, ...]) -> np.ndarray:
    """Undo `pack`, with 0 where nothing was sent."""
    symbols = np.zeros((*rates.shape, ladder[-1]), np.float32)
    symbols[_sent(rates, ladder)] = reals
    return symbols


def count(rates: np.ndarray, ladder: tuple[int, ...]) -> int:
    """Return how many reals are sent at such rates."""
    return int(np.array(ladder)[rates].sum())


def _sent(rates: np.ndarray, ladder: tuple[int, ...]) -> np.ndarray:
    return np.arange(ladder[-1]) < np.array(ladder)[rates][..., None]
