"""Train the video codec on folders of video.

A run goes on where it stopped when it is started again with the same options.
"""

import argparse
from dataclasses import dataclass

from linksim.flags import add_flags, from_flags
from linksim.options import option
from semantic.dvst.training.recipe import Recipe
from semantic.training.flags import add_run
from semantic.training.registry import Training
from semantic.training.task import Task

BUILT_IN_FACE = "astronaut"
"""The photograph of the built-in clips, which stay unseen."""

FILM_FRAMES, FILM_SIZE = 12, 256


@dataclass(frozen=True, kw_only=True)
class Footage:
    """The amount of video to train on."""

    generated: int = option(0, "films of each photograph to add (extra 'clip')", within=(0, 1000))
    seconds: float = option(10.0, "greatest length taken of each file", "s", within=(0.04, 1e6))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--video", nargs="+", required=True, help="folders of video (or files)")
    parser.add_argument("--validation", nargs="*", default=[], help="files of held-out video")
    parser.add_argument(
        "--without", nargs="*", default=[], help="leave out training files whose path holds this"
    )
    add_flags(parser, Footage)
    add_run(parser)
    add_flags(parser, Recipe)


def prepare(args: argparse.Namespace) -> Task:
    """Check the options and read the video; see `semantic.training.registry.Training`.

    Raises
    ------
    LinksimError
        If an option is out of range or there is no video; when called, if the folder holds
        another run.
    """
    from semantic.dvst.training.films import moving_pictures, photographs
    from semantic.training.videos import find_videos, load

    recipe, footage = from_flags(Recipe, args), from_flags(Footage, args)
    videos = load(find_videos(args.video, args.without), seconds=footage.seconds)
    if footage.generated:
        still = photographs(without=[BUILT_IN_FACE])
        for film in range(footage.generated):
            videos += moving_pictures(still, FILM_FRAMES, FILM_SIZE, recipe.seed + film)
    held_out = load(find_videos(args.validation)) if args.validation else []
    return Task(
        trainer="semantic.dvst.training.train.Trainer",
        recipe=recipe,
        data={"videos": videos, "held_out": held_out},
        out=args.out,
        save_every=args.save_every,
    )


TRAINING = Training("dvst", add_arguments, prepare)
