"""The frame synthesiser."""

from typing import Any

from keras import initializers, layers, ops

from semantic.dvst.blocks import DepthToSpace, Residual, chain
from semantic.dvst.sizes import Sizes


class FrameSynthesiser(layers.Layer):
    """A frame from decoded features, its context and its prediction.

    ::

        features ─┬─▶ conv ─▶ residual ─▶ conv ─ unfold ─ + ─▶ frame
        context ──┘                      prediction ──────┘

    Input
    -----
    features, context : float32, [batch, H / stride, W / stride, features]
    prediction : float32, [batch, H, W, 3]

    Output
    ------
    float32, [batch, H, W, 3]
        Not clipped.
    """

    def __init__(self, sizes: Sizes, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        width, stride = sizes.features, sizes.stride
        # At first almost the warped reference.
        small = initializers.RandomNormal(stddev=1e-2)
        parts = [
            layers.Conv2D(width, 3, padding="same"),
            Residual(width),
            layers.Conv2D(3 * stride**2, 3, padding="same", kernel_initializer=small),
        ]
        self.body = chain(2 * width, *parts, *([DepthToSpace(stride)] if stride > 1 else []))

    def call(self, features: Any, context: Any, prediction: Any) -> Any:
        """See the class."""
        return prediction + self.body(ops.concatenate([features, context], axis=-1))
