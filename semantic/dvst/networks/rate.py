"""The number of symbols of each position: eq. (9)."""

from typing import Any

import numpy as np
from keras import ops


def choose_rates(bits: Any, eta: Any, ladder: tuple[int, ...]) -> Any:
    """Return k_i = quantise(-eta log2 P), as steps of the ladder.

    Input
    -----
    bits : float32, [batch, h, w]
        -log2 P of all channels of a position, or as much of it as is worth symbols.
    eta : float32, [batch]
        Reals per bit.

    Output
    ------
    int32, [batch, h, w]
        Index of the step nearest to eta times the bits.
    """
    wanted = (bits * eta[:, None, None])[..., None]
    return ops.sum(ops.cast(wanted > borders(ladder), "int32"), axis=-1)


def borders(ladder: tuple[int, ...]) -> np.ndarray:
    """Return what lies midway between steps of a ladder, float32."""
    steps = np.array(ladder, np.float32)
    return (steps[1:] + steps[:-1]) / 2


def sent_mask(rates: Any, ladder: tuple[int, ...]) -> Any:
    """Return 1 for each real that is sent and 0 for the others.

    Input
    -----
    int32, [batch, h, w]

    Output
    ------
    float32, [batch, h, w, ladder[-1]]
    """
    mask = np.arange(ladder[-1]) < np.array(ladder)[:, None]
    return ops.take(ops.convert_to_tensor(mask.astype(np.float32)), rates, axis=0)
