"""Motion estimation: a spatial pyramid of small networks."""

from typing import Any

from keras import initializers, layers, ops

from semantic.dvst.blocks import chain
from semantic.dvst.sizes import Sizes
from semantic.dvst.warp import enlarge, warp

LEVELS = 4
"""Of the pyramid; each has half the height and width of the one before."""


class MotionEstimation(layers.Layer):
    """Where each part of a frame was in its reference.

    ::

        coarsest level: flow = 0
        each level:     flow ─ ↑2 ─┬─▶ warp reference ─▶ concat with frame, flow ─▶ net ─ + ─▶ flow
                                   └──────────────────────────────────────────────────────┘

    Ranjan and Black, "Optical flow estimation using a spatial pyramid network", CVPR 2017: five
    7x7 convolutions a level.

    Input
    -----
    frames, references : float32, [batch, H, W, 3]

    Output
    ------
    float32, [batch, H / stride, W / stride, 2]
        In units of `Sizes.stride` pixels, see `warp`.
    """

    def __init__(self, sizes: Sizes, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stride = sizes.stride
        self.nets = [self._net(sizes.flow) for _ in range(LEVELS)]

    def call(self, frames: Any, references: Any) -> Any:
        """See the class."""
        pyramid = [(_halved(frames, self.stride), _halved(references, self.stride))]
        for _ in range(LEVELS - 1):
            pyramid.append(tuple(_halved(x) for x in pyramid[-1]))
        flow = ops.zeros_like(pyramid[-1][0][..., :2])
        for level, (frame, reference) in enumerate(reversed(pyramid)):
            if level:
                flow = enlarge(flow, 2)
            told = ops.concatenate([frame, warp(reference, flow), flow], axis=-1)
            flow = flow + self.nets[level](told)
        return flow

    @staticmethod
    def _net(channels: tuple[int, ...]) -> Any:
        parts: list[layers.Layer] = []
        for width in channels:
            parts += [layers.Conv2D(width, 7, padding="same"), layers.LeakyReLU(0.1)]
        # Almost no motion at first, which is right for most of a frame.
        small = initializers.RandomNormal(stddev=1e-3)
        return chain(8, *parts, layers.Conv2D(2, 7, padding="same", kernel_initializer=small))


def _halved(x: Any, factor: int = 2) -> Any:
    if factor == 1:
        return x
    return ops.average_pool(x, factor, factor, data_format="channels_last")
