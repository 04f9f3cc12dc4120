"""The path of frames without reference: a transform and a JSCC codec of their own."""

from typing import Any

from keras import layers, ops

from semantic.dvst.networks.block_transform import BlockTransform
from semantic.dvst.networks.latent_codec import LatentCodec
from semantic.dvst.networks.sizes import LATENT_STRIDE, PIXEL_STEP, Sizes

GREY = 0.5
"""What stands in the place of a prediction."""


class IntraCodec(layers.Layer):
    """I-frames.

    ::

        frame ─▶ block transform ─▶ latents ─▶ latent codec ~▶ latents' ─▶ block transform ─▶ frame'
    """

    PARTS = ("intra",)

    def __init__(self, sizes: Sizes, *, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.transform = BlockTransform(3, LATENT_STRIDE, sizes.intra.channels, PIXEL_STEP)
        self.intra = LatentCodec(sizes.intra, seed=seed)

    def encode(
        self,
        frames: Any,
        state: dict[str, Any] | None,
        told: dict[str, Any],
        *,
        jscc: bool = True,
        training: bool | None = None,
    ) -> tuple[dict[str, Any], Any, dict[str, Any]]:
        """Encode frames; see `InterCodec.encode`. What was before is not used."""
        latents = self.transform.analyse(frames - GREY)
        before = ops.zeros_like(latents[..., :3])
        code = self.intra.encode(latents, told, before, jscc=jscc, training=training)
        echo = self._frames(code["echo"])
        return {"intra": code}, echo, self._state(echo, code, told)

    def decode(
        self, received: dict[str, Any], state: dict[str, Any] | None, told: dict[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        """Decode frames; see `InterCodec.decode`. What was before is not used."""
        picture = self._frames(self.intra.decode(**received["intra"], told=told))
        return picture, self._state(picture, received["intra"], told)

    def _state(self, picture: Any, side: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
        latents = self.intra.base(side["rates"], side["hyper"], told["precision"])
        none = ops.zeros_like(latents[..., :3])
        base = self._frames(latents)
        return {"picture": picture, "base": base, "motion": none, "feature": none}

    def _frames(self, latents: Any) -> Any:
        return GREY + self.transform.synthesise(latents)
