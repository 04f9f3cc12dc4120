"""The contextual codec: a frame to a latent map and back, given its context."""

import math
from typing import Any

from keras import layers, ops

from semantic.dvst.blocks import analysis, synthesis
from semantic.dvst.features import folded
from semantic.dvst.sizes import LATENT_STRIDE, Sizes


class ContextualCodec(layers.Layer):
    """Encoder and decoder that leave out what the context has.

    ::

        frame ─ fold ─┬─▶ analysis ─▶ latents ~▶ latents' ─▶ synthesis ─▶ features
        context ──────┘
    """

    def __init__(self, sizes: Sizes, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        stages = int(math.log2(LATENT_STRIDE // sizes.stride))
        width, latents = sizes.feature_width, sizes.feature.channels
        self.stride = sizes.stride
        inputs = 3 * sizes.stride**2 + sizes.features
        self.analysis = analysis(inputs, width, latents, stages, 5, residual=True)
        self.synthesis = synthesis(latents, width, sizes.features, stages, residual=True)

    def encode(self, frames: Any, context: Any) -> Any:
        """Return the latents of frames.

        Input
        -----
        frames : float32, [batch, H, W, 3]
        context : float32, [batch, H / stride, W / stride, features]

        Output
        ------
        float32, [batch, H / 16, W / 16, channels]
        """
        return self.analysis(ops.concatenate([folded(frames, self.stride), context], axis=-1))

    def decode(self, latents: Any) -> Any:
        """Return the features, [batch, H / stride, W / stride, features], of latents."""
        return self.synthesis(latents)
