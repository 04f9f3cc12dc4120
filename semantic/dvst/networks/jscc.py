"""The variable-rate JSCC codec: a latent map to channel symbols and back."""

from typing import Any

import numpy as np
from keras import layers, ops

from semantic.dvst.networks.layers import chain, silent
from semantic.dvst.networks.rate import sent_mask
from semantic.dvst.networks.sizes import JsccSizes, LatentSizes
from semantic.dvst.networks.swin import SwinBlock

BLOCKS = 4
"""Swin blocks of each half (Table I)."""


class JsccEncoder(layers.Layer):
    """Latents to as many reals at each position as its rate allows.

    ::

        u ─▶ conv ─ + ─▶ 4 Swin ─▶ linear of the rate ─▶ × √spread ─ mask ─▶ symbols
        rates ─▶ token ─┤
        snr ─▶ dense ───┘

    Dai et al., "Nonlinear transform source-channel coding for semantic communications", IEEE JSAC
    40(8), 2022. Until it is trained, every layer passes on what it gets, so that the first
    latents are the symbols, and their power grows with their spread, which
    gives the least error that independent latents can have (Lee and Petersen, "Optimal linear
    coding for vector channels", IEEE Trans. Commun. 24(12), 1976).

    Input
    -----
    u : float32, [batch, h, w, channels]
        What the prior does not tell of the latents, divided by `spread`.
    spread : float32, [batch, h, w, channels]
        Their standard deviations under the prior.
    rates : int32, [batch, h, w]
    snr_db : float32, [batch]
        Mean Es/N0 in dB that the transmitter knows of.

    Output
    ------
    float32, [batch, h, w, ladder[-1]]
        0 where nothing is sent.
    """

    def __init__(self, sizes: LatentSizes, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        assert sizes.jscc
        width = sizes.jscc.width
        self.conv = chain(sizes.channels, _passing(width))
        self.trunk = Trunk(sizes.jscc, len(sizes.ladder))
        self.by_rate = RateLinear(width, sizes.ladder[-1], len(sizes.ladder))
        self.by_rate.start(_choosing(sizes, width).transpose(0, 2, 1))
        self.ladder = sizes.ladder

    def call(self, u: Any, spread: Any, rates: Any, snr_db: Any) -> Any:
        """Return the output that the class describes."""
        x = self.by_rate(self.trunk(self.conv(u), rates, snr_db), rates)
        return x * amplitudes(spread, self.ladder[-1]) * sent_mask(rates, self.ladder)


class JsccDecoder(layers.Layer):
    """The inverse: what arrived, and what the hyper-latents tell, to latents.

    ::

        symbols, noise ─▶ ÷ √spread ─▶ weigh ─ mask ─▶ linear of rate ─ + ─▶ 4 Swin ─▶ conv ─▶ u'
        rates, prior, snr ───────────────────────────────────────────────┘

    Weighing is linear least-squares estimation: 1 / (1 + noise) for a latent of unit variance.

    Input
    -----
    symbols, noise : float32, [batch, h, w, ladder[-1]]
        Received symbols and the noise variance of each, in the units of what was sent.
    spread : float32, [batch, h, w, channels]
        Standard deviations, as at the encoder.
    rates : int32, [batch, h, w]
    prior : float32, [batch, h, w, 2 * channels]
        Location and scale of `EntropyModel.prior`.
    snr_db : float32, [batch]
        What the encoder took the SNR for.

    Output
    ------
    float32, [batch, h, w, channels]
    """

    def __init__(self, sizes: LatentSizes, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        assert sizes.jscc
        width = sizes.jscc.width
        self.by_rate = RateLinear(2 * sizes.ladder[-1], width, len(sizes.ladder))
        chosen = _choosing(sizes, width)
        # Of a latent that is sent several times, the mean.
        chosen = chosen / np.maximum(chosen.sum(axis=1, keepdims=True), 1.0)
        self.by_rate.start(np.concatenate([chosen, np.zeros_like(chosen)], axis=1))
        self.prior = chain(2 * sizes.channels, silent(width, 1))
        self.trunk = Trunk(sizes.jscc, len(sizes.ladder))
        self.conv = chain(width, _passing(sizes.channels))
        self.ladder = sizes.ladder

    def call(
        self, symbols: Any, noise: Any, spread: Any, rates: Any, prior: Any, snr_db: Any
    ) -> Any:
        """Return the output that the class describes."""
        amplitude = amplitudes(spread, self.ladder[-1])
        weight = sent_mask(rates, self.ladder) / (1.0 + noise / ops.square(amplitude))
        told = ops.concatenate([symbols / amplitude * weight, weight], axis=-1)
        x = self.by_rate(told, rates)
        return self.conv(self.trunk(x + self.prior(prior), rates, snr_db))


class RateLinear(layers.Layer):
    """A linear layer for each rate.

    Input
    -----
    x : float32, [batch, h, w, inputs]
    rates : int32, [batch, h, w]
        Index of the layer that each position goes through.

    Output
    ------
    float32, [batch, h, w, outputs]
    """

    def __init__(self, inputs: int, outputs: int, rates: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.outputs, self.rates = outputs, rates
        self.kernel = self.add_weight(
            shape=(inputs, rates * outputs), initializer="zeros", name="kernel"
        )
        self.bias = self.add_weight(shape=(rates, outputs), initializer="zeros", name="bias")

    def start(self, matrices: np.ndarray) -> None:
        """Take matrices to start from, float32, [rates, inputs, outputs]."""
        self.kernel.assign(matrices.transpose(1, 0, 2).reshape(self.kernel.shape))

    def call(self, x: Any, rates: Any) -> Any:
        """Return the output that the class describes."""
        shape = (-1, *x.shape[1:3], self.rates, self.outputs)
        each = ops.reshape(ops.matmul(x, self.kernel), shape) + self.bias
        return ops.sum(each * ops.one_hot(rates, self.rates)[..., None], axis=-2)


class Trunk(layers.Layer):
    """Tokens of rate and SNR added, then Swin blocks, every other one shifted."""

    def __init__(self, sizes: JsccSizes, rates: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tokens = self.add_weight(
            shape=(rates, sizes.width), initializer="zeros", name="rate_tokens"
        )
        self.snr = layers.Dense(sizes.width, kernel_initializer="zeros")
        self.snr.build((None, 2))
        self.blocks = [
            SwinBlock(sizes.width, sizes.heads, sizes.window, shifted=bool(i % 2))
            for i in range(BLOCKS)
        ]

    def call(self, x: Any, rates: Any, snr_db: Any) -> Any:
        level = (snr_db - 10.0) / 10.0
        state = self.snr(ops.stack([level, ops.square(level)], axis=-1))
        x = x + ops.take(self.tokens, rates, axis=0) + state[:, None, None]
        for block in self.blocks:
            x = block(x)
        return x


def amplitudes(spread: Any, reals: int) -> Any:
    """Return what multiplies each real of a position.

    Input
    -----
    spread : float32, [batch, h, w, channels]

    Output
    ------
    float32, [batch, h, w, reals]
        The root of the spread; real j belongs to channel j modulo their number.
    """
    channels = spread.shape[-1]
    return ops.sqrt(ops.take(spread, np.arange(reals) % channels, axis=-1))


def _choosing(sizes: LatentSizes, width: int) -> np.ndarray:
    """Return for each rate which real is which latent: float32, [rates, reals, width]."""
    reals = sizes.ladder[-1]
    which = np.eye(width, dtype=np.float32)[np.arange(reals) % sizes.channels]
    sent = np.arange(reals) < np.array(sizes.ladder)[:, None]
    return which * sent[..., None]


def _passing(filters: int) -> layers.Conv2D:
    """Return a 3x3 convolution that passes on its input, cut or filled up with 0."""

    def initial(shape: tuple[int, ...], dtype: Any = None) -> Any:
        kernel = np.zeros(shape, np.float32)
        kernel[1, 1] = np.eye(shape[2], shape[3])
        return ops.convert_to_tensor(kernel)

    return layers.Conv2D(filters, 3, padding="same", kernel_initializer=initial)
