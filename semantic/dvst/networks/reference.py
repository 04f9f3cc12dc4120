"""The reference that a frame leaves behind for the next one."""

from typing import Any

import numpy as np
from keras import ops

from semantic.dvst.networks.layers import repeated
from semantic.dvst.networks.sizes import LATENT_STRIDE

LEAK = 0.97
"""Share of what the symbol link brought that a position keeps when it is sent again."""


def leaky(picture: Any, base: Any, rates: Any) -> Any:
    """Return the reference that a frame makes.

    A receiver's picture is its base, which the bit link brought and both ends have alike,
    and what the symbol link added, with the noise of all frames so far. Where symbols were
    sent they will be again, so part of what they added can be forgotten and its noise with it:
    the noise of older frames dies away instead of piling up. Where nothing is sent, nothing is
    forgotten.

    Input
    -----
    picture, base : float32, [batch, H, W, 3]
    rates : int32, [batch, H / 16, W / 16]
        Rate map of the features.

    Output
    ------
    float32, [batch, H, W, 3]
    """
    keep = ops.where(rates > 0, LEAK, 1.0)[..., None]
    return base + repeated(keep, LATENT_STRIDE) * (picture - base)


def nothing_before(size: tuple[int, int]) -> np.ndarray:
    """Return the history of a map, [1, h, w, 3], that has no map before it."""
    return np.zeros((1, *size, 3), np.float32)
