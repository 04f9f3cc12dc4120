"""The video codec as one trainable model: encoder, training channel, decoder."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from linksim.errors import unknown
from semantic.dvst.networks.inter import InterCodec
from semantic.dvst.networks.intra import GREY, IntraCodec
from semantic.dvst.networks.ms_ssim import ms_ssim
from semantic.dvst.networks.post_filter import PostFilter
from semantic.dvst.networks.rate import sent_mask
from semantic.dvst.networks.sizes import INTRA_ETA, PRESETS, LatentSizes
from semantic.training.channel import TrainingChannel
from semantic.training.weights import Stored

STAGES = ("entropy", "jscc", "fine-tune")
"""Stages of training, in order, after `DvstModel.fit_transforms`; see `DvstModel.enter`."""

TOLD = ("snr_db", "eta", "precision")
"""Conditions that both ends are told, see `LatentCodec.encode`."""

DISTORTIONS = ("psnr", "ms-ssim")

GROUP = 38
"""Frames of a group of pictures that training has in mind."""

MIN_ERROR = 1e-6
"""Added to a mean squared error, so that perfect frames have a PSNR: 60 dB."""

SIDE_SHARE_OF_CAPACITY = 0.4
"""Bits of side information in a channel use, over log2(1 + SNR)."""

FrameCodec = IntraCodec | InterCodec
"""The codec of a frame without reference, or with one."""


class DvstModel(keras.Model):
    """Groups of pictures through encoder, channel and decoder.

    ::

        frames ─▶ encode ─┬─ symbols ─▶ channel ─▶ decode ─▶ received
                  ▲    │  ├─ rates, hyper-latents ───▶┘ ▲ │
                  └────┘  └─▶ uses                      └─┘

    The first frame goes through `IntraCodec`, the others through `InterCodec`. The encoder
    refers to what a receiver without noise would have, the decoder to what it received.

    Parameters
    ----------
    preset : str
        ``"compact"`` or ``"paper"``.
    channel : str
        Kind of `TrainingChannel`. Every symbol meets a channel of its own, as after interleaving.
    lam : float
        Weight of the distortion against channel uses.
    distortion : str
        ``"psnr"``, its negative, or ``"ms-ssim"``, 1 less it.
    seed : int
        Seed of initial weights, rounding noise, fading and noise.

    Raises
    ------
    LinksimError
        If there is no such preset, channel or distortion.
    """

    STORED = Stored("dvst", "video codec", ("intra", "inter", "post_filter"))

    def __init__(
        self,
        *,
        preset: str = "compact",
        channel: str = "rayleigh",
        lam: float = 5e-2,
        distortion: str = "psnr",
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
        self.post_filter = PostFilter(sizes)
        self.channel = TrainingChannel(kind=channel, block_symbols=1, seed=seed)
        self.lam = lam
        self.distortion = distortion
        self.stage = STAGES[0]

    @property
    def sizes(self) -> dict[str, LatentSizes]:
        """The sizes of each part of a frame."""
        codecs = (self.intra, self.inter)
        return {part: getattr(c, part).entropy.sizes for c in codecs for part in c.PARTS}

    @property
    def ladders(self) -> dict[str, tuple[int, ...]]:
        """The ladder of each part of a frame."""
        return {part: sizes.ladder for part, sizes in self.sizes.items()}

    @property
    def through_channel(self) -> bool:
        """Whether the stage has a channel."""
        return self.stage in ("jscc", "fine-tune")

    def enter(self, stage: str) -> None:
        """Choose what is trained; compile afterwards.

        Parameters
        ----------
        stage : str
            ``"entropy"`` trains the entropy models alone, without channel, and nothing that
            makes hyper-latents. ``"jscc"`` trains everything but the block transforms' way
            there, through the channel, and ``"fine-tune"``, as in Algorithm 1, the JSCC codecs
            alone.

        Raises
        ------
        LinksimError
            If there is no such stage.
        """
        if stage not in STAGES:
            raise unknown("stage of training", stage, STAGES)
        self.stage = stage
        for codec in (self.intra, self.inter):
            codec.trainable = stage == "jscc"
        for latents in (self.intra.intra, self.inter.motion, self.inter.feature):
            latents.trainable = True
            latents.entropy.trainable = stage != "fine-tune"
            latents.encoder.trainable = latents.decoder.trainable = self.through_channel
            # Without channel nothing tells that hyper-latents arrive better than symbols.
            latents.entropy.coarse_trainable(stage == "jscc")

    def fit_transforms(self, frames: np.ndarray) -> None:
        """Start from the Karhunen-Loève transforms of frames and of what changes in them.

        Parameters
        ----------
        frames : np.ndarray
            float32, [batch, frames, H, W, 3], two frames or more.
        """
        still = frames.reshape(-1, *frames.shape[2:]) - GREY
        changes = np.diff(frames, axis=1).reshape(still.shape[0] - len(frames), *still.shape[1:])
        for codec, latents, samples in (
            (self.intra, self.intra.intra, still),
            (self.inter, self.inter.feature, changes),
        ):
            latents.fit(codec.transform.fit(samples))
        self.inter.motion.fit(np.ones(self.inter.motion.entropy.sizes.channels, np.float32))

    def build(self, input_shape: Any) -> None:
        """Do nothing: every part is built as it is made."""
        self.built = True

    def call(self, inputs: dict[str, Any], training: bool | None = None) -> dict[str, Any]:
        """Send groups of pictures and decode what arrives.

        Input
        -----
        frames : float32, [batch, frames, H, W, 3]
            R, G, B from 0 to 1; H and W multiples of 16.
        snr_db, eta, precision : float32, [batch]
            Mean Es/N0 in dB; reals per bit; how finely hyper-latents are quantised.

        Output
        ------
        echo : float32, [batch, frames, H, W, 3]
            What a receiver without noise has.
        received : the same, in stages with a channel alone
            What the receiver has.
        uses : float32, [batch]
            Channel uses per pixel: eq. (9), and side information. In training as they count
            in a whole group of pictures, and eq. (9) before it is rounded.
        side : float32, [batch]
            Those of side information alone.
        """
        frames = inputs["frames"]
        told = [_told(inputs, intra=t == 0) for t in range(frames.shape[1])]
        # The JSCC codec is fine-tuned with hyper-latents as they are sent.
        training = bool(training) and self.stage != "fine-tune"
        codes, echoes = [], []
        state: Any = None
        for t in range(frames.shape[1]):
            code, echo, state = self._codec(t).encode(
                frames[:, t], state, told[t], jscc=self.through_channel, training=training
            )
            codes.append(code)
            echoes.append(echo)
        outputs = {"echo": ops.stack(echoes, axis=1)}
        pixels = frames.shape[1] * frames.shape[2] * frames.shape[3]
        latents, side = self._uses(codes, told, rounded=not training)
        outputs["uses"], outputs["side"] = (latents + side) / pixels, side / pixels
        if self.through_channel:
            outputs["received"] = self._receive(codes, told)
        return outputs

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return distortion times lambda plus channel uses per pixel over eta.

        What eq. (10) means: as printed, lambda PSNR + k, it would be least where the PSNR is
        least, so its negative stands in its place, or another distortion: that of what is
        received or, without channel, of the echo. A PSNR of each frame, not the mean squared
        error of all, since bad channels would outweigh all others. NTSCC adds the distortion
        of its transform path, with noise for rounding; here it would teach the decoder to
        expect noise that never comes. Division by eta makes one model serve many rates: who
        spends more reals a bit weighs distortion more.
        """
        seen = y_pred["received" if self.through_channel else "echo"]
        distortion = self._distortion(x["frames"], seen)
        return self.lam * distortion + ops.mean(y_pred["uses"] / x["eta"])

    def _distortion(self, sent: Any, seen: Any) -> Any:
        if self.distortion == "psnr":
            error = ops.mean(ops.square(sent - seen), axis=(2, 3, 4))
            return 10.0 * ops.mean(ops.log(error + MIN_ERROR)) / math.log(10.0)
        shape = (-1, *sent.shape[2:])
        return 1.0 - ops.mean(ms_ssim(ops.reshape(sent, shape), ops.reshape(seen, shape)))

    def _codec(self, t: int) -> FrameCodec:
        return self.inter if t else self.intra

    def _receive(self, codes: list[dict[str, Any]], told: list[dict[str, Any]]) -> Any:
        """Return all frames, [batch, frames, H, W, 3], after a channel for a group's mean power."""
        sent, power = 0.0, 0.0
        for t, code in enumerate(codes):
            for part in code:
                ladder = getattr(self._codec(t), part).ladder
                mask = sent_mask(code[part]["rates"], ladder)
                sent = sent + ops.sum(mask, axis=(1, 2, 3))
                power = power + ops.sum(ops.square(code[part]["symbols"]), axis=(1, 2, 3))
        energy = 2.0 * power / ops.maximum(sent, 1.0)
        frames = []
        state: Any = None
        for t, code in enumerate(codes):
            received = {part: self._send(code[part], told[t]["snr_db"], energy) for part in code}
            picture, state = self._codec(t).decode(received, state, told[t])
            frames.append(picture)
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

    def _uses(
        self, codes: list[dict[str, Any]], told: list[dict[str, Any]], *, rounded: bool
    ) -> tuple[Any, Any]:
        """Return the channel uses, [batch], of latents, two reals each, and of side information.

        Before rounding, a frame without reference counts as the share of a group that these are.
        """
        capacity = ops.log2(1.0 + 10.0 ** (told[0]["snr_db"] / 10.0))
        latents, side = 0.0, 0.0
        for t, code in enumerate(codes):
            weight = 1.0 if t or rounded else len(codes) / GROUP
            for name, part in code.items():
                if rounded:
                    mask = sent_mask(part["rates"], getattr(self._codec(t), name).ladder)
                    reals = ops.sum(mask, axis=(1, 2, 3))
                else:
                    reals = told[t]["eta"] * ops.sum(part["bits"], axis=(1, 2))
                latents = latents + weight * reals / 2.0
                side = side + weight * part["side_bits"] / (SIDE_SHARE_OF_CAPACITY * capacity)
        return latents, side


def _told(inputs: dict[str, Any], *, intra: bool) -> dict[str, Any]:
    """Return what both ends are told of a frame."""
    told = {name: inputs[name] for name in TOLD}
    return {**told, "eta": told["eta"] * INTRA_ETA} if intra else told
