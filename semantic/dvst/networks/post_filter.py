"""The receiver's last step: a filter over pictures on their way to the screen."""

from typing import Any

from keras import layers, ops

from semantic.dvst.networks.layers import DepthToSpace, Residual, chain, folded, silent
from semantic.dvst.networks.sizes import Sizes

FOLD = 2
"""Height and width, in pixels, of what lies on top of one another inside the filter."""


class PostFilter(layers.Layer):
    """A filter that takes out of a picture what noise of the channel and coding left in it.

    ::

        picture, base ─ fold ─ + ─▶ conv ─▶ residual blocks ─▶ conv ─ unfold ─ + ─▶ shown
        snr ───────────────────┘                              picture ─────────┘

    It stands behind the loop, as the post-filters of video coding standards do: the next frame
    is predicted from the picture, not from what is shown, so whatever it errs by does not pile
    up. It sees the base, which no noise has touched, beside the picture. Until it is
    trained it shows the picture.

    Parameters
    ----------
    sizes : Sizes
        Sizes of the codec.

    Input
    -----
    picture, base : float32, [batch, H, W, 3]
        Pictures of the state that a receiver has, see `InterCodec`; H and W multiples of 2.
    snr_db : float32, [batch]

    Output
    ------
    float32, [batch, H, W, 3]
        Not clipped.
    """

    def __init__(self, sizes: Sizes, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        width = sizes.post_width
        self.body = chain(
            6 * FOLD**2 + 1,
            layers.Conv2D(width, 3, padding="same"),
            *(Residual(width) for _ in range(sizes.post_blocks)),
            layers.LeakyReLU(0.1),
            silent(3 * FOLD**2),
            DepthToSpace(FOLD),
        )
        # Keras would warn that it was never called when its weights are read.
        self.built = True

    def call(self, picture: Any, base: Any, snr_db: Any) -> Any:
        """Return the output that the class describes."""
        seen = [folded(4.0 * (x - 0.5), FOLD) for x in (picture, base)]
        level = ((snr_db - 10.0) / 10.0)[:, None, None, None] + 0.0 * seen[0][..., :1]
        return picture + self.body(ops.concatenate([*seen, level], axis=-1))
