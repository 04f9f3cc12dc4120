"""The frame synthesiser."""

from typing import Any

from keras import layers, ops

from semantic.dvst.networks.context import folded
from semantic.dvst.networks.layers import (
    DepthToSpace,
    Residual,
    asleep,
    chain,
    repeated,
    silent,
)
from semantic.dvst.networks.sizes import LATENT_STRIDE, Sizes


class FrameSynthesiser(layers.Layer):
    """A frame from decoded features, its context, its prediction and its residual.

    ::

        prediction ─ + ─┬──────────────────────────────────────── + ─▶ frame
        residual ───────┘└ fold ─┬─▶ conv ─▶ residual ─▶ conv ─ unfold ┘
        features, context ───────┘

    Until it is trained it adds nothing to prediction and residual.

    Parameters
    ----------
    sizes : Sizes
        Sizes of the codec.
    context : int
        Channels of the context; 0 for none.

    Input
    -----
    drawn : float32, [batch, H, W, 3]
        Prediction and residual.
    features, context : float32, [batch, H / stride, W / stride, features]
    active : float32, [batch, H / 16, W / 16, 1]
        Where it may add something, of `LatentCodec.active`.

    Output
    ------
    float32, [batch, H, W, 3]
        Not clipped.
    """

    def __init__(self, sizes: Sizes, *, context: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        width, stride = sizes.features, sizes.stride
        self.stride = stride
        parts = [
            layers.Conv2D(width, 3, padding="same"),
            Residual(width),
            silent(3 * stride**2),
        ]
        unfold = [DepthToSpace(stride)] if stride > 1 else []
        self.body = chain(width + context + 3 * stride**2, *parts, *unfold)

    def call(self, drawn: Any, features: Any, active: Any, context: Any = None) -> Any:
        """Return the output that the class describes."""
        if asleep(self.body):
            return drawn
        told = [folded(drawn - 0.5, self.stride), features]
        if context is not None:
            told.append(context)
        added = self.body(ops.concatenate(told, axis=-1))
        return drawn + repeated(active, LATENT_STRIDE) * added
