"""The entropy model: how unlikely, and so how important, each latent is."""

import math
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from semantic.dvst.networks.layers import (
    MIN_SCALE,
    MaskedConv2D,
    chain,
    laplace_bits,
    positive,
    quantise,
    silent,
)
from semantic.dvst.networks.rate import choose_rates
from semantic.dvst.networks.side_density import SideDensity
from semantic.dvst.networks.sizes import LATENT_STRIDE, LatentSizes


class EntropyModel(layers.Layer):
    """Hyper-prior, temporal prior and masked spatial context, fused.

    ::

        latents ─┬─▶ first ones, coarse ─ round ─▶ hyper-latents ─▶ prior ──────────────────┐
                 └─ round ─┬─▶ masked 5x5 ──────────────────────────────────────────────────┤
        context ───────────│─▶ strided 5x5 ─────────────────────────────────────────────────┤
                           └─▶ likelihoods ◀── location, scale ◀── + ◀── 1x1 ◀── 1x1 ◀──────┘

    Minnen, Ballé and Toderici, "Joint autoregressive and hierarchical priors for learned image
    compression", NeurIPS 2018, with the temporal prior of Li, Li and Lu, "Deep contextual video
    compression", NeurIPS 2021, and Laplace likelihoods. Here the hyper-latents lie at the same
    positions as the latents and are these themselves, quantised coarsely. They go through the
    bit link without loss, so the prior tells not only how large latents are but where, and
    what is left for the symbol link is small and white: a hybrid of digital and analogue
    transmission (Skoglund, Phamdo and Alajaji, "Hybrid digital-analog source-channel coding for
    bandwidth compression/expansion", IEEE Trans. Inf. Theory 52(8), 2006).

    The likelihoods set the rates at the transmitter alone. The receiver gets the rate map and
    the hyper-latents without loss, and uses no more than `prior` of these.

    Parameters
    ----------
    sizes : LatentSizes
        Sizes of the latent map.
    rests : bool
        Whether latents of 0 mean that nothing happens, as of a prediction. Then the prior tells
        no more of where they are than the hyper-latents do.
    context : int
        Channels of the context; 0 for none.
    stride : int
        Pixels from one position of the context to the next.
    seed : int
        Seed of the noise that stands for rounding in training.
    """

    def __init__(
        self,
        sizes: LatentSizes,
        *,
        rests: bool = False,
        context: int = 0,
        stride: int = 1,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sizes, self.ladder, self.rests = sizes, sizes.ladder, rests
        channels, hyper = sizes.channels, sizes.hyper
        both = 2 * channels
        self._seeds = keras.random.SeedGenerator(seed)
        self.log_coarse = self.add_weight(shape=(hyper,), initializer="zeros", name="log_coarse")
        self.log_coarse.assign(np.full(hyper, math.log(sizes.coarse)))
        self.hyper_analysis = chain(
            channels,
            layers.Conv2D(channels, 3, padding="same", activation="leaky_relu"),
            silent(hyper),
        )
        self.hyper_synthesis = chain(
            hyper + 1,
            layers.Conv2D(channels, 3, padding="same", activation="leaky_relu"),
            silent(both),
        )
        self.spatial = MaskedConv2D(channels, both)
        self.temporal = self._temporal(context, both, stride) if context else None
        told = both * (3 if context else 2)
        self.fusion = chain(
            told,
            layers.Conv2D(told // 2 + channels, 1, activation="leaky_relu"),
            layers.Conv2D(both, 1, activation="leaky_relu"),
            silent(both, 1),
        )
        self.side = SideDensity(sizes)

    def call(
        self,
        latents: Any,
        eta: Any,
        precision: Any,
        before: Any,
        context: Any = None,
        spared: Any = 1.0,
        training: bool | None = None,
    ) -> dict[str, Any]:
        """Rate a latent map.

        Input
        -----
        latents : float32, [batch, h, w, channels]
        eta, precision : float32, [batch]
            Reals per bit, and how finely hyper-latents are quantised.
        before : float32, [batch, h, w, 3]
            What `history` gave for the frame before, or 0.
        context : float32, [batch, H / stride, W / stride, context], if there is one
        spared : float32, scalar or [batch, 1, 1]
            Times `LatentSizes.spared`; the transmitter's own affair.

        Output
        ------
        hyper : float32, [batch, h, w, hyper]
            Whole numbers, to be sent; in training with noise instead of rounding.
        bits : float32, [batch, h, w]
            -log2 P of each position, likewise.
        excess : float32, [batch, h, w]
            How many more these are than of what was to be foreseen, without noise: of latents
            that can rest what hyper-latents tell, else the likeliest. Eq. (9) goes by what of
            it is not spared, so that nothing is sent of what could be foreseen.
        rates : int32, [batch, h, w]
            Steps of the ladder, to be sent.
        side_bits : float32, [batch]
            What hyper-latents and rates cost once entropy-coded.
        location, scale : float32, [batch, h, w, channels]
            What the receiver knows of the latents beforehand, see `prior`.
        """
        coarse = latents[..., : self.sizes.hyper] * ops.exp(-self.log_coarse)
        wanted = coarse + self.hyper_analysis(latents)
        unit = precision[:, None, None, None]
        hyper = quantise(wanted * unit, self._seeds, training=training)
        rounded = quantise(latents, self._seeds, training=training)
        location, raw = self.prior(hyper, precision)
        told = [ops.concatenate([location, raw], axis=-1), self.spatial(rounded - location)]
        if self.temporal:
            told.append(self.temporal(context))
        moved, wider = ops.split(self.fusion(ops.concatenate(told, axis=-1)), 2, axis=-1)
        centre, scale = location + moved, positive(raw + wider)
        whole = laplace_bits(ops.round(latents), centre, scale)
        foreseen = ops.round(location if self.rests else centre)
        excess = ops.relu(ops.sum(whole - laplace_bits(foreseen, centre, scale), axis=-1))
        worth = ops.relu(excess - spared * self.sizes.spared)
        rates = choose_rates(worth, eta, self.ladder)
        return {
            "hyper": hyper,
            "bits": ops.sum(laplace_bits(rounded, centre, scale), axis=-1),
            "excess": excess,
            "rates": rates,
            "side_bits": self.side.bits(hyper, rates, before, eta, precision),
            "location": location,
            "scale": positive(raw),
        }

    def prior(self, hyper: Any, precision: Any) -> tuple[Any, Any]:
        """Return location of the latents and, before `positive`, their scale.

        Input
        -----
        hyper : float32, [batch, h, w, hyper]
        precision : float32, [batch]

        Output
        ------
        float32, [batch, h, w, channels] each
        """
        unit = precision[:, None, None, None]
        coarse = hyper / unit
        told = ops.concatenate([0.25 * coarse, ops.log(unit) + 0.0 * coarse[..., :1]], axis=-1)
        moved, raw = ops.split(self.hyper_synthesis(told), 2, axis=-1)
        extra = self.sizes.channels - self.sizes.hyper
        means = ops.pad(coarse * ops.exp(self.log_coarse), [[0, 0]] * 3 + [[0, extra]])
        return means if self.rests else means + moved, raw

    def coarse_trainable(self, trainable: bool) -> None:
        """Choose whether what becomes hyper-latents is trained."""
        self.log_coarse.trainable = self.hyper_analysis.trainable = trainable

    def fit(self, deviations: np.ndarray) -> None:
        """Start from the standard deviations of latents.

        Parameters
        ----------
        deviations : np.ndarray
            float32, [channels]; root mean square of each latent.
        """
        left = np.array(deviations, np.float64)
        hyper = self.sizes.hyper
        # What rounding leaves is uniform.
        left[:hyper] = np.minimum(left[:hyper], self.sizes.coarse / math.sqrt(12.0))
        scale = np.maximum(left / math.sqrt(2.0) - MIN_SCALE, 0.05)
        bias = self.hyper_synthesis.layers[-1].bias
        bias.assign(np.concatenate([np.zeros_like(scale), np.log(np.expm1(scale))]))

    @staticmethod
    def _temporal(channels: int, outputs: int, stride: int) -> keras.Sequential:
        parts: list[layers.Layer] = []
        for _ in range(int(math.log2(LATENT_STRIDE // stride)) - 1):
            parts += [layers.Conv2D(channels, 5, 2, padding="same"), layers.LeakyReLU(0.1)]
        return chain(channels, *parts, layers.Conv2D(outputs, 5, 2, padding="same"))
