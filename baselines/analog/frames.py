"""Frames of sound as runs of analogue symbols, each of which stands for itself.

::

    coefficients ─┬─ ÷ envelope^(p/2) ────────────────────┬─ repeat, interleave ─▶ symbols
                  └─ mean power a band ─▶ dB ─ DCT ─ x rms ┘
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.fft import dct, idct

from baselines.analog.envelope import CEILING_DB, FLOOR_DB, KEPT, Envelope
from baselines.analog.repetition import Repetition

ENVELOPE_SHARE = 0.2
"""Share of a frame's symbols that is spent on its envelope."""

LEVEL_DB, TILT_DB = -11.0, 6.0
"""Typical level of speech at 1 kHz and its fall an octave, in dB of the mean power of a frame."""

SIZE_DB, FALL = 37.0, 0.6
"""Typical size of the first number of an envelope in dB, and the power by which it falls."""

STEADINESS = 0.8
"""Correlation of the numbers of an envelope from one frame to the next."""

SILENCE = 1e-6
"""Least gain of an envelope's numbers, so that a silent frame has a power."""


@dataclass(frozen=True)
class FrameCodec:
    """Coefficients of one frame and their envelope over its own symbols.

    The envelope is relative to the frame: its mean is 1, so that its first number, the mean of
    levels, need not be sent. What is shaped goes at its own level, and its envelope at the same
    root mean square, which the receiver measures; so no level is agreed on. Nothing but the
    receiver's guess of an envelope, from those before it, goes from frame to frame.

    Parameters
    ----------
    bins : int
        MDCT coefficients of a frame, from 0 Hz on.
    bin_hz : float
        Spacing of the coefficients in Hz.
    exponent : float
        p; a coefficient of variance v is divided by v^(p/2).
    symbols : int
        Real symbols of a frame.
    """

    bins: int
    bin_hz: float
    exponent: float
    symbols: int

    def encode(self, coefficients: np.ndarray) -> np.ndarray:
        """Return the symbols, float64, [frames, symbols], of coefficients, [frames, bins]."""
        numbers = self._describe(coefficients)
        shaped = coefficients / self._variance(numbers) ** (self.exponent / 2)
        gain = np.maximum(np.sqrt(np.mean(shaped**2, axis=1, keepdims=True)), SILENCE)
        values = np.hstack([gain * numbers / self._weight, shaped])
        return np.array([self._repetition.repeat(frame) for frame in values])

    def decode(self, symbols: np.ndarray, noise_variance: np.ndarray) -> np.ndarray:
        """Estimate coefficients, float64, [frames, bins].

        Parameters
        ----------
        symbols, noise_variance : np.ndarray
            float, shape [frames, symbols]; as received, and the noise of each.
        """
        coefficients = np.zeros((len(symbols), self.bins))
        size, count = self._size, len(self._size)
        known, doubt = np.zeros(count), size**2
        for frame in range(len(symbols)):
            matched, precision = self._repetition.combine(symbols[frame], noise_variance[frame])
            power = _power(matched[count:], precision[count:])
            known, doubt = STEADINESS * known, STEADINESS**2 * doubt + (1 - STEADINESS**2) * size**2
            gain = np.sqrt(power) / self._weight
            found = 1 / (1 / doubt + gain**2 * precision[:count])
            known, doubt = found * (known / doubt + gain * matched[:count]), found
            variance = self._variance(known[None])[0]
            prior = variance ** (1 - self.exponent)
            prior *= power / prior.mean()
            shaped = prior * matched[count:] / (1 + prior * precision[count:])
            coefficients[frame] = shaped * variance ** (self.exponent / 2)
        return coefficients

    def _describe(self, coefficients: np.ndarray) -> np.ndarray:
        """Return the numbers that describe each frame's envelope in dB, float64, [frames, kept]."""
        edges = self._edges
        power = np.add.reduceat(coefficients**2, edges[:-1], axis=1) / np.diff(edges)
        mean = np.mean(coefficients**2, axis=1, keepdims=True) + SILENCE**2
        levels = 10 * np.log10(np.maximum(power / mean, 10 ** (FLOOR_DB / 10))) - self._typical
        return dct(levels, axis=1, norm="ortho")[:, 1 : len(self._size) + 1]

    def _variance(self, numbers: np.ndarray) -> np.ndarray:
        """Return the variance of each coefficient, of mean 1, float64, [frames, bins]."""
        full = np.zeros((len(numbers), len(self._edges) - 1))
        full[:, 1 : len(self._size) + 1] = numbers
        levels = idct(full, axis=1, norm="ortho") + self._typical
        power = 10 ** (np.clip(levels, FLOOR_DB, CEILING_DB) / 10)
        variance = np.repeat(power, np.diff(self._edges), axis=1)
        return variance / variance.mean(axis=1, keepdims=True)

    @cached_property
    def _edges(self) -> np.ndarray:
        return Envelope(self.bins, self.bin_hz).edges

    @cached_property
    def _typical(self) -> np.ndarray:
        """Typical level of each band in dB, float64, [bands]; speech falls towards high bands."""
        hertz = self.bin_hz * (self._edges[:-1] + self._edges[1:]) / 2
        return LEVEL_DB - TILT_DB * np.log2(hertz / 1000 + 0.03)

    @cached_property
    def _size(self) -> np.ndarray:
        """Typical size of each number in dB, float64, [kept], fitted to speech."""
        kept = max(1, round(KEPT * (len(self._edges) - 1)))
        return SIZE_DB * np.arange(1, kept + 1) ** -FALL

    @cached_property
    def _weight(self) -> np.ndarray:
        """Return what numbers are divided by: optimal power allotment, unit power in all."""
        return np.sqrt(self._size * self._size.mean())

    @cached_property
    def _repetition(self) -> Repetition:
        described = max(1, round(ENVELOPE_SHARE * self.symbols))
        groups = (len(self._size), described), (self.bins, self.symbols - described)
        return Repetition(groups)


def _power(matched: np.ndarray, precision: np.ndarray) -> float:
    """Return the mean power of values that noise was added to, each weighed by its noise."""
    sent = precision > 0
    if not sent.any():
        return 0.0
    noise, values = 1 / precision[sent], matched[sent] / precision[sent]
    mean = np.average(values**2, weights=precision[sent])
    weight = (noise + mean + np.finfo(np.float32).tiny) ** -2.0
    return max(float(np.average(values**2 - noise, weights=weight)), 0.0)
