"""The video codec as one trainable model: encoder, training channel, decoder."""

from typing import Any

import keras
from keras import ops

from linksim.errors import unknown
from semantic.channel import TrainingChannel
from semantic.dvst.inter import InterCodec
from semantic.dvst.intra import IntraCodec
from semantic.dvst.ms_ssim import ms_ssim
from semantic.dvst.rate import sent_mask
from semantic.dvst.sizes import PRESETS

STAGES = ("transform", "entropy", "jscc", "fine-tune")
"""Of training, in order; see `DvstModel.enter`."""

DISTORTIONS = ("mse", "ms-ssim")

SIDE_BITS_PER_USE = 2.0 / 3.0
"""Bits of side information in a channel use: QPSK at rate 1/3."""


class DvstModel(keras.Model):
    """Groups of pictures through encoder, channel and decoder.

    ::

        frames ─▶ encode ─┬─ symbols ─▶ channel ─▶ decode ─▶ received
                  ▲    │  ├─ rates, hyper-latents ───▶┘ ▲ │
                  └echo┘  └─▶ transform, uses           └─┘

    The first frame goes through `IntraCodec`, the others through `InterCodec`. The encoder
    refers to what a receiver without noise would have, the decoder to what it received.

    Parameters
    ----------
    preset : str
        ``"compact"`` or ``"paper"``.
    channel : str
        Kind of `TrainingChannel`. Symbols meet fades of their own, as after interleaving.
    lam : float
        Weight of the distortion against channel uses.
    distortion : str
        ``"mse"``, of 8-bit values, or ``"ms-ssim"``, 1 less it.
    seed : int
        Of initial weights, rounding noise, fading and noise.

    Raises
    ------
    LinksimError
        If there is no such preset, channel or distortion.
    """

    def __init__(
        self,
        *,
        preset: str = "compact",
        channel: str = "rayleigh",
        lam: float = 2e-3,
        distortion: str = "mse",
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        if preset not in PRESETS:
            raise unknown("preset of the video codec", preset, PRESETS)
        if distortion not in DISTORTIONS:
            raise unknown("distortion", distortion, DISTORTIONS)
        super().__init__(**kwargs)
        keras.utils.set_random_seed(seed)
        sizes = PRESETS[preset]
        self.intra = IntraCodec(sizes, seed=seed)
        self.inter = InterCodec(sizes, seed=seed + 1)
        self.channel = TrainingChannel(kind=channel, block_symbols=1, seed=seed)
        self.lam = lam
        self.distortion = distortion
        self.stage = STAGES[0]

    @property
    def through_channel(self) -> bool:
        """Whether the stage has a channel."""
        return self.stage in ("jscc", "fine-tune")

    def enter(self, stage: str) -> None:
        """Choose what is trained; compile afterwards.

        Parameters
        ----------
        stage : str
            ``"transform"`` trains all but the JSCC codecs, without channel. ``"entropy"`` trains
            the entropy models alone. ``"jscc"`` trains everything through the channel, and
            ``"fine-tune"``, as in Algorithm 1, the JSCC codecs alone.

        Raises
        ------
        LinksimError
            If there is no such stage.
        """
        if stage not in STAGES:
            raise unknown("stage of training", stage, STAGES)
        self.stage = stage
        self.intra.trainable = self.inter.trainable = stage in ("transform", "jscc")
        for latents in (self.intra.intra, self.inter.motion, self.inter.feature):
            latents.trainable = True
            latents.entropy.trainable = stage != "fine-tune"
            latents.encoder.trainable = latents.decoder.trainable = self.through_channel

    def build(self, input_shape: Any) -> None:
        """Do nothing: every part is built as it is made."""
        self.built = True

    def call(self, inputs: dict[str, Any], training: bool | None = None) -> dict[str, Any]:
        """Send groups of pictures and decode what arrives.

        Input
        -----
        frames : float32, [batch, frames, H, W, 3]
            R, G, B from 0 to 1; H and W multiples of 16.
        snr_db, eta : float32, [batch]
            Mean Es/N0 in dB; reals per bit.

        Output
        ------
        echo : float32, [batch, frames, H, W, 3]
            What a receiver without noise has.
        transform : the same, in training alone
            Without the JSCC codec of each frame's latents.
        received : the same, in stages with a channel alone
            What the receiver has.
        uses : float32, [batch]
            Channel uses per pixel: eq. (9) before it is rounded, and side information.
        """
        frames, snr_db, eta = inputs["frames"], inputs["snr_db"], inputs["eta"]
        # The JSCC codec is fine-tuned with hyper-latents as they are sent.
        training = bool(training) and self.stage != "fine-tune"
        codes, pictures, reference = [], [], None
        for t in range(frames.shape[1]):
            code, picture = self._codec(t).encode(
                frames[:, t], reference, snr_db, eta, jscc=self.through_channel, training=training
            )
            reference = picture["echo"]
            codes.append(code)
            pictures.append(picture)
        outputs = {
            kind: ops.stack([picture[kind] for picture in pictures], axis=1) for kind in pictures[0]
        }
        pixels = frames.shape[1] * frames.shape[2] * frames.shape[3]
        outputs["uses"] = _uses(codes, eta) / pixels
        if self.through_channel:
            outputs["received"] = self._receive(codes, snr_db)
        return outputs

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return distortion times lambda plus channel uses per pixel.

        What eq. (10) means: as printed, lambda PSNR + k, it would be least where the PSNR is
        least, so the distortion stands in its place. The distortion is that of the transform
        path and, in stages with a channel, that of what is received too, as NTSCC has it; in
        fine-tuning the latter alone. Without channel and training it is that of the echo.
        """
        seen = [y_pred[kind] for kind in ("transform", "received") if kind in y_pred]
        distortion = sum(self._distortion(x["frames"], s) for s in seen or [y_pred["echo"]])
        return self.lam * distortion + ops.mean(y_pred["uses"])

    def _distortion(self, sent: Any, seen: Any) -> Any:
        if self.distortion == "mse":
            return 255.0**2 * ops.mean(ops.square(sent - seen))
        shape = (-1, *sent.shape[2:])
        return 1.0 - ops.mean(ms_ssim(ops.reshape(sent, shape), ops.reshape(seen, shape)))

    def _codec(self, t: int) -> IntraCodec | InterCodec:
        return self.inter if t else self.intra

    def _receive(self, codes: list[dict[str, Any]], snr_db: Any) -> Any:
        """Return all frames, [batch, frames, H, W, 3], after the channel.

        As on the link, the power is that of all symbols of a group together.
        """
        sent, power = 0.0, 0.0
        for t, code in enumerate(codes):
            for part in code:
                ladder = getattr(self._codec(t), part).ladder
                mask = sent_mask(code[part]["rates"], ladder)
                sent = sent + ops.sum(mask, axis=(1, 2, 3))
                power = power + ops.sum(ops.square(code[part]["symbols"]), axis=(1, 2, 3))
        energy = 2.0 * power / ops.maximum(sent, 1.0)
        frames, reference = [], None
        for t, code in enumerate(codes):
            received = {part: self._send(code[part], snr_db, energy) for part in code}
            reference = self._codec(t).decode(received, reference, snr_db)
            frames.append(reference)
        return ops.stack(frames, axis=1)

    def _send(self, code: dict[str, Any], snr_db: Any, energy: Any) -> dict[str, Any]:
        shape = (-1, *code["symbols"].shape[1:])
        n = shape[1] * shape[2] * shape[3]
        symbols, noise = self.channel(ops.reshape(code["symbols"], (-1, n)), snr_db, energy)
        return {
            "symbols": ops.reshape(symbols, shape),
            "noise": ops.reshape(noise, shape),
            "rates": code["rates"],
            "hyper": code["hyper"],
        }


def _uses(codes: list[dict[str, Any]], eta: Any) -> Any:
    """Return the channel uses, [batch], of all codes, two reals in each."""
    total = 0.0
    for code in codes:
        for part in code.values():
            latents = eta * ops.sum(part["bits"], axis=(1, 2)) / 2.0
            total = total + latents + part["side_bits"] / SIDE_BITS_PER_USE
    return total
