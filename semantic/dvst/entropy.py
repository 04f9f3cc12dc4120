"""The entropy model: how unlikely, and so how important, each latent is."""

import math
from typing import Any

import keras
from keras import layers, ops

from semantic.dvst.blocks import chain, upsample
from semantic.dvst.likelihood import laplace_bits, positive, quantise
from semantic.dvst.masked import MaskedConv2D
from semantic.dvst.rate import choose_rates
from semantic.dvst.sizes import LATENT_STRIDE, LatentSizes


class EntropyModel(layers.Layer):
    """Hyper-prior, temporal prior and masked spatial context, fused.

    ::

        latents ─┬─▶ hyper analysis ─ round ─▶ hyper-latents ─▶ hyper synthesis ─▶ prior ─┐
                 └─ round ─┬─▶ masked 5x5 ────────────────────────────────────────────────┤
        context ───────────│─▶ strided 5x5 ───────────────────────────────────────────────┤
                           └─▶ likelihoods ◀── location, scale ◀── 1x1 ◀── 1x1 ◀── 1x1 ◀──┘

    Minnen, Ballé and Toderici, "Joint autoregressive and hierarchical priors for learned image
    compression", NeurIPS 2018, with the temporal prior of Li, Li and Lu, "Deep contextual video
    compression", NeurIPS 2021, and Laplace likelihoods. The likelihoods set the rates at the
    transmitter alone. The receiver gets the rate map and the hyper-latents without loss, and
    uses no more than `prior` of these.

    Parameters
    ----------
    sizes : LatentSizes
        Of the latent map.
    context : int
        Channels of the context; 0 for none.
    stride : int
        Pixels from one position of the context to the next.
    seed : int
        Of the noise that stands for rounding in training.
    """

    def __init__(
        self,
        sizes: LatentSizes,
        *,
        context: int = 0,
        stride: int = 1,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.ladder = sizes.ladder
        channels, hyper = sizes.channels, sizes.hyper
        both = 2 * channels
        self._seeds = keras.random.SeedGenerator(seed)
        self.hyper_analysis = chain(
            channels,
            layers.Conv2D(channels, 3, padding="same", activation="leaky_relu"),
            layers.Conv2D(channels, 5, 2, padding="same", activation="leaky_relu"),
            layers.Conv2D(hyper, 5, 2, padding="same"),
        )
        self.hyper_synthesis = chain(
            hyper,
            *upsample(channels),
            layers.LeakyReLU(0.1),
            *upsample(channels),
            layers.LeakyReLU(0.1),
            layers.Conv2D(both, 3, padding="same"),
        )
        self.spatial = MaskedConv2D(channels, both)
        self.temporal = self._temporal(context, both, stride) if context else None
        told = both * (3 if context else 2)
        self.fusion = chain(
            told,
            layers.Conv2D(told // 2 + channels, 1, activation="leaky_relu"),
            layers.Conv2D(both, 1, activation="leaky_relu"),
            layers.Conv2D(both, 1),
        )
        self.rate_head = chain(both + 1, layers.Conv2D(len(self.ladder), 1))
        self.hyper_location = self.add_weight(shape=(hyper,), initializer="zeros", name="location")
        self.hyper_raw_scale = self.add_weight(shape=(hyper,), initializer="ones", name="scale")

    def call(
        self, latents: Any, eta: Any, context: Any = None, training: bool | None = None
    ) -> dict[str, Any]:
        """Rate a latent map.

        Input
        -----
        latents : float32, [batch, h, w, channels]
        eta : float32, [batch]
            Reals per bit.
        context : float32, [batch, H / stride, W / stride, context], if there is one

        Output
        ------
        latents : float32, [batch, h, w, channels]
            Rounded, or noisy in training.
        hyper : float32, [batch, ceil(h / 4), ceil(w / 4), hyper]
            Likewise; whole numbers, to be sent.
        bits : float32, [batch, h, w]
            -log2 P of each position.
        rates : int32, [batch, h, w]
            Steps of the ladder, to be sent.
        side_bits : float32, [batch]
            What hyper-latents and rates cost once entropy-coded.
        """
        hyper = quantise(self.hyper_analysis(latents), self._seeds, training=training)
        rounded = quantise(latents, self._seeds, training=training)
        prior = self.prior(hyper, latents.shape[1:3])
        told = [prior, self.spatial(rounded)]
        if self.temporal:
            told.append(self.temporal(context))
        location, scale = ops.split(self.fusion(ops.concatenate(told, axis=-1)), 2, axis=-1)
        bits = ops.sum(laplace_bits(rounded, location, positive(scale)), axis=-1)
        rates = choose_rates(bits, eta, self.ladder)
        hyper_bits = laplace_bits(hyper, *self.hyper_density())
        rate_bits = -ops.take_along_axis(self.rate_log2(prior, eta), rates[..., None], axis=-1)
        return {
            "latents": rounded,
            "hyper": hyper,
            "bits": bits,
            "rates": rates,
            "side_bits": ops.sum(hyper_bits, axis=(1, 2, 3)) + ops.sum(rate_bits, axis=(1, 2, 3)),
        }

    def prior(self, hyper: Any, size: tuple[int, int]) -> Any:
        """Return what hyper-latents tell about a latent map of height and width `size`."""
        return self.hyper_synthesis(hyper)[:, : size[0], : size[1]]

    def hyper_density(self) -> tuple[Any, Any]:
        """Return location and scale of the hyper-latents' Laplace densities, [hyper] each."""
        return self.hyper_location, positive(self.hyper_raw_scale)

    def rate_log2(self, prior: Any, eta: Any) -> Any:
        """Return log2 of the probability of each step of the ladder, to code the rates with.

        Input
        -----
        prior : float32, [batch, h, w, 2 * channels]
        eta : float32, [batch]

        Output
        ------
        float32, [batch, h, w, steps]
        """
        told = ops.log(eta)[:, None, None, None] * ops.ones_like(prior[..., :1])
        logits = self.rate_head(ops.concatenate([prior, told], axis=-1))
        return ops.log_softmax(logits, axis=-1) / math.log(2.0)

    @staticmethod
    def _temporal(channels: int, outputs: int, stride: int) -> keras.Sequential:
        parts: list[layers.Layer] = []
        for _ in range(int(math.log2(LATENT_STRIDE // stride)) - 1):
            parts += [layers.Conv2D(channels, 5, 2, padding="same"), layers.LeakyReLU(0.1)]
        return chain(channels, *parts, layers.Conv2D(outputs, 5, 2, padding="same"))
