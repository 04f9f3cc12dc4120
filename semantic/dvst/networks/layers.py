"""Layers and chains of layers that several networks of the video codec share."""

import math
from typing import Any

import keras
from keras import layers, ops

MIN_SCALE = 0.02
"""Smallest scale; a narrower density would cost nothing less and overflow."""


def laplace_bits(x: Any, location: Any, scale: Any) -> Any:
    """Return -log2 of the probability that a Laplace variable falls within x ± 1/2.

    In the logarithm throughout, so that however unlikely x is, a gradient leads back.

    Input
    -----
    x, location, scale : float32, any shapes that broadcast
        Scale at least `MIN_SCALE`.

    Output
    ------
    float32, in bits
    """
    distance = ops.abs(x - location)
    far = ops.maximum(distance - 0.5, 0.0)
    tail = math.log(0.5) + ops.log1p(-ops.exp(-1.0 / scale)) - far / scale
    near = ops.minimum(distance, 0.5)
    core = ops.log1p(-0.5 * (ops.exp((near - 0.5) / scale) + ops.exp(-(near + 0.5) / scale)))
    return ops.where(distance < 0.5, core, tail) / -math.log(2.0)


def positive(x: Any) -> Any:
    """Return a scale from any number."""
    return MIN_SCALE + ops.softplus(x)


def quantise(x: Any, seeds: keras.random.SeedGenerator, *, training: bool | None) -> Any:
    """Round; in training add noise instead, uniform in ± 1/2, which has a gradient.

    Ballé, Laparra and Simoncelli, "End-to-end optimized image compression", ICLR 2017.
    """
    if training:
        return x + keras.random.uniform(ops.shape(x), -0.5, 0.5, seed=seeds)
    return ops.round(x)


class Residual(layers.Layer):
    """A residual block: x + Conv(LeakyReLU(Conv(LeakyReLU(x)))), 3x3.

    Input
    -----
    float32, [batch, h, w, channels]

    Output
    ------
    float32, [batch, h, w, channels]
    """

    def __init__(self, channels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.body = chain(
            channels,
            layers.LeakyReLU(0.1),
            layers.Conv2D(channels, 3, padding="same"),
            layers.LeakyReLU(0.1),
            layers.Conv2D(channels, 3, padding="same"),
        )

    def call(self, x: Any) -> Any:
        """Return the output that the class describes."""
        return x + self.body(x)


def folded(frames: Any, stride: int) -> Any:
    """Put each block of stride by stride pixels on top of one another.

    Input
    -----
    float32, [batch, H, W, 3]

    Output
    ------
    float32, [batch, H / stride, W / stride, 3 * stride²]
    """
    if stride == 1:
        return frames
    return ops.space_to_depth(frames, stride, data_format="channels_last")


class DepthToSpace(layers.Layer):
    """Rearrangement of channels into blocks of pixels.

    Input
    -----
    float32, [batch, h, w, channels * block²]

    Output
    ------
    float32, [batch, h * block, w * block, channels]
    """

    def __init__(self, block: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.block = block

    def call(self, x: Any) -> Any:
        """Return the output that the class describes."""
        return ops.depth_to_space(x, self.block, data_format="channels_last")


def silent(filters: int, kernel: int = 3) -> layers.Conv2D:
    """Return a convolution that gives 0 until it is trained, for what adds to something."""
    return layers.Conv2D(filters, kernel, padding="same", kernel_initializer="zeros")


def chain(channels: int, *parts: layers.Layer) -> keras.Sequential:
    """Return layers in a row, built, for pictures of any size with so many channels."""
    return keras.Sequential([keras.Input((None, None, channels)), *parts])


def repeated(x: Any, times: int) -> Any:
    """Return a map, [batch, h, w, channels], with each position as a square of so many."""
    return ops.repeat(ops.repeat(x, times, axis=1), times, axis=2)
