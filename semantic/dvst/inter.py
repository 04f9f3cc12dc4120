"""The path of frames with a reference: all boxes of Fig. 3 in a row."""

from typing import Any

from keras import layers

from semantic.dvst.context import Context
from semantic.dvst.contextual import ContextualCodec
from semantic.dvst.latent_codec import LatentCodec
from semantic.dvst.motion import MotionEstimation
from semantic.dvst.motion_codec import MotionCodec
from semantic.dvst.sizes import Sizes
from semantic.dvst.synthesiser import FrameSynthesiser


class InterCodec(layers.Layer):
    """P-frames.

    ::

        frame ─┬▶ motion estimation ─▶ motion codec ─ m ─▶ latent codec ~▶ m' ─▶ motion codec ─┐
        ref ──▶┘                                            reference ─▶ context ◀──── flow' ───┘
                                                                           │
        frame ──▶ contextual encoder ─ y ─▶ latent codec ~▶ y' ─▶ contextual decoder ─▶ synthesiser
        context ──────┘                        └ rates                   context ───────────┘ │
                                                                                       frame' ◀┘

    The transmitter runs all of it with the reference, motion and context that a receiver
    without noise would have; the receiver runs what is right of the channel (~) with what it has.
    """

    PARTS = ("motion", "feature")

    def __init__(self, sizes: Sizes, *, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.estimation = MotionEstimation(sizes)
        self.motion_codec = MotionCodec(sizes)
        self.context = Context(sizes)
        self.contextual = ContextualCodec(sizes)
        self.synthesiser = FrameSynthesiser(sizes)
        self.motion = LatentCodec(sizes.motion, seed=seed)
        self.feature = LatentCodec(
            sizes.feature, context=sizes.features, stride=sizes.stride, seed=seed + 1
        )

    def encode(
        self,
        frames: Any,
        references: Any,
        snr_db: Any,
        eta: Any,
        *,
        jscc: bool = True,
        training: bool | None = None,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Encode frames.

        Input
        -----
        frames, references : float32, [batch, H, W, 3]
            R, G, B from 0 to 1; H and W multiples of 16. The reference is the `echo` of the
            frame before.
        snr_db, eta : float32, [batch]
            Mean Es/N0 in dB that the transmitter knows of; reals per bit.
        jscc : bool
            False leaves the JSCC codecs out.

        Output
        ------
        codes : dict
            For each of `PARTS` what `LatentCodec.encode` returned.
        pictures : dict
            Float32, [batch, H, W, 3]. ``echo``: the frames that a receiver without noise has.
            ``transform``, in training alone: without the JSCC codec of the features.
        """
        motion = self.motion_codec.encode(self.estimation(frames, references))
        motion = self.motion.encode(motion, snr_db, eta, jscc=jscc, training=training)
        context, prediction = self._predict(motion["echo"], references)
        feature = self.contextual.encode(frames, context)
        feature = self.feature.encode(feature, snr_db, eta, context, jscc=jscc, training=training)
        pictures = {"echo": self._frames(feature["echo"], context, prediction)}
        if training and jscc:
            pictures["transform"] = self._frames(feature["latents"], context, prediction)
        elif training:
            pictures["transform"] = pictures["echo"]
        return {"motion": motion, "feature": feature}, pictures

    def decode(self, received: dict[str, Any], references: Any, snr_db: Any) -> Any:
        """Decode frames.

        Input
        -----
        received : dict
            For each of `PARTS` a dict of ``symbols``, ``noise``, ``rates`` and ``hyper``, see
            `LatentCodec.decode`.
        references : float32, [batch, H, W, 3]
            What was decoded before.
        snr_db : float32, [batch]
            What the encoder took the SNR for.

        Output
        ------
        float32, [batch, H, W, 3]
        """
        motion = self.motion.decode(**received["motion"], snr_db=snr_db)
        context, prediction = self._predict(motion, references)
        feature = self.feature.decode(**received["feature"], snr_db=snr_db)
        return self._frames(feature, context, prediction)

    def _predict(self, motion: Any, references: Any) -> tuple[Any, Any]:
        return self.context(references, self.motion_codec.decode(motion, references))

    def _frames(self, latents: Any, context: Any, prediction: Any) -> Any:
        return self.synthesiser(self.contextual.decode(latents), context, prediction)
