"""The path of frames with a reference: Fig. 3 with all but its entropy coding in closed form."""

from typing import Any

from keras import layers

from semantic.dvst.networks.block_transform import BlockTransform
from semantic.dvst.networks.latent_codec import LatentCodec
from semantic.dvst.networks.motion import MotionEstimation
from semantic.dvst.networks.motion_codec import flow_of, motion_latents
from semantic.dvst.networks.reference import leaky
from semantic.dvst.networks.sizes import LATENT_STRIDE, PIXEL_STEP, Sizes
from semantic.warp import enlarge, warp


class InterCodec(layers.Layer):
    """P-frames.

    ::

        frame ─┬▶ motion estimation ─▶ means ─ m ─▶ latent codec ~▶ m' ─▶ flow'
        ref ──▶┘                                       reference ─▶ warp ─▶ prediction
                                                                                   │
        frame − prediction ─▶ transform ─ y ─▶ latent codec ~▶ y' ─▶ transform ─ + ┴▶ frame'

    The transmitter runs all of it with the reference and motion that a receiver without
    noise would have; the receiver runs what is right of the channel (~) with what it has.

    What a frame leaves behind for the next, its state, is a dict of float32: ``picture`` and
    ``base``, [batch, H, W, 3], see `leaky`, and for each of `PARTS` what
    `SideDensity.history` gave, [batch, H / 16, W / 16, 3].

    Parameters
    ----------
    sizes : Sizes
        Sizes of all networks.
    seed : int
        Seed of the noise that stands for rounding in training.
    """

    PARTS = ("motion", "feature")

    def __init__(self, sizes: Sizes, *, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stride = sizes.stride
        self.estimation = MotionEstimation(sizes.stride)
        self.transform = BlockTransform(3, LATENT_STRIDE, sizes.feature.channels, PIXEL_STEP)
        self.motion = LatentCodec(sizes.motion, rests=True, seed=seed)
        self.feature = LatentCodec(sizes.feature, rests=True, seed=seed + 1)

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
        flow = self.estimation(frames, state["picture"])
        motion = motion_latents(flow, self.stride, self.motion.entropy.sizes.channels)
        motion = self.motion.encode(motion, told, state["motion"], jscc=jscc, training=training)
        flow = flow_of(motion["echo"], self.stride)
        prediction = self._moved(state["picture"], flow)
        feature = self.transform.analyse(frames - prediction)
        feature = self.feature.encode(feature, told, state["feature"], jscc=jscc, training=training)
        echo = prediction + self.transform.synthesise(feature["echo"])
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
        feature = self.feature.decode(**received["feature"], told=told)
        prediction = self._moved(state["picture"], flow_of(motion, self.stride))
        picture = prediction + self.transform.synthesise(feature)
        return picture, self._next(picture, state, received, told)

    def _moved(self, reference: Any, flow: Any) -> Any:
        """Return the prediction of a frame: its reference, warped by a flow."""
        return warp(reference, enlarge(flow, self.stride))

    def _next(
        self, picture: Any, state: dict[str, Any], side: dict[str, Any], told: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the state that a frame leaves, given its side information."""
        moved, drawn = (
            getattr(self, part).base(side[part]["rates"], side[part]["hyper"], told["precision"])
            for part in self.PARTS
        )
        base = self._moved(state["base"], flow_of(moved, self.stride))
        base = base + self.transform.synthesise(drawn)
        history = {
            part: getattr(self, part).entropy.side.history(
                side[part]["rates"], side[part]["hyper"], told["precision"]
            )
            for part in self.PARTS
        }
        return {"picture": leaky(picture, base, side["feature"]["rates"]), "base": base, **history}
