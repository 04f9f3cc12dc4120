"""The motion codec: a flow to a latent map and back."""

import math
from typing import Any

from keras import layers, ops

from semantic.dvst.networks.layers import (
    Residual,
    added,
    analysis,
    chain,
    repeated,
    silent,
    synthesis,
)
from semantic.dvst.networks.sizes import FLOW_STEP, LATENT_STRIDE, Sizes
from semantic.warp import enlarge


class MotionCodec(layers.Layer):
    """Analysis and synthesis of motion, and refinement of what was decoded.

    ::

        flow ─┬▶ mean of 16 x 16 ─▶ + ─▶ latents ~▶ latents' ─┬▶ enlarge ───▶ + ─┬─────── + ─▶ flow'
              └▶ analysis ──────────┘                         └▶ synthesis ───┘  │        │
                                                       reference ─▶ mean ────────┴▶ refine┘

    Until it is trained it sends the mean motion of each block of a latent.
    """

    def __init__(self, sizes: Sizes, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fold = LATENT_STRIDE // sizes.stride
        stages = int(math.log2(self.fold))
        width, latents = sizes.motion_width, sizes.motion.channels
        self.stride, self.extra = sizes.stride, latents - 2
        self.analysis = analysis(2, width, latents, stages, 3)
        self.synthesis = synthesis(latents, width, 2, stages)
        self.refine = chain(
            5,
            layers.Conv2D(sizes.features, 3, padding="same"),
            Residual(sizes.features),
            silent(2),
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
        mean = ops.average_pool(flow, self.fold, self.fold, data_format="channels_last")
        mean = ops.pad(mean / FLOW_STEP, [[0, 0]] * 3 + [[0, self.extra]])
        return mean + added(self.analysis, flow)

    def decode(self, latents: Any, references: Any, active: Any) -> Any:
        """Return a flow, [batch, H / stride, W / stride, 2].

        Input
        -----
        latents : float32, [batch, H / 16, W / 16, channels]
        references : float32, [batch, H, W, 3]
            What it refers to.
        active : float32, [batch, H / 16, W / 16, 1]
            Output of `LatentCodec.active`.
        """
        # Enlarging scales a flow to its new pixels, which these latents have already.
        flow = enlarge(latents[..., :2] * (FLOW_STEP / self.fold), self.fold)
        active = repeated(active, self.fold)
        flow = flow + FLOW_STEP * active * added(self.synthesis, latents)
        if self.stride > 1:
            references = ops.average_pool(
                references, self.stride, self.stride, data_format="channels_last"
            )
        return flow + active * added(self.refine, ops.concatenate([flow, references], axis=-1))
