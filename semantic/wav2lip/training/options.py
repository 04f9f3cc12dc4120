"""Options that training the expert and training the generator share."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from linksim.errors import LinksimError
from linksim.options import check_flags
from semantic.wav2lip.training.recipe import ExpertRecipe, GeneratorRecipe

if TYPE_CHECKING:
    from semantic.wav2lip.frames.talk import Talk

RANGES = (
    ("steps", 1, 10**9),
    ("batch", 1, 10**6),
    ("windows", 2, 10**3),
    ("plain", 0.0, 1.0),
    ("held", 0.0, 1.0),
    ("learning_rate", 1e-9, 1.0),
    ("w_s", 0.0, 1.0),
    ("w_g", 0.0, 1.0),
    ("seconds", 1.0, 1e6),
    ("generated", 0, 10**4),
    ("generated_validation", 0, 10**3),
    ("seed", 0, 2**32 - 1),
    ("save_every", 1, 10**9),
)
"""Least and greatest value of each number among the options."""

REAL_SHARE = 0.25
"""Of what is learned from, at least, if there are real clips at all."""

GENERATED_SECONDS = 3.0
"""Length of a synthetic clip, at most: more faces teach more than longer clips."""


def add_shared(parser: argparse.ArgumentParser, plain: ExpertRecipe | GeneratorRecipe) -> None:
    """Declare the options of both commands."""
    parser.add_argument("--video", nargs="*", default=[], help="folders of talkers (or files)")
    parser.add_argument("--validation", nargs="*", default=[], help="the same, held out")
    parser.add_argument(
        "--without", nargs="*", default=[], help="leave out training files whose path holds this"
    )
    parser.add_argument(
        "--generated", type=int, default=0, help="synthetic clips to add (extra 'clip')"
    )
    parser.add_argument(
        "--generated-validation", type=int, default=0, help="others, of other faces, held out"
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="most to take of each clip")
    parser.add_argument("--faces", type=Path, help="folder to keep cut-out faces in between runs")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--preset", choices=("compact", "paper"), default=plain.preset)
    parser.add_argument("--steps", type=int, default=plain.steps)
    parser.add_argument("--batch", type=int, default=plain.batch, help="clips or windows of a step")
    parser.add_argument("--learning-rate", type=float, default=plain.learning_rate)
    parser.add_argument("--start", help="file of weights to start from")
    parser.add_argument("--seed", type=int, default=plain.seed)
    parser.add_argument("--save-every", type=int, default=250, help="steps between checkpoints")


def check(args: argparse.Namespace) -> None:
    """Raise `LinksimError` if a number is out of range."""
    check_flags(args, (each for each in RANGES if hasattr(args, each[0])))
    if not args.video and not args.generated:
        raise LinksimError("no clip to learn from: pass --video or --generated")


def talks(args: argparse.Namespace) -> "tuple[list[Talk], list[Talk]]":
    """Return what to train on and what is held out.

    Raises
    ------
    LinksimError
        If there is no clip that can be used.
    """
    from semantic.training.videos import find_videos
    from semantic.wav2lip.frames.talk import generated_talks, load_talks

    def load(places: list[str], without: list[str]) -> "list[Talk]":
        return load_talks(find_videos(places, without), args.seconds, args.faces) if places else []

    def generate(count: int, seed: int) -> "list[Talk]":
        return generated_talks(count, seed, min(args.seconds, GENERATED_SECONDS), args.faces)

    real = load(args.video, args.without)
    training = balanced(real, generate(args.generated, args.seed))
    others = generate(args.generated_validation, args.seed + 1)
    return training, [*load(args.validation, []), *others]


def balanced(real: "list[Talk]", generated: "list[Talk]") -> "list[Talk]":
    """Repeat real talks until they are about `REAL_SHARE` of all, where there are fewer."""
    wanted = len(generated) * REAL_SHARE / (1 - REAL_SHARE)
    return real * max(1, round(wanted / len(real))) + generated if real else generated
