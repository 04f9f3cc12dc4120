"""Sizes of the video codec's networks, by preset."""

from dataclasses import dataclass

LATENT_STRIDE = 16
"""Pixels from one position of a latent map to the next; frames are multiples of it."""

PIXEL_STEP = 20.0 / 255.0
"""Value of one unit of a latent in pixels from 0 to 1, transforms being orthonormal."""

FLOW_STEP = 1.0 / 16.0
"""Value of one unit of a latent of motion, in units of `Sizes.stride` pixels."""


INTRA_ETA = 3.0
"""Times eta, for frames without reference: all frames of a group live on what they bring."""


@dataclass(frozen=True)
class JsccSizes:
    """Sizes of the Swin blocks of a learned JSCC codec.

    Parameters
    ----------
    width, heads, window : int
        Channels, at least those of the latents; attention heads; side of a window.
    """

    width: int
    heads: int
    window: int


@dataclass(frozen=True)
class LatentSizes:
    """Sizes of all that concerns one kind of latent map.

    Parameters
    ----------
    channels, hyper : int
        Channels of the latent map, and of its hyper-latents: the first latents, coarsely quantised.
    coarse : float
        Units of a latent that make one of its hyper-latent, at a precision of 1.
    ladder : tuple of int
        Reals that a position may be sent as, rising from 0. Even, for two make a channel use.
        Beyond `channels` latents are sent again.
    density : int
        Channels of the networks that entropy coding goes by.
    spared : float
        Bits of a position that are not worth sending: noise, and what no one sees.
    jscc : JsccSizes or None
        Sizes of its JSCC codec; None for a linear one.
    """

    channels: int
    hyper: int
    coarse: float
    ladder: tuple[int, ...]
    density: int
    spared: float = 0.0
    jscc: JsccSizes | None = None


@dataclass(frozen=True)
class Sizes:
    """Sizes of the whole codec.

    Parameters
    ----------
    stride : int
        Pixels from one motion vector to the next: 1, 2 or 4.
    post_width, post_blocks : int
        Channels and residual blocks of the post-filter.
    motion, feature, intra : LatentSizes
        Sizes of the latents of motion, of features, and of frames without reference.
    """

    stride: int
    post_width: int
    post_blocks: int
    motion: LatentSizes
    feature: LatentSizes
    intra: LatentSizes


_MOTION = (0, 2, 4, 8)
_FEATURE = (0, 4, 8, 12, 16, 24, 32, 48, 64)
_INTRA = (0, 8, 16, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192)
_NTSCC = tuple(range(0, 257, 16))

PRESETS = {
    "compact": Sizes(
        stride=2,
        post_width=32,
        post_blocks=2,
        motion=LatentSizes(8, 2, 4.0, _MOTION, 24, 8.0),
        feature=LatentSizes(64, 24, 6.0, _FEATURE, 48, 150.0),
        intra=LatentSizes(96, 48, 7.5, _INTRA, 64, jscc=JsccSizes(96, 6, 4)),
    ),
    "paper": Sizes(
        stride=1,
        post_width=64,
        post_blocks=4,
        motion=LatentSizes(128, 64, 4.0, _NTSCC, 128, 8.0),
        feature=LatentSizes(96, 64, 6.0, _NTSCC, 128, 150.0),
        intra=LatentSizes(192, 128, 7.5, _NTSCC, 128, jscc=JsccSizes(256, 8, 16)),
    ),
}
"""`compact` has weights; `paper` has the sizes of DCVC (latents) and of NTSCC (ladder, Swin
blocks), which the paper's reference for video builds on."""
