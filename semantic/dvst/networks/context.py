"""Features of a frame, and the context that its warped reference gives."""

from typing import Any

from keras import layers, ops

from semantic.dvst.networks.layers import Residual, chain
from semantic.dvst.networks.sizes import Sizes
from semantic.warp import warp


def folded(frames: Any, stride: int) -> Any:
    """Put each block of stride by stride pixels on top of one another.

    Input
    -----
    float32, [batch, H, W, 3]

    Output
    ------
    float32, [batch, H / stride, W / stride, 3 * stride²]
    """
    if stride == 1:
        return frames
    return ops.space_to_depth(frames, stride, data_format="channels_last")


class FeatureExtractor(layers.Layer):
    """Features of a frame, one vector for each `Sizes.stride` squared pixels.

    Input
    -----
    float32, [batch, H, W, 3]
        R, G, B from 0 to 1.

    Output
    ------
    float32, [batch, H / stride, W / stride, features]
    """

    def __init__(self, sizes: Sizes, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stride = sizes.stride
        self.body = chain(
            3 * sizes.stride**2, layers.Conv2D(sizes.features, 3, padding="same", name="conv")
        )

    def call(self, frames: Any) -> Any:
        """Return the output that the class describes."""
        return self.body(folded(frames, self.stride))


class Context(layers.Layer):
    """The context c_t.

    ::

        reference ─▶ feature extractor ─▶ warp ─▶ refine ─▶ context
        flow ───────────────────────────────┘

    Li, Li and Lu, "Deep contextual video compression", NeurIPS 2021. Here it tells the
    transmitter's entropy model what to expect, which sets the rates.

    Input
    -----
    references : float32, [batch, H, W, 3]
    flow : float32, [batch, H / stride, W / stride, 2]

    Output
    ------
    float32, [batch, H / stride, W / stride, features]
    """

    def __init__(self, sizes: Sizes, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.extractor = FeatureExtractor(sizes)
        self.refine = chain(
            sizes.features,
            Residual(sizes.features),
            layers.Conv2D(sizes.features, 3, padding="same"),
        )

    def call(self, references: Any, flow: Any) -> Any:
        """Return the output that the class describes."""
        return self.refine(warp(self.extractor(references), flow))
