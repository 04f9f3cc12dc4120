"""Sizes of the lip-sync networks, by preset.

Those of ``paper`` are the reference's: Prajwal et al., "A Lip Sync Expert Is All You Need for
Speech to Lip Generation In the Wild", ACM MM 2020.
"""

from dataclasses import dataclass

from linksim.errors import unknown

SIDE = 96
"""Height and width of a face in pixels."""

WINDOW = 5
"""Frames that the expert looks at together, 0.2 s."""

BANDS, COLUMNS = 80, 16
"""Sizes of a mel window: bands, and steps of 12.5 ms, 0.2 s."""

FPS = 25
"""Frames per second of all that the networks are trained on."""


@dataclass(frozen=True)
class Stage:
    """A convolution and residual blocks after it, all with as many channels.

    Parameters
    ----------
    channels : int
        Channels of its output.
    kernel : int
        Side of the first convolution; the residual blocks' is 3.
    stride : int or (int, int)
        Stride of the first convolution, down and across.
    residual : int
        Residual blocks that follow.
    valid : bool
        Whether there is no padding.
    """

    channels: int
    kernel: int = 3
    stride: int | tuple[int, int] = 1
    residual: int = 0
    valid: bool = False


Stages = tuple[Stage, ...]


@dataclass(frozen=True)
class Sizes:
    """Sizes of all four networks.

    Parameters
    ----------
    face : Stages
        Stages of the generator's face encoder, each with a skip to the decoder.
    voice : Stages
        Stages of its audio encoder.
    decoder : Stages
        Transposed convolutions; the first is 1 x 1 and plain, the others meet a skip each.
    last : int
        Channels of the convolution before the picture.
    bends : bool
        Whether the generator bends the reference frame, and says for each pixel how much of that
        to keep.
    expert_face, expert_voice : Stages
        Stages of both encoders of the expert.
    discriminator : Stages
        Stages of the discriminator, without residual blocks.
    """

    face: Stages
    voice: Stages
    decoder: Stages
    last: int
    bends: bool
    expert_face: Stages
    expert_voice: Stages
    discriminator: Stages


def _embedding(channels: int) -> Stages:
    """Return what makes a vector of a map of 3 x 3."""
    return Stage(channels, valid=True), Stage(channels, 1)


def _paper_voice(last: int) -> Stages:
    """Return the audio encoder, with so many residual blocks of 256 channels."""
    return (
        Stage(32, residual=2),
        Stage(64, stride=(3, 1), residual=2),
        Stage(128, stride=3, residual=2),
        Stage(256, stride=(3, 2), residual=last),
        *_embedding(512),
    )


_COMPACT_VOICE = (
    Stage(16),
    Stage(24, stride=(3, 1), residual=1),
    Stage(48, stride=3, residual=1),
    Stage(64, stride=(3, 2), residual=1),
    *_embedding(128),
)

PRESETS = {
    "compact": Sizes(
        face=(
            Stage(8, 5),
            Stage(16, stride=2, residual=1),
            Stage(32, stride=2, residual=1),
            Stage(48, stride=2, residual=1),
            Stage(64, stride=2, residual=1),
            Stage(96, stride=2, residual=1),
            *_embedding(128),
        ),
        voice=_COMPACT_VOICE,
        decoder=(
            Stage(128, 1),
            Stage(128, valid=True, residual=1),
            Stage(96, stride=2, residual=1),
            Stage(64, stride=2, residual=1),
            Stage(48, stride=2, residual=1),
            Stage(32, stride=2, residual=1),
            Stage(16, stride=2),
        ),
        last=12,
        bends=True,
        expert_face=(
            Stage(16, 5, (1, 2)),
            Stage(24, stride=2, residual=1),
            Stage(48, stride=2, residual=1),
            Stage(64, stride=2, residual=1),
            Stage(96, stride=2, residual=1),
            *_embedding(128),
        ),
        expert_voice=_COMPACT_VOICE,
        discriminator=(
            Stage(8, 5),
            Stage(16, 5, (1, 2)),
            Stage(32, 5, 2),
            Stage(64, 3, 2),
            Stage(96, 3, 2),
            Stage(128, 3, 2),
            *_embedding(128),
        ),
    ),
    "paper": Sizes(
        face=(
            Stage(16, 7),
            Stage(32, stride=2, residual=2),
            Stage(64, stride=2, residual=3),
            Stage(128, stride=2, residual=2),
            Stage(256, stride=2, residual=2),
            Stage(512, stride=2, residual=1),
            *_embedding(512),
        ),
        voice=_paper_voice(1),
        decoder=(
            Stage(512, 1),
            Stage(512, valid=True, residual=1),
            Stage(512, stride=2, residual=2),
            Stage(384, stride=2, residual=2),
            Stage(256, stride=2, residual=2),
            Stage(128, stride=2, residual=2),
            Stage(64, stride=2, residual=2),
        ),
        last=32,
        bends=False,
        expert_face=(
            Stage(32, 7),
            Stage(64, 5, (1, 2), residual=2),
            Stage(128, stride=2, residual=3),
            Stage(256, stride=2, residual=2),
            Stage(512, stride=2, residual=2),
            Stage(512, stride=2),
            *_embedding(512),
        ),
        expert_voice=_paper_voice(2),
        discriminator=(
            Stage(32, 7),
            Stage(64, 5, (1, 2)),
            Stage(64, 5),
            Stage(128, 5, 2),
            Stage(128, 5),
            Stage(256, 5, 2),
            Stage(256, 5),
            Stage(512, 3, 2),
            Stage(512, 3),
            Stage(512, 3, 2),
            Stage(512, 3),
            *_embedding(512),
        ),
    ),
}
"""`compact` generates on two cores in real time; `paper` has the reference's sizes."""


def sizes_of(preset: str) -> Sizes:
    """Return the sizes of a preset.

    Raises
    ------
    LinksimError
        If there is no such preset.
    """
    if preset not in PRESETS:
        raise unknown("preset of the lip-sync networks", preset, PRESETS)
    return PRESETS[preset]
