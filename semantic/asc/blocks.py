"""The parts of the compact codec: companding, collecting, expanding, and residual blocks."""

from typing import Any

import numpy as np
from keras import layers, ops

from semantic.asc.lapped import band_weights

BANDS = 40
"""Bands of the spectral envelope."""

FLOOR = 1e-5
"""Power of a bin, of a signal with unit power, below which the compander stops."""


def residual(x: Any, width: int, name: str) -> Any:
    """Add a block to the graph: x + Conv(GELU(Norm(x))), three frames wide."""
    y = layers.LayerNormalization(name=f"{name}_norm")(x)
    y = layers.Activation("gelu", name=f"{name}_gelu")(y)
    y = layers.Conv1D(width, 3, padding="same", name=f"{name}_conv")(y)
    return layers.Add(name=name)([x, y])


def limited(gain: Any) -> Any:
    """Return the factor of a gain, in units of 1.7 dB and kept within 35 dB.

    Small units and the limit keep the first steps, which move all gains together, from
    ending in an explosion.
    """
    return ops.exp(4.0 * ops.tanh(gain / 20.0))


class Compander(layers.Layer):
    """Spectral envelope of a frame, and coefficients divided by its root.

    Input
    -----
    cosines, sines : float32, [batch, frames, bins]

    Output
    ------
    coefficients : float32, [batch, frames, bins]
        Their power is the root of what it was.
    log_power : float32, [batch, frames, bins]
        Natural logarithm of each bin's power.
    """

    def __init__(self, bins: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._bands = band_weights(bins, BANDS)
        self._mean = (self._bands / self._bands.sum(axis=1, keepdims=True)).T

    def call(self, cosines: Any, sines: Any) -> tuple[Any, Any]:
        """See the class."""
        power = 0.5 * (ops.square(cosines) + ops.square(sines)) + FLOOR
        envelope = ops.matmul(ops.log(ops.matmul(power, self._mean)), self._bands)
        return cosines * ops.exp(-0.25 * envelope), ops.log(power)


class Collector(layers.Layer):
    """Coefficients from the latents that started as theirs, each weighted by its precision.

    Input
    -----
    latents, precision : float32, [batch, frames, latents]
        Precision is one over the noise variance.

    Output
    ------
    coefficients, noise : float32, [batch, frames, bins]
        Estimates, and their noise variance.
    """

    def __init__(self, mapping: np.ndarray, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._mapping = mapping.T

    def call(self, latents: Any, precision: Any) -> tuple[Any, Any]:
        """See the class."""
        total = ops.matmul(precision, self._mapping) + 0.1
        return ops.matmul(latents * precision, self._mapping) / total, 1.0 / total


class Expander(layers.Layer):
    """Undo the companding of noisy coefficients, with a Wiener gain.

    Input
    -----
    coefficients, noise : float32, [batch, frames, bins]

    Output
    ------
    float32, [batch, frames, bins]
    """

    def __init__(self, bins: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        bands = band_weights(bins, BANDS)
        self._smooth = ((bands / bands.sum(axis=1, keepdims=True)).T @ bands).astype(np.float32)

    def call(self, coefficients: Any, noise: Any) -> Any:
        """See the class."""
        power = ops.pad(ops.square(coefficients) - noise, [[0, 0], [1, 1], [0, 0]])
        power = 0.25 * power[:, :-2] + 0.5 * power[:, 1:-1] + 0.25 * power[:, 2:]
        # The root of the floor: the compander took the root of all powers.
        power = ops.maximum(ops.matmul(power, self._smooth), FLOOR**0.5)
        return coefficients * ops.sqrt(power) * power / (power + noise)
