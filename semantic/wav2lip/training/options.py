"""Clips that the expert and the generator are trained on, and the flags that name them."""

import argparse
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from linksim.errors import LinksimError
from linksim.flags import add_flags, from_flags
from linksim.options import option

if TYPE_CHECKING:
    from semantic.wav2lip.frames.talk import Talk

GENERATED_SECONDS = 3.0
"""Length of a synthetic clip, at most: more faces teach more than longer clips."""


@dataclass(frozen=True, kw_only=True)
class Clips:
    """The number and the length of clips to train on."""

    generated: int = option(0, "synthetic clips to add (extra 'clip')", within=(0, 10**4))
    generated_validation: int = option(
        0, "synthetic clips of other faces to hold out", within=(0, 10**3)
    )
    seconds: float = option(10.0, "greatest length taken of each clip", "s", within=(1.0, 1e6))
    real: float = option(
        0.25, "share of what is learned from that is real, where both are", within=(0.0, 1.0)
    )


def add_clips(parser: argparse.ArgumentParser) -> None:
    """Declare the flags that say what to learn from."""
    parser.add_argument(
        "--video",
        nargs="*",
        default=[],
        help="folders of talkers, or files; those named TALKER_... of one talker count as one",
    )
    parser.add_argument("--validation", nargs="*", default=[], help="the same, held out")
    parser.add_argument(
        "--without", nargs="*", default=[], help="leave out training files whose path holds this"
    )
    add_flags(parser, Clips)
    parser.add_argument(
        "--portraits", nargs="*", default=[], help="folders of pictures to blend synthetic faces of"
    )
    parser.add_argument("--faces", type=Path, help="folder to keep cut-out faces in between runs")


def talks(args: argparse.Namespace) -> "tuple[list[Talk], list[Talk]]":
    """Return what to train on and what is held out.

    Raises
    ------
    LinksimError
        If a number is out of range or there is no clip that can be used.
    """
    from semantic.training.videos import find_videos
    from semantic.wav2lip.frames.talk import generated_talks, load_talks

    clips = from_flags(Clips, args)
    if not args.video and not clips.generated:
        raise LinksimError("no clip to learn from: pass --video or --generated")

    portraits = find_videos(args.portraits) if args.portraits else []

    def load(places: list[str], without: list[str]) -> "list[Talk]":
        return load_talks(find_videos(places, without), clips.seconds, args.faces) if places else []

    def generate(count: int, seed: int) -> "list[Talk]":
        seconds = min(clips.seconds, GENERATED_SECONDS)
        return generated_talks(count, seed, seconds, args.faces, portraits)

    real = load(args.video, args.without)
    training = balanced(real, generate(clips.generated, args.seed), clips.real)
    others = generate(clips.generated_validation, args.seed + 1)
    return training, [*load(args.validation, []), *others]


def balanced(real: "list[Talk]", generated: "list[Talk]", share: float) -> "list[Talk]":
    """Weight talks: real ones together by `share`, and in it each talker alike.

    Films of one talker are those whose names are the same up to the first underscore.
    """
    films = Counter(talk.talker for talk in real)
    if not real or not generated:
        share = 1.0 if real else 0.0
    each, rest = share / max(1, len(films)), (1.0 - share) / max(1, len(generated))
    return [
        *(replace(talk, weight=each / films[talk.talker]) for talk in real),
        *(replace(talk, weight=rest) for talk in generated),
    ]
