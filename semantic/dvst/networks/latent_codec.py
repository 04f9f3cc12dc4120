"""The codec of one kind of latent map: what crosses the link, and back."""

import math
from typing import Any

import numpy as np
from keras import layers, ops

from semantic.dvst.networks.entropy import EntropyModel
from semantic.dvst.networks.jscc import JsccDecoder, JsccEncoder
from semantic.dvst.networks.layers import positive
from semantic.dvst.networks.linear import LinearDecoder, LinearEncoder
from semantic.dvst.networks.sizes import LatentSizes


class LatentCodec(layers.Layer):
    """Entropy model and JSCC codec of motion, of features, or of frames without reference.

    ::

        latents ─┬─▶ entropy model ─┬─ rates, hyper-latents ═══════════════▶ prior ─┐
                 └── − prior ─▶ JSCC encoder ─ symbols ~~~ channel ~~~▶ JSCC decoder ─ + ─▶ latents'

    The JSCC codec of latents that can rest is linear: a learned one gained nothing on them.

    Parameters
    ----------
    sizes : LatentSizes
        Sizes of all three.
    rests : bool
        Whether latents of 0 mean that nothing happens, as of a prediction.
    seed : int
        Seed of `EntropyModel`.
    """

    def __init__(
        self,
        sizes: LatentSizes,
        *,
        rests: bool = False,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.ladder, self.rests = sizes.ladder, rests
        self.entropy = EntropyModel(sizes, rests=rests, seed=seed)
        self.encoder: layers.Layer = LinearEncoder(sizes) if rests else JsccEncoder(sizes)
        self.decoder: layers.Layer = LinearDecoder(sizes) if rests else JsccDecoder(sizes)

    def encode(
        self,
        latents: Any,
        told: dict[str, Any],
        before: Any,
        *,
        jscc: bool = True,
        training: bool | None = None,
    ) -> dict[str, Any]:
        """Rate latents and turn them into symbols.

        Input
        -----
        latents : float32, [batch, h, w, channels]
        told : dict
            Float32, [batch] each, known to both ends. ``snr_db``: mean Es/N0 in dB that the
            transmitter knows of. ``eta``: reals per bit. ``precision``: how finely
            hyper-latents are quantised. To the transmitter alone, and 1 if it is not told:
            ``spared``, see `EntropyModel`.
        before : float32, [batch, h, w, 3]
            Input of `EntropyModel`.
        jscc : bool
            False leaves the JSCC codec out.

        Output
        ------
        hyper, bits, excess, rates, side_bits
            Outputs of `EntropyModel`.
        symbols : float32, [batch, h, w, ladder[-1]], with `jscc`
            Symbols to be sent.
        echo : float32, [batch, h, w, channels]
            Latents that a receiver without noise has; without `jscc`, `latents` where `active`.
        """
        spared = told["spared"][:, None, None] if "spared" in told else 1.0
        code = self.entropy(
            latents,
            told["eta"],
            told["precision"],
            before,
            spared=spared,
            training=training,
        )
        location, spread = code.pop("location"), math.sqrt(2.0) * code.pop("scale")
        if not jscc:
            return {**code, "echo": latents * self.active(code["rates"], code["hyper"])}
        u = (latents - location) / spread
        symbols = self.encoder(u, spread, code["rates"], told["snr_db"])
        silence = ops.zeros_like(symbols)
        echo = self.decode(symbols, silence, code["rates"], code["hyper"], told)
        return {**code, "symbols": symbols, "echo": echo}

    def decode(self, symbols: Any, noise: Any, rates: Any, hyper: Any, told: dict[str, Any]) -> Any:
        """Return latents of what arrived.

        Input
        -----
        symbols, noise : float32, [batch, h, w, ladder[-1]]
            Received, and their noise variances.
        rates : int32, [batch, h, w]
        hyper : float32, [batch, h, w, hyper]
            Delivered without loss, as `rates`.
        told : dict
            Conditions, as for `encode`.

        Output
        ------
        float32, [batch, h, w, channels]
        """
        location, raw = self.entropy.prior(hyper, told["precision"])
        spread = math.sqrt(2.0) * positive(raw)
        prior = ops.concatenate([location, raw], axis=-1)
        u = self.decoder(symbols, noise, spread, rates, prior, told["snr_db"])
        return (location + spread * u) * self.active(rates, hyper)

    def base(self, rates: Any, hyper: Any, precision: Any) -> Any:
        """Return latents of what arrives without loss alone, [batch, h, w, channels]."""
        return self.entropy.prior(hyper, precision)[0] * self.active(rates, hyper)

    def active(self, rates: Any, hyper: Any) -> Any:
        """Return where something is sent: float32, [batch, h, w, 1].

        Elsewhere latents that can rest are 0, and networks that add to a prediction must not:
        however little they erred, in a still picture it would pile up frame by frame.
        """
        if not self.rests:
            return ops.ones_like(hyper[..., :1])
        coarse = ops.any(ops.round(hyper) != 0.0, axis=-1)
        return ops.cast(ops.logical_or(rates > 0, coarse), "float32")[..., None]

    def fit(self, deviations: np.ndarray) -> None:
        """Start from the standard deviations of latents, float32, [channels]."""
        self.entropy.fit(deviations)
