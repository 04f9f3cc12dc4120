"""Motion estimation: matching on a spatial pyramid."""

from itertools import product
from typing import Any

import numpy as np
from keras import layers, ops

from semantic.warp import enlarge, warp

SEARCH = 2
"""Greatest distance of a match from where it is expected, across and down, in pixels."""

SOFTNESS = 6e-3
"""Mean absolute difference, of pixels from 0 to 1, by which a match counts e times less."""

RELUCTANCE = 2e-3
"""Mean absolute difference that a pixel of displacement costs: flat parts stay where they are."""

WINDOW = 7
"""Height and width of a neighbourhood in pixels."""


def matched(frames: Any, references: Any) -> Any:
    """Return how far from each pixel its match in the reference lies.

    The mean over displacements, weighted by how well they match (a soft argmin), which tells
    fractions of a pixel.

    Input
    -----
    frames, references : float32, [batch, h, w, channels]
        Pixels from 0 to 1.

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


LEVELS = 4
"""Levels of the pyramid; each has half the height and width of the one before."""

MARGIN = 4e-3
"""Mean absolute difference, of pixels from 0 to 1, that motion has to save in a neighbourhood."""

NEIGHBOURHOOD = 9
"""Height and width, in positions, of the neighbourhood that `MARGIN` is judged over."""


class MotionEstimation(layers.Layer):
    """Estimation of where each part of a frame was in its reference.

    ::

        coarsest level: flow = 0
        each level:     flow ─ ↑2 ─┬─▶ warp reference ─▶ match ─▶ + ─▶ flow
                                   └──────────────────────────────▲
        last:           flow ─▶ 0 where it does not improve the prediction ─▶ flow

    The pyramid is that of Ranjan and Black, "Optical flow estimation using a spatial pyramid
    network", CVPR 2017; matching stands in the place of its networks.

    Parameters
    ----------
    stride : int
        Pixels from one motion vector to the next: 1, 2 or 4.

    Input
    -----
    frames, references : float32, [batch, H, W, 3]

    Output
    ------
    float32, [batch, H / stride, W / stride, 2]
        In units of `stride` pixels, see `warp`.
    """

    def __init__(self, stride: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stride = stride

    def call(self, frames: Any, references: Any) -> Any:
        """Return the output that the class describes."""
        pyramid = [(_halved(frames, self.stride), _halved(references, self.stride))]
        for _ in range(LEVELS - 1):
            pyramid.append(tuple(_halved(x) for x in pyramid[-1]))
        flow = ops.zeros_like(pyramid[-1][0][..., :2])
        for level, (frame, reference) in enumerate(reversed(pyramid)):
            if level:
                flow = enlarge(flow, 2, frame.shape[1:3])
            moved = warp(reference, flow) if level else reference
            flow = flow + matched(frame, moved)
        frame, reference = pyramid[0]
        return ops.stop_gradient(flow * _worth(frame, reference, warp(reference, flow)))


def _halved(x: Any, factor: int = 2) -> Any:
    if factor == 1:
        return x
    # Sizes that are no multiple keep what is left over.
    return ops.average_pool(x, factor, factor, padding="same", data_format="channels_last")


def _worth(frame: Any, still: Any, moved: Any) -> Any:
    """Return where motion improves the prediction: 1 or 0, [batch, h, w, 1]."""
    gain = ops.abs(frame - still) - ops.abs(frame - moved)
    gain = smoothed(ops.mean(gain, axis=-1, keepdims=True), NEIGHBOURHOOD)
    return ops.cast(gain > MARGIN, "float32")
