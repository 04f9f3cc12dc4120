"""Warp and refine: the context of a frame, from its reference and the motion between them."""

from typing import Any

from keras import layers

from semantic.dvst.networks.blocks import Residual, chain
from semantic.dvst.networks.features import FeatureExtractor
from semantic.dvst.networks.sizes import Sizes
from semantic.warp import enlarge, warp


class Context(layers.Layer):
    """The context c_t.

    ::

        reference ─┬─▶ feature extractor ─▶ warp ─▶ refine ─▶ context
                   └──────────────────────▶ warp ───────────▶ prediction
        flow ───────────────────────────────┘

    Li, Li and Lu, "Deep contextual video compression", NeurIPS 2021.

    Input
    -----
    references : float32, [batch, H, W, 3]
    flow : float32, [batch, H / stride, W / stride, 2]

    Output
    ------
    context : float32, [batch, H / stride, W / stride, features]
    prediction : float32, [batch, H, W, 3]
        The warped reference, which the frame synthesiser adds to.
    """

    def __init__(self, sizes: Sizes, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stride = sizes.stride
        self.extractor = FeatureExtractor(sizes)
        self.refine = chain(
            sizes.features,
            Residual(sizes.features),
            layers.Conv2D(sizes.features, 3, padding="same"),
        )

    def call(self, references: Any, flow: Any) -> tuple[Any, Any]:
        """See the class."""
        context = self.refine(warp(self.extractor(references), flow))
        return context, warp(references, enlarge(flow, self.stride))
