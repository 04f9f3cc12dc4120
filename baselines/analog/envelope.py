"""The spectral envelope of sound as few numbers that withstand noise.

::

    coefficients ─mean power a band─▶ dB ─DCT over 32 frames x bands─▶ the strongest 30 %
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.fft import dctn, idctn

BLOCK_FRAMES = 32
"""Frames that are transformed together."""

KEPT = 0.3
"""Share of the transform's coefficients that is kept: the rest is mostly the chance with which
the few coefficients of a band add up."""

FLOOR_DB, CEILING_DB, TYPICAL_DB = -60.0, 40.0, -30.0
"""Range and middle of levels, in dB relative to the mean power of the signal."""

_BAND_MEL = 55.0
_BREAKS_HZ = 700.0  # where O'Shaughnessy's mel scale turns from linear to logarithmic


@dataclass(frozen=True)
class Envelope:
    """A smooth envelope over mel-spaced bands, transformed like a picture.

    Parameters
    ----------
    bins : int
        MDCT coefficients of a frame, from 0 Hz on, that it covers.
    bin_hz : float
        Spacing of the coefficients in Hz.
    """

    bins: int
    bin_hz: float

    def forward(self, coefficients: np.ndarray) -> np.ndarray:
        """Measure and transform.

        Parameters
        ----------
        coefficients : np.ndarray
            float64, shape [frames, bins], of a signal of unit power.

        Returns
        -------
        np.ndarray
            float64, shape [blocks, kept], in dB.
        """
        edges = self.edges
        power = np.add.reduceat(coefficients**2, edges[:-1], axis=1) / np.diff(edges)
        levels = 10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10))) - TYPICAL_DB
        levels = np.pad(levels, ((0, -len(levels) % BLOCK_FRAMES), (0, 0)), mode="edge")
        blocks = levels.reshape(-1, BLOCK_FRAMES, levels.shape[1])
        transformed = dctn(blocks, axes=(1, 2), norm="ortho")
        return transformed.reshape(len(blocks), -1)[:, self._order]

    def inverse(self, transformed: np.ndarray, frames: int) -> np.ndarray:
        """Return the variance of each coefficient, float64, shape [frames, bins]."""
        bands = len(self.edges) - 1
        full = np.zeros((len(transformed), BLOCK_FRAMES * bands))
        full[:, self._order] = transformed
        blocks = full.reshape(-1, BLOCK_FRAMES, bands)
        levels = idctn(blocks, axes=(1, 2), norm="ortho").reshape(-1, bands)[:frames] + TYPICAL_DB
        power = 10 ** (np.clip(levels, FLOOR_DB, CEILING_DB) / 10)
        return np.repeat(power, np.diff(self.edges), axis=1)

    def blocks(self, frames: int) -> int:
        """Return how many blocks that many frames make."""
        return -(-frames // BLOCK_FRAMES)

    @cached_property
    def scale(self) -> np.ndarray:
        """Typical size of each number of `forward` in dB, float64, shape [kept], falling."""
        return self._law[self._order]

    @cached_property
    def steady(self) -> np.ndarray:
        """Mask of the numbers of `forward` that are means over a block's frames, bool, [kept]."""
        return self._order < len(self.edges) - 1

    @cached_property
    def _order(self) -> np.ndarray:
        kept = max(1, round(KEPT * self._law.size))
        return np.argsort(-self._law, kind="stable")[:kept]

    @cached_property
    def _law(self) -> np.ndarray:
        """Typical size of each DCT coefficient in dB, fitted to speech within 2 dB."""
        i = np.log1p(np.arange(BLOCK_FRAMES))[:, None]
        j = np.log1p(np.arange(len(self.edges) - 1))
        return np.exp(6.0 - 1.15 * i - 0.97 * j + 0.22 * i * j).reshape(-1)

    @cached_property
    def edges(self) -> np.ndarray:
        """First coefficient of each band and the end, int, [bands + 1]; none is empty."""
        top = np.log1p(self.bins * self.bin_hz / _BREAKS_HZ)
        bands = max(1, round(1127 * top / _BAND_MEL))
        hertz = _BREAKS_HZ * np.expm1(np.linspace(0, top, bands + 1))
        return np.unique(np.round(hertz / self.bin_hz).astype(int))
