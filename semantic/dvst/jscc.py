"""The variable-rate JSCC codec: a latent map to channel symbols and back."""

import math
from typing import Any

from keras import initializers, layers, ops

from semantic.dvst.blocks import chain
from semantic.dvst.rate import sent_mask
from semantic.dvst.sizes import LatentSizes
from semantic.dvst.swin import SwinBlock

BLOCKS = 4
"""Swin blocks of each half (Table I)."""


class JsccEncoder(layers.Layer):
    """Latents to as many reals at each position as its rate allows.

    ::

        latents ─▶ conv ─ + ─▶ 4 Swin ─▶ norm ─▶ linear of the rate ─ mask ─▶ symbols
        rates ─▶ token ───┤
        snr ─▶ dense ─────┘

    Dai et al., "Nonlinear transform source-channel coding for semantic communications", IEEE JSAC
    40(8), 2022. The norm bounds the power, so that a frame is sent with about the same power
    whatever it is sent with; how positions and reals share it is learned.

    Input
    -----
    latents : float32, [batch, h, w, channels]
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
        self.conv = chain(sizes.channels, layers.Conv2D(sizes.width, 3, padding="same"))
        self.trunk = _Trunk(sizes)
        self.norm = layers.LayerNormalization(epsilon=1e-5)
        self.norm.build((None, None, None, sizes.width))
        self.by_rate = RateLinear(sizes.width, sizes.ladder[-1], len(sizes.ladder))
        self.ladder = sizes.ladder

    def call(self, latents: Any, rates: Any, snr_db: Any) -> Any:
        """See the class."""
        x = self.norm(self.trunk(self.conv(latents), rates, snr_db))
        return self.by_rate(x, rates) * sent_mask(rates, self.ladder)


class JsccDecoder(layers.Layer):
    """The inverse: what arrived, and what the hyper-latents tell, to latents.

    ::

        symbols, noise ─▶ weigh ─ mask ─▶ linear of the rate ─ + ─▶ 4 Swin ─▶ conv ─▶ latents
        rates, prior, snr ─────────────────────────────────────┘

    Input
    -----
    symbols, noise : float32, [batch, h, w, ladder[-1]]
        Received symbols and the noise variance of each, in the units of what was sent.
    rates : int32, [batch, h, w]
    prior : float32, [batch, h, w, 2 * channels]
        Of `EntropyModel.prior`.
    snr_db : float32, [batch]
        What the encoder took the SNR for.

    Output
    ------
    float32, [batch, h, w, channels]
    """

    def __init__(self, sizes: LatentSizes, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.by_rate = RateLinear(2 * sizes.ladder[-1], sizes.width, len(sizes.ladder))
        self.prior = chain(2 * sizes.channels, layers.Conv2D(sizes.width, 1))
        self.trunk = _Trunk(sizes)
        self.conv = chain(sizes.width, layers.Conv2D(sizes.channels, 3, padding="same"))
        self.ladder = sizes.ladder

    def call(self, symbols: Any, noise: Any, rates: Any, prior: Any, snr_db: Any) -> Any:
        """See the class."""
        weight = sent_mask(rates, self.ladder) / (1.0 + noise)
        x = self.by_rate(ops.concatenate([symbols * weight, weight], axis=-1), rates)
        return self.conv(self.trunk(x + self.prior(prior), rates, snr_db))


class RateLinear(layers.Layer):
    """A linear layer for each rate.

    Input
    -----
    x : float32, [batch, h, w, inputs]
    rates : int32, [batch, h, w]
        Which of the layers each position goes through.

    Output
    ------
    float32, [batch, h, w, outputs]
    """

    def __init__(self, inputs: int, outputs: int, rates: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        normal = initializers.RandomNormal(stddev=1.0 / math.sqrt(inputs))
        self.outputs, self.rates = outputs, rates
        self.kernel = self.add_weight(
            shape=(inputs, rates * outputs), initializer=normal, name="kernel"
        )
        self.bias = self.add_weight(shape=(rates, outputs), initializer="zeros", name="bias")

    def call(self, x: Any, rates: Any) -> Any:
        """See the class."""
        shape = (-1, *x.shape[1:3], self.rates, self.outputs)
        each = ops.reshape(ops.matmul(x, self.kernel), shape) + self.bias
        return ops.sum(each * ops.one_hot(rates, self.rates)[..., None], axis=-2)


class _Trunk(layers.Layer):
    """Tokens of rate and SNR added, then Swin blocks, every other one shifted."""

    def __init__(self, sizes: LatentSizes, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        small = initializers.RandomNormal(stddev=0.02)
        self.tokens = self.add_weight(
            shape=(len(sizes.ladder), sizes.width), initializer=small, name="rate_tokens"
        )
        self.snr = layers.Dense(sizes.width)
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
