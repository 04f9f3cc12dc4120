"""Generalised divisive normalisation."""

from typing import Any

import numpy as np
from keras import layers, ops

MIN_BETA = 1e-6


class Gdn(layers.Layer):
    """Divide each channel by what all channels of its position have, or multiply by it.

    y_i = x_i / sqrt(beta_i + sum_j gamma_ij x_j²); the inverse multiplies by the root.
    Ballé, Laparra and Simoncelli, "Density modeling of images using a generalized
    normalization transformation", ICLR 2016. Beta and gamma are squares of what is trained,
    which keeps them from being negative.

    Parameters
    ----------
    channels : int
        Of the input.
    inverse : bool
        Multiply.

    Input
    -----
    float32, [..., channels]

    Output
    ------
    float32, [..., channels]
    """

    def __init__(self, channels: int, *, inverse: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inverse = inverse
        # Off the diagonal not quite 0, where a square has no gradient.
        start = np.full((channels, channels), 1e-2) + np.eye(channels) * (0.1**0.5 - 1e-2)
        self.root_beta = self.add_weight(shape=(channels,), initializer="ones", name="root_beta")
        self.root_gamma = self.add_weight(shape=start.shape, initializer="zeros", name="root_gamma")
        self.root_gamma.assign(start)

    def call(self, x: Any) -> Any:
        """See the class."""
        power = ops.matmul(ops.square(x), ops.transpose(ops.square(self.root_gamma)))
        root = ops.sqrt(power + ops.square(self.root_beta) + MIN_BETA)
        return x * root if self.inverse else x / root
