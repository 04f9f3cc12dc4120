"""The motion codec: a flow to a latent map and back."""

import math
from typing import Any

from keras import layers, ops

from semantic.dvst.blocks import Residual, analysis, chain, synthesis
from semantic.dvst.sizes import LATENT_STRIDE, Sizes


class MotionCodec(layers.Layer):
    """Analysis and synthesis of motion, and refinement of what was decoded.

    ::

        flow ─▶ analysis ─▶ latents ~▶ latents' ─▶ synthesis ─┬──────── + ─▶ flow'
                                       reference ─▶ fold ─────┴▶ refine ┘
    """

    def __init__(self, sizes: Sizes, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        stages = int(math.log2(LATENT_STRIDE // sizes.stride))
        width, latents = sizes.motion_width, sizes.motion.channels
        self.stride = sizes.stride
        self.analysis = analysis(2, width, latents, stages, 3)
        self.synthesis = synthesis(latents, width, 2, stages)
        self.refine = chain(
            5,
            layers.Conv2D(sizes.features, 3, padding="same"),
            Residual(sizes.features),
            layers.Conv2D(2, 3, padding="same"),
        )

    def encode(self, flow: Any) -> Any:
        """Return the latents of a flow.

        Input
        -----
        float32, [batch, H / stride, W / stride, 2]

        Output
        ------
        float32, [batch, H / 16, W / 16, channels]
        """
        return self.analysis(flow)

    def decode(self, latents: Any, references: Any) -> Any:
        """Return the flow of latents and of the frames, [batch, H, W, 3], that it refers to."""
        flow = self.synthesis(latents)
        if self.stride > 1:
            references = ops.average_pool(
                references, self.stride, self.stride, data_format="channels_last"
            )
        return flow + self.refine(ops.concatenate([flow, references], axis=-1))
