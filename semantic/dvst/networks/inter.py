"""The path of frames with a reference: all boxes of Fig. 3 in a row."""

from typing import Any

from keras import layers, ops

from semantic.dvst.networks.context import Context
from semantic.dvst.networks.contextual import ContextualCodec
from semantic.dvst.networks.latent_codec import LatentCodec
from semantic.dvst.networks.motion import MotionEstimation
from semantic.dvst.networks.motion_codec import MotionCodec
from semantic.dvst.networks.reference import leaky
from semantic.dvst.networks.sizes import Sizes
from semantic.dvst.networks.synthesiser import FrameSynthesiser
from semantic.warp import enlarge, warp


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

    What a frame leaves behind for the next, its state, is a dict of float32: ``picture`` and
    ``base``, [batch, H, W, 3], see `leaky`, and for each of `PARTS` what
    `SideDensity.history` gave, [batch, H / 16, W / 16, 3].

    Parameters
    ----------
    sizes : Sizes
        Sizes of all networks.
    without : str or None
        ``"context"`` or ``"temporal"`` puts 0 in the place of the context, or of what the
        entropy model is told of it, to see what they are worth.
    seed : int
        Seed of the noise that stands for rounding in training.
    """

    PARTS = ("motion", "feature")

    def __init__(
        self, sizes: Sizes, *, without: str | None = None, seed: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.without = without
        self.stride = sizes.stride
        self.estimation = MotionEstimation(sizes)
        self.motion_codec = MotionCodec(sizes)
        self.context = Context(sizes)
        self.contextual = ContextualCodec(
            sizes, sizes.feature_width, sizes.feature.channels, context=sizes.features
        )
        self.synthesiser = FrameSynthesiser(sizes, context=sizes.features)
        self.motion = LatentCodec(sizes.motion, rests=True, seed=seed)
        self.feature = LatentCodec(
            sizes.feature,
            rests=True,
            context=sizes.features,
            stride=sizes.stride,
            seed=seed + 1,
        )

    def encode(
        self,
        frames: Any,
        state: dict[str, Any],
        told: dict[str, Any],
        *,
        jscc: bool = True,
        training: bool | None = None,
    ) -> tuple[dict[str, Any], Any, dict[str, Any]]:
        """Encode frames.

        Input
        -----
        frames : float32, [batch, H, W, 3]
            R, G, B from 0 to 1; H and W multiples of 16.
        state : dict
            What the frame before left to a receiver without noise.
        told : dict
            Conditions of `LatentCodec.encode`.
        jscc : bool
            False leaves the JSCC codecs out.

        Output
        ------
        codes : dict
            For each of `PARTS` what `LatentCodec.encode` returned.
        echo : float32, [batch, H, W, 3]
            The frames that a receiver without noise has.
        state : dict
            For the next frame.
        """
        motion = self.motion_codec.encode(self.estimation(frames, state["picture"]))
        motion = self.motion.encode(motion, told, state["motion"], jscc=jscc, training=training)
        context, prediction = self._predict(motion["echo"], motion, state["picture"])
        feature = self.contextual.encode(frames, prediction, context)
        prior = ops.zeros_like(context) if self.without == "temporal" else context
        feature = self.feature.encode(
            feature, told, state["feature"], prior, jscc=jscc, training=training
        )
        echo = self._frames(feature["echo"], feature, context, prediction)
        codes = {"motion": motion, "feature": feature}
        return codes, echo, self._next(echo, state, codes, told)

    def decode(
        self, received: dict[str, Any], state: dict[str, Any], told: dict[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        """Decode frames.

        Input
        -----
        received : dict
            For each of `PARTS` a dict of ``symbols``, ``noise``, ``rates`` and ``hyper``, see
            `LatentCodec.decode`.
        state : dict
            What the frame before left.
        told : dict
            Conditions, as for `encode`.

        Output
        ------
        picture : float32, [batch, H, W, 3]
        state : dict
            For the next frame.
        """
        motion = self.motion.decode(**received["motion"], told=told)
        context, prediction = self._predict(motion, received["motion"], state["picture"])
        feature = self.feature.decode(**received["feature"], told=told)
        picture = self._frames(feature, received["feature"], context, prediction)
        return picture, self._next(picture, state, received, told)

    def _predict(self, latents: Any, side: dict[str, Any], reference: Any) -> tuple[Any, Any]:
        active = self.motion.active(side["rates"], side["hyper"])
        context, prediction = self.context(
            reference, self.motion_codec.decode(latents, reference, active)
        )
        return ops.zeros_like(context) if self.without == "context" else context, prediction

    def _frames(self, latents: Any, side: dict[str, Any], context: Any, prediction: Any) -> Any:
        drawn = prediction + self.contextual.residual(latents)
        active = self.feature.active(side["rates"], side["hyper"])
        return self.synthesiser(drawn, self.contextual.features(latents), active, context)

    def _next(
        self, picture: Any, state: dict[str, Any], side: dict[str, Any], told: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the state that a frame leaves, given its side information."""
        moved, drawn = (
            getattr(self, part).base(side[part]["rates"], side[part]["hyper"], told["precision"])
            for part in self.PARTS
        )
        active = self.motion.active(side["motion"]["rates"], side["motion"]["hyper"])
        flow = self.motion_codec.decode(moved, state["base"], active)
        base = warp(state["base"], enlarge(flow, self.stride)) + self.contextual.residual(drawn)
        history = {
            part: getattr(self, part).entropy.side.history(
                side[part]["rates"], side[part]["hyper"], told["precision"]
            )
            for part in self.PARTS
        }
        return {"picture": leaky(picture, base, side["feature"]["rates"]), "base": base, **history}
