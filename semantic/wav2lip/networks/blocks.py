"""Building blocks of the lip-sync networks: convolution, batch normalisation, ReLU."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from semantic.wav2lip.networks.sizes import SIDE, Stage

MOMENTUM = 0.97
"""Momentum of running mean and variance; runs of a few thousand steps are too short for 0.99, and
with 0.9 what few batches show decides how a network sees others than them."""


class Residual(layers.Layer):
    """A residual block: ReLU(x + BN(Conv(x))), 3x3.

    Input
    -----
    float32, [batch, h, w, channels]

    Output
    ------
    float32, [batch, h, w, channels]
    """

    def __init__(self, channels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.body = keras.Sequential(
            [
                keras.Input((None, None, channels)),
                layers.Conv2D(channels, 3, padding="same"),
                layers.BatchNormalization(momentum=MOMENTUM),
            ]
        )

    def call(self, x: Any, training: bool | None = None) -> Any:
        """Return the output that the class describes."""
        return ops.relu(x + self.body(x, training=training))


def stage_layers(stage: Stage, *, transposed: bool = False) -> list[layers.Layer]:
    """Return the layers of a stage: Conv-BN-ReLU and its residual blocks."""
    convolution = layers.Conv2DTranspose if transposed else layers.Conv2D
    first = convolution(
        stage.channels,
        stage.kernel,
        stage.stride,
        padding="valid" if stage.valid else "same",
    )
    normalised = [layers.BatchNormalization(momentum=MOMENTUM), layers.ReLU()]
    return [first, *normalised, *(Residual(stage.channels) for _ in range(stage.residual))]


def encoder(inputs: tuple[int, int, int], stages: Sequence[Stage]) -> keras.Sequential:
    """Return stages in a row, built, for maps [batch, h, w, channels] of the size `inputs`.

    Output
    ------
    float32, [batch, 1, 1, channels]
    """
    parts = [part for stage in stages for part in stage_layers(stage)]
    return keras.Sequential([keras.Input(inputs), *parts])


def lower_half(faces: Any) -> Any:
    """Return what of faces, [..., S, S, channels], moves with speech: [..., S/2, S, channels]."""
    return faces[..., SIDE // 2 :, :, :]
