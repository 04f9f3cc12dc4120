"""The entropy model: how unlikely, and so how important, each latent is."""

import math
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from semantic.dvst.networks.layers import (
    MIN_SCALE,
    chain,
    laplace_bits,
    positive,
    quantise,
    silent,
)
from semantic.dvst.networks.rate import choose_rates
from semantic.dvst.networks.side_density import SideDensity
from semantic.dvst.networks.sizes import LatentSizes


class EntropyModel(layers.Layer):
    """A hyper-prior: what is told without loss, and what it says of the rest.

    ::

        latents ─┬─▶ first ones, coarse ─ round ─▶ hyper-latents ─▶ prior ─▶ location, scale
                 └─▶ likelihoods ◀─────────────────────────────────────────────────┘

    Minnen, Ballé and Toderici, "Joint autoregressive and hierarchical priors for learned image
    compression", NeurIPS 2018, with Laplace likelihoods. Here the hyper-latents lie at the same
    positions as the latents and are these themselves, quantised coarsely. They go through the
    bit link without loss, so the prior tells not only how large latents are but where, and
    what is left for the symbol link is small and white: a hybrid of digital and analogue
    transmission (Skoglund, Phamdo and Alajaji, "Hybrid digital-analog source-channel coding for
    bandwidth compression/expansion", IEEE Trans. Inf. Theory 52(8), 2006).

    The likelihoods set the rates at the transmitter alone. The receiver gets the rate map and
    the hyper-latents without loss. Latents that can rest have one scale each and lie, on the
    mean, where their hyper-latents say; of others a network tells both.

    Parameters
    ----------
    sizes : LatentSizes
        Sizes of the latent map.
    rests : bool
        Whether latents of 0 mean that nothing happens, as of a prediction.
    seed : int
        Seed of the noise that stands for rounding in training.
    """

    def __init__(
        self, sizes: LatentSizes, *, rests: bool = False, seed: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.sizes, self.ladder, self.rests = sizes, sizes.ladder, rests
        channels, hyper = sizes.channels, sizes.hyper
        self._seeds = keras.random.SeedGenerator(seed)
        self.log_coarse = self.add_weight(shape=(hyper,), initializer="zeros", name="log_coarse")
        self.log_coarse.assign(np.full(hyper, math.log(sizes.coarse)))
        self.hyper_synthesis: keras.Sequential | None = None
        if rests:
            self.raw = self.add_weight(shape=(channels,), initializer="zeros", name="raw_scale")
        else:
            self.hyper_synthesis = chain(
                hyper + 1,
                layers.Conv2D(channels, 3, padding="same", activation="leaky_relu"),
                silent(2 * channels),
            )
        self.side = SideDensity(sizes)

    def call(
        self,
        latents: Any,
        eta: Any,
        precision: Any,
        before: Any,
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
        spared : float32, scalar or [batch, 1, 1]
            Times `LatentSizes.spared`; the transmitter's own affair.

        Output
        ------
        hyper : float32, [batch, h, w, hyper]
            Whole numbers, to be sent; in training with noise instead of rounding.
        bits : float32, [batch, h, w]
            -log2 P of each position, likewise.
        excess : float32, [batch, h, w]
            How many more these are than of what is likeliest, without noise. Eq. (9) goes by
            what of it is not spared, so that nothing is sent of what could be foreseen.
        rates : int32, [batch, h, w]
            Steps of the ladder, to be sent.
        side_bits : float32, [batch]
            What hyper-latents and rates cost once entropy-coded.
        location, scale : float32, [batch, h, w, channels]
            What the receiver knows of the latents beforehand, see `prior`.
        """
        coarse = latents[..., : self.sizes.hyper] * ops.exp(-self.log_coarse)
        hyper = quantise(coarse * precision[:, None, None, None], self._seeds, training=training)
        rounded = quantise(latents, self._seeds, training=training)
        location, raw = self.prior(hyper, precision)
        scale = positive(raw)
        whole = laplace_bits(ops.round(latents), location, scale)
        foreseen = laplace_bits(ops.round(location), location, scale)
        excess = ops.relu(ops.sum(whole - foreseen, axis=-1))
        worth = ops.relu(excess - spared * self.sizes.spared)
        rates = choose_rates(worth, eta, self.ladder)
        return {
            "hyper": hyper,
            "bits": ops.sum(laplace_bits(rounded, location, scale), axis=-1),
            "excess": excess,
            "rates": rates,
            "side_bits": self.side.bits(hyper, rates, before, eta, precision),
            "location": location,
            "scale": scale,
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
        extra = self.sizes.channels - self.sizes.hyper
        means = ops.pad(coarse * ops.exp(self.log_coarse), [[0, 0]] * 3 + [[0, extra]])
        if self.hyper_synthesis is None:
            return means, self.raw + 0.0 * means
        told = ops.concatenate([0.25 * coarse, ops.log(unit) + 0.0 * coarse[..., :1]], axis=-1)
        moved, raw = ops.split(self.hyper_synthesis(told), 2, axis=-1)
        return means + moved, raw

    def coarse_trainable(self, trainable: bool) -> None:
        """Choose whether what becomes hyper-latents is trained."""
        self.log_coarse.trainable = trainable

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
        raw = np.log(np.expm1(scale))
        if self.hyper_synthesis is None:
            self.raw.assign(raw)
        else:
            bias = self.hyper_synthesis.layers[-1].bias
            bias.assign(np.concatenate([np.zeros_like(scale), raw]))
