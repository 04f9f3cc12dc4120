"""What turns one kind of latent map into what crosses the air, and back."""

from typing import Any

from keras import layers, ops

from semantic.dvst.entropy import EntropyModel
from semantic.dvst.jscc import JsccDecoder, JsccEncoder
from semantic.dvst.sizes import LatentSizes


class LatentCodec(layers.Layer):
    """Entropy model and JSCC codec of motion, of features, or of frames without reference.

    ::

        latents ─┬─▶ entropy model ─┬─ rates, hyper-latents ═══════════════▶┐
                 └─▶ JSCC encoder ◀─┘─ symbols ~~~~~~ channel ~~~~~~▶ JSCC decoder ─▶ latents'

    Parameters
    ----------
    sizes : LatentSizes
        Of all three.
    context, stride, seed : int
        Of `EntropyModel`.
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
        self.entropy = EntropyModel(sizes, context=context, stride=stride, seed=seed)
        self.encoder = JsccEncoder(sizes)
        self.decoder = JsccDecoder(sizes)

    def encode(
        self,
        latents: Any,
        snr_db: Any,
        eta: Any,
        context: Any = None,
        *,
        jscc: bool = True,
        training: bool | None = None,
    ) -> dict[str, Any]:
        """Rate latents and turn them into symbols.

        Input
        -----
        latents : float32, [batch, h, w, channels]
        snr_db, eta : float32, [batch]
            Mean Es/N0 in dB that the transmitter knows of; reals per bit.
        context : float32, of `EntropyModel`
        jscc : bool
            False leaves the JSCC codec out, as on the transform path of training.

        Output
        ------
        latents, hyper, bits, rates, side_bits
            Of `EntropyModel`.
        symbols : float32, [batch, h, w, ladder[-1]], with `jscc`
            To be sent.
        echo : float32, [batch, h, w, channels]
            Latents that a receiver without noise has; without `jscc`, `latents`.
        """
        code = self.entropy(latents, eta, context, training=training)
        if not jscc:
            return {**code, "echo": code["latents"]}
        symbols = self.encoder(latents, code["rates"], snr_db)
        silence = ops.zeros_like(symbols)
        echo = self.decode(symbols, silence, code["rates"], code["hyper"], snr_db)
        return {**code, "symbols": symbols, "echo": echo}

    def decode(self, symbols: Any, noise: Any, rates: Any, hyper: Any, snr_db: Any) -> Any:
        """Return latents of what arrived.

        Input
        -----
        symbols, noise : float32, [batch, h, w, ladder[-1]]
            Received, and their noise variances.
        rates : int32, [batch, h, w]
        hyper : float32, [batch, ceil(h / 4), ceil(w / 4), hyper]
            Delivered without loss, as `rates`.
        snr_db : float32, [batch]
            What the encoder took the SNR for.

        Output
        ------
        float32, [batch, h, w, channels]
        """
        prior = self.entropy.prior(hyper, rates.shape[1:3])
        return self.decoder(symbols, noise, rates, prior, snr_db)
