"""Sizes of the video codec's networks, by preset."""

from dataclasses import dataclass

LATENT_STRIDE = 16
"""Pixels from one position of a latent map to the next; frames are multiples of it."""

HYPER_STRIDE = 4
"""Positions of a latent map for each position of its hyper-latents."""


@dataclass(frozen=True)
class LatentSizes:
    """Sizes of all that concerns one kind of latent map.

    Parameters
    ----------
    channels, hyper : int
        Of the latent map, and of its hyper-latents.
    ladder : tuple of int
        Reals that a position may be sent as, rising from 0. Even, for two make a channel use.
    width, heads, window : int
        Of the Swin blocks of its JSCC codec.
    """

    channels: int
    hyper: int
    ladder: tuple[int, ...]
    width: int
    heads: int
    window: int


@dataclass(frozen=True)
class Sizes:
    """Sizes of the whole codec.

    Parameters
    ----------
    stride : int
        Pixels from one feature, and from one motion vector, to the next: 1, 2 or 4.
    features : int
        Channels of features and context.
    flow : tuple of int
        Channels between the five convolutions of motion estimation.
    motion_width, feature_width, intra_width : int
        Channels inside the transforms.
    motion, feature, intra : LatentSizes
        Of motion, of features, and of frames sent without reference.
    """

    stride: int
    features: int
    flow: tuple[int, int, int, int]
    motion_width: int
    feature_width: int
    intra_width: int
    motion: LatentSizes
    feature: LatentSizes
    intra: LatentSizes


_FINE = (0, 2, 4, 6, 8, 12, 16, 24)
_MEDIUM = (0, 2, 4, 6, 8, 12, 16, 24, 32, 48)
_COARSE = (0, 4, 8, 12, 16, 24, 32, 48, 64, 96)
_NTSCC = tuple(range(0, 257, 16))

PRESETS = {
    "compact": Sizes(
        stride=2,
        features=24,
        flow=(8, 12, 12, 8),
        motion_width=24,
        feature_width=40,
        intra_width=48,
        motion=LatentSizes(24, 8, _FINE, 48, 3, 4),
        feature=LatentSizes(48, 16, _MEDIUM, 80, 5, 4),
        intra=LatentSizes(56, 16, _COARSE, 96, 6, 4),
    ),
    "paper": Sizes(
        stride=1,
        features=64,
        flow=(32, 64, 32, 16),
        motion_width=128,
        feature_width=64,
        intra_width=128,
        motion=LatentSizes(128, 64, _NTSCC, 256, 8, 16),
        feature=LatentSizes(96, 64, _NTSCC, 256, 8, 16),
        intra=LatentSizes(192, 128, _NTSCC, 256, 8, 16),
    ),
}
"""`compact` runs in real time on two cores; `paper` has the sizes of DCVC (motion, features,
context) and of NTSCC (ladder, Swin blocks), which the paper's reference for video builds on."""
