"""Parts that several networks of the video codec are made of."""

from typing import Any

import keras
from keras import layers, ops

from semantic.dvst.networks.gdn import Gdn


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
        """See the class."""
        return x + self.body(x)


class DepthToSpace(layers.Layer):
    """Spread channels over blocks of pixels.

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
        """See the class."""
        return ops.depth_to_space(x, self.block, data_format="channels_last")


def silent(filters: int, kernel: int = 3) -> layers.Conv2D:
    """Return a convolution that gives 0 until it is trained, for what adds to something."""
    return layers.Conv2D(filters, kernel, padding="same", kernel_initializer="zeros")


def gives_nothing(parts: keras.Sequential) -> bool:
    """Return whether the last convolution of a chain is still `silent`."""
    last = next(p for p in reversed(parts.layers) if isinstance(p, layers.Conv2D))
    return not any(ops.convert_to_numpy(weight).any() for weight in last.weights)


def chain(channels: int, *parts: layers.Layer) -> keras.Sequential:
    """Return layers in a row, built, for pictures of any size with so many channels."""
    return keras.Sequential([keras.Input((None, None, channels)), *parts])


def repeated(x: Any, times: int) -> Any:
    """Return a map, [batch, h, w, channels], with each position as a square of so many."""
    return ops.repeat(ops.repeat(x, times, axis=1), times, axis=2)


def upsample(channels: int, kernel: int = 3) -> list[layers.Layer]:
    """Return a convolution whose output has twice the height and width."""
    return [layers.Conv2D(4 * channels, kernel, padding="same"), DepthToSpace(2)]


def analysis(
    inputs: int, width: int, outputs: int, stages: int, kernel: int, *, residual: bool = False
) -> keras.Sequential:
    """Return strided convolutions with GDN between them; they give 0 until they are trained.

    ::

        x ─▶ conv ↓2 ─ GDN ─ (residual) ─▶ ... ─▶ conv ↓2 ─▶ latents

    Parameters
    ----------
    inputs, width, outputs : int
        Channels of the input, between stages, and of the output.
    stages : int
        Each halves height and width.
    kernel : int
        Of each convolution.
    residual : bool
        Whether a residual block follows each GDN but the last.
    """
    parts: list[layers.Layer] = []
    for stage in range(stages - 1):
        parts += [layers.Conv2D(width, kernel, 2, padding="same"), Gdn(width)]
        if residual and stage < stages - 2:
            parts += [Residual(width)]
    last = layers.Conv2D(outputs, kernel, 2, padding="same", kernel_initializer="zeros")
    return chain(inputs, *parts, last)


def synthesis(
    inputs: int,
    width: int,
    outputs: int,
    stages: int,
    *,
    residual: bool = False,
    awake: bool = False,
) -> keras.Sequential:
    """Return `analysis` mirrored, with upsampling 3x3 convolutions and inverse GDN.

    It gives 0 until it is trained, or with `awake` what its random weights make of latents.

    ::

        latents ─▶ up ─▶ iGDN ─ (residual) ─▶ ... ─▶ up ─▶ x
    """
    parts: list[layers.Layer] = []
    for stage in range(stages - 1):
        parts += [*upsample(width), Gdn(width, inverse=True)]
        if residual and stage > 0:
            parts += [Residual(width)]
    last = upsample(outputs) if awake else [silent(4 * outputs), DepthToSpace(2)]
    return chain(inputs, *parts, *last)
