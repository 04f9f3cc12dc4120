"""The parts of the compact codec: envelope, collecting of copies, filling, residual blocks."""

from typing import Any

import numpy as np
from keras import layers, ops
from scipy.fft import dct

from semantic.asc.lapped import band_weights

BANDS = 40
"""Bands of the spectral envelope."""

CEPSTRA = 24
"""Numbers that describe it, of a DCT over the bands."""

FLOOR = 1e-5
"""Power of a bin, of a signal with unit power, below which the envelope does not go."""

FILLED_FROM = 96
"""First bin that may be filled, from those below it."""

FILLED_WITH = 16
"""First bin that is used for filling."""


def cepstral_spread() -> np.ndarray:
    """Return the standard deviation of each cepstral number, float32, [CEPSTRA].

    A power law, fitted to Italian prompts and four GRID talkers.
    """
    return (17.0 / (1.0 + np.arange(CEPSTRA)) ** 0.95).astype(np.float32)


def cepstral_mean() -> np.ndarray:
    """Return the mean of each cepstral number of speech at unit power, float32, [CEPSTRA]."""
    mean = np.zeros(CEPSTRA, np.float32)
    mean[:2] = -27.0, 14.0
    return mean


def residual(x: Any, width: int, name: str, dilation: int | None = None) -> Any:
    """Add a block to the graph: x + Conv(GELU(Norm(x))), three frames wide.

    With a dilation, it sees frames before its own alone, so many apart.
    """
    how = {"padding": "causal", "dilation_rate": dilation} if dilation else {"padding": "same"}
    y = layers.LayerNormalization(name=f"{name}_norm")(x)
    y = layers.Activation("gelu", name=f"{name}_gelu")(y)
    y = layers.Conv1D(width, 3, **how, name=f"{name}_conv")(y)
    return layers.Add(name=name)([x, y])


def limited(gain: Any) -> Any:
    """Return the factor of a gain, in units of 1.7 dB and kept within 35 dB.

    Small units and the limit keep the first steps, which move all gains together, from
    ending in an explosion.
    """
    return ops.exp(4.0 * ops.tanh(gain / 20.0))


class Cepstrum(layers.Layer):
    """Spectral envelope of each frame as few numbers of zero mean and about unit variance.

    Input
    -----
    power : float32, [batch, frames, bins]

    Output
    ------
    float32, [batch, frames, CEPSTRA]
    """

    def __init__(self, bins: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        bands = band_weights(bins, BANDS)
        self._mean = (bands / bands.sum(axis=1, keepdims=True)).T
        self._transform = dct(np.eye(BANDS), axis=1, norm="ortho")[:, :CEPSTRA].astype(np.float32)

    def call(self, power: Any) -> Any:
        """Return the output that the class describes."""
        levels = ops.log(ops.matmul(power, self._mean) + FLOOR)
        cepstrum = ops.matmul(levels, self._transform)
        return (cepstrum - cepstral_mean()) / cepstral_spread()


class Envelope(layers.Layer):
    """Natural logarithm of each bin's power from a `Cepstrum`.

    Input
    -----
    cepstrum : float32, [batch, frames, CEPSTRA]

    Output
    ------
    float32, [batch, frames, bins]
    """

    def __init__(self, bins: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        inverse = dct(np.eye(BANDS), axis=1, norm="ortho")[:, :CEPSTRA].T
        self._inverse = (inverse @ band_weights(bins, BANDS)).astype(np.float32)

    def call(self, cepstrum: Any) -> Any:
        """Return the output that the class describes."""
        levels = ops.matmul(cepstrum * cepstral_spread() + cepstral_mean(), self._inverse)
        return ops.clip(levels, np.log(FLOOR), 7.0)


class Collector(layers.Layer):
    """Values from their copies among the latents, weighted by precision.

    Parameters
    ----------
    mapping : np.ndarray
        float32, [values, latents]; by what each value was multiplied before it was sent.

    Input
    -----
    latents, precision : float32, [batch, frames, latents]
        Precision is one over the noise variance.

    Output
    ------
    matched, precision : float32, [batch, frames, values]
        ``matched / precision`` is the least-squares estimate, of variance ``1 / precision``.
    """

    def __init__(self, mapping: np.ndarray, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._once, self._twice = mapping.T.copy(), np.square(mapping.T)

    def call(self, latents: Any, precision: Any) -> tuple[Any, Any]:
        """Return the output that the class describes."""
        return ops.matmul(latents * precision, self._once), ops.matmul(precision, self._twice)


def fill_source(bins: int) -> np.ndarray:
    """Return the bin that each bin from `FILLED_FROM` on is filled with, int64."""
    period = FILLED_FROM - FILLED_WITH
    return FILLED_WITH + np.arange(bins - FILLED_FROM) % period
