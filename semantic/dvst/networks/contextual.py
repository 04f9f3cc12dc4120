"""The contextual codec: a frame to a latent map and back, given its context."""

import math
from typing import Any

from keras import layers, ops

from semantic.dvst.networks.block_transform import BlockTransform
from semantic.dvst.networks.context import folded
from semantic.dvst.networks.layers import added, analysis, synthesis
from semantic.dvst.networks.sizes import LATENT_STRIDE, PIXEL_STEP, Sizes


class ContextualCodec(layers.Layer):
    """Encoder and decoder that leave out what the context has.

    ::

        frame ─┬─▶ − ─▶ block transform ─▶ + ─▶ latents ~▶ latents' ─┬▶ block transform ─▶ residual
               │   └ prediction            │                         └▶ synthesis ───────▶ features
               └─ fold ─┬─▶ analysis ──────┘
        context ────────┘

    Frames without reference go without context, and their prediction is grey.

    Parameters
    ----------
    sizes : Sizes
        Sizes of the codec.
    width, latents : int
        Channels inside the networks, and of the latent map.
    context : int
        Channels of the context; 0 for none.
    """

    def __init__(
        self, sizes: Sizes, width: int, latents: int, *, context: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        stages = int(math.log2(LATENT_STRIDE // sizes.stride))
        self.stride = sizes.stride
        inputs = 3 * sizes.stride**2 + context
        self.transform = BlockTransform(3, LATENT_STRIDE, latents, PIXEL_STEP)
        self.analysis = analysis(inputs, width, latents, stages, 5, residual=True)
        self.synthesis = synthesis(
            latents, width, sizes.features, stages, residual=True, awake=True
        )

    def encode(self, frames: Any, prediction: Any, context: Any = None) -> Any:
        """Return the latents of frames.

        Input
        -----
        frames, prediction : float32, [batch, H, W, 3]
        context : float32, [batch, H / stride, W / stride, features], if there is one

        Output
        ------
        float32, [batch, H / 16, W / 16, channels]
        """
        told = folded(frames - 0.5, self.stride)
        if context is not None:
            told = ops.concatenate([told, context], axis=-1)
        return self.transform.analyse(frames - prediction) + added(self.analysis, told)

    def residual(self, latents: Any) -> Any:
        """Return what latents add to a prediction, [batch, H, W, 3]."""
        return self.transform.synthesise(latents)

    def features(self, latents: Any) -> Any:
        """Return the features, [batch, H / stride, W / stride, features], of latents."""
        return self.synthesis(0.1 * latents)
