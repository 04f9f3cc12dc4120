"""The path of frames without reference."""

from typing import Any

from keras import layers

from semantic.dvst.blocks import analysis, synthesis
from semantic.dvst.latent_codec import LatentCodec
from semantic.dvst.sizes import Sizes

STAGES = 4


class IntraCodec(layers.Layer):
    """I-frames: a transform and a latent codec of their own.

    ::

        frame ─▶ analysis ─▶ latents ─▶ latent codec ~▶ latents' ─▶ synthesis ─▶ frame'
    """

    PARTS = ("intra",)

    def __init__(self, sizes: Sizes, *, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        width, channels = sizes.intra_width, sizes.intra.channels
        self.analysis = analysis(3, width, channels, STAGES, 5)
        self.synthesis = synthesis(channels, width, 3, STAGES)
        self.intra = LatentCodec(sizes.intra, seed=seed)

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
        """Encode frames; see `InterCodec.encode`. References are not used."""
        latents = self.analysis(frames - 0.5)
        code = self.intra.encode(latents, snr_db, eta, jscc=jscc, training=training)
        pictures = {"echo": self._frames(code["echo"])}
        if training:
            pictures["transform"] = self._frames(code["latents"]) if jscc else pictures["echo"]
        return {"intra": code}, pictures

    def decode(self, received: dict[str, Any], references: Any, snr_db: Any) -> Any:
        """Decode frames; see `InterCodec.decode`. References are not used."""
        return self._frames(self.intra.decode(**received["intra"], snr_db=snr_db))

    def _frames(self, latents: Any) -> Any:
        return self.synthesis(latents) + 0.5
