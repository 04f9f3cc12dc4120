"""Layers and chains of layers that several networks of the video codec share."""

import math
from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
from keras import layers, ops

MIN_BETA = 1e-6


class Gdn(layers.Layer):
    """Generalised divisive normalisation: each channel over the power of all of its position.

    y_i = x_i / sqrt(beta_i + sum_j gamma_ij x_j²); the inverse multiplies by the root.
    Ballé, Laparra and Simoncelli, "Density modeling of images using a generalized
    normalization transformation", ICLR 2016. Beta and gamma are squares of what is trained,
    which keeps them from being negative.

    Parameters
    ----------
    channels : int
        Channels of the input.
    inverse : bool
        Whether to multiply instead of dividing.

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
        """Return the output that the class describes."""
        power = ops.matmul(ops.square(x), ops.transpose(ops.square(self.root_gamma)))
        root = ops.sqrt(power + ops.square(self.root_beta) + MIN_BETA)
        return x * root if self.inverse else x / root


class MaskedConv2D(layers.Layer):
    """A convolution over the positions above, and over those to the left in the same row.

    Van den Oord et al., "Conditional image generation with PixelCNN decoders", NIPS 2016, mask A.

    Input
    -----
    float32, [batch, h, w, inputs]

    Output
    ------
    float32, [batch, h, w, outputs]
        At each position independent of that position and of those after it in raster order.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int = 5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernel = self.add_weight(
            shape=(kernel, kernel, inputs, outputs), initializer="glorot_uniform", name="kernel"
        )
        self.bias = self.add_weight(shape=(outputs,), initializer="zeros", name="bias")
        mask = np.zeros((kernel * kernel, 1, 1), np.float32)
        mask[: kernel * kernel // 2] = 1.0
        self._mask = mask.reshape(kernel, kernel, 1, 1)

    def call(self, x: Any) -> Any:
        """Return the output that the class describes."""
        kernel = self.kernel * self._mask
        return ops.conv(x, kernel, padding="same", data_format="channels_last") + self.bias


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


def gives_nothing(parts: keras.Sequential) -> bool:
    """Return whether the last convolution of a chain is still `silent`."""
    last = [p for p in parts.layers if isinstance(p, layers.Conv2D)][-1:]
    return bool(last) and not any(ops.convert_to_numpy(w).any() for w in last[0].weights)


def settle(nets: Iterable[layers.Layer]) -> None:
    """Mark networks that add nothing, for weights that stay as they are; see `added`."""
    for net in nets:
        if isinstance(net, keras.Sequential):
            net.asleep = gives_nothing(net)


def asleep(net: keras.Sequential) -> bool:
    """Return whether `settle` found that a network adds nothing."""
    return getattr(net, "asleep", False)


def added(net: keras.Sequential, x: Any) -> Any:
    """Return what a network adds to something; 0.0, and nothing is computed, where it is asleep."""
    return 0.0 if asleep(net) else net(x)


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
        Size of each convolution's kernel.
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
