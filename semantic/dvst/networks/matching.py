"""Motion by matching: where in the reference a neighbourhood looks most alike."""

from itertools import product
from typing import Any

import numpy as np
from keras import ops

SEARCH = 2
"""Pixels that a match may lie away from where it is expected, across and down."""

SOFTNESS = 6e-3
"""Mean absolute difference, of pixels from 0 to 1, by which a match counts e times less."""

RELUCTANCE = 2e-3
"""Mean absolute difference that a pixel of displacement costs: flat parts stay where they are."""

WINDOW = 7
"""Pixels of a neighbourhood, across and down."""


def matched(frames: Any, references: Any) -> Any:
    """Return how far from each pixel its match in the reference lies.

    The mean over displacements, weighted by how well they match (a soft argmin), which tells
    fractions of a pixel.

    Input
    -----
    frames, references : float32, [batch, h, w, channels]
        From 0 to 1.

    Output
    ------
    float32, [batch, h, w, 2]
        Displacement to the right and down, at most `SEARCH`.
    """
    height, width = frames.shape[1:3]
    around = _padded(references, SEARCH)
    steps = list(product(range(-SEARCH, SEARCH + 1), repeat=2))
    costs = []
    for down, right in steps:
        y, x = down + SEARCH, right + SEARCH
        difference = ops.abs(frames - around[:, y : y + height, x : x + width])
        length = float(np.hypot(down, right))
        costs.append(ops.mean(difference, axis=-1) + RELUCTANCE * length)
    cost = smoothed(ops.stack(costs, axis=-1), WINDOW)
    share = ops.softmax(-cost / SOFTNESS, axis=-1)
    return ops.matmul(share, np.array([(right, down) for down, right in steps], np.float32))


def smoothed(x: Any, window: int) -> Any:
    """Return the mean over a square around each pixel, edges repeated.

    Input
    -----
    float32, [batch, h, w, channels]

    Output
    ------
    float32, [batch, h, w, channels]
    """
    x = _padded(x, window // 2)
    x = ops.average_pool(x, (window, 1), 1, data_format="channels_last")
    return ops.average_pool(x, (1, window), 1, data_format="channels_last")


def _padded(x: Any, by: int) -> Any:
    top, bottom = [ops.repeat(edge, by, axis=1) for edge in (x[:, :1], x[:, -1:])]
    x = ops.concatenate([top, x, bottom], axis=1)
    left, right = [ops.repeat(edge, by, axis=2) for edge in (x[:, :, :1], x[:, :, -1:])]
    return ops.concatenate([left, x, right], axis=2)
