"""Train the audio codec on folders of audio.

A run goes on where it stopped when it is started again with the same options.
"""

import argparse

from linksim.flags import add_flags, from_flags
from linksim.phy.channels import parse_channel
from semantic.asc.recipe import Recipe
from semantic.training.flags import add_run
from semantic.training.registry import Training
from semantic.training.task import Task

MIN_VALIDATION_SECONDS = 4.0
"""Shorter held-out files are left out: words of a list say little about speech."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--audio", nargs="+", required=True, help="folders of speech (or files)")
    parser.add_argument("--music", nargs="*", default=[], help="folders of music")
    parser.add_argument("--validation", nargs="*", default=[], help="folders of held-out voices")
    parser.add_argument(
        "--without", nargs="*", default=[], help="leave out training files whose path holds this"
    )
    add_run(parser, save_every=500)
    add_flags(parser, Recipe)


def prepare(args: argparse.Namespace) -> Task:
    """Check the options and read the audio; see `semantic.training.registry.Training`.

    Raises
    ------
    LinksimError
        If an option is out of range or there is no audio; when called, if the folder holds
        another run.
    """
    from semantic.asc.data import find_audio, load

    recipe = from_flags(Recipe, args)
    if recipe.link is not None:
        parse_channel(recipe.link)
    audio = load(find_audio(args.audio, args.without))
    held_out = None
    if args.validation:
        held_out = load(find_audio(args.validation), MIN_VALIDATION_SECONDS)
    music = load(find_audio(args.music, args.without)) if args.music else None
    return Task(
        trainer="semantic.asc.train.Trainer",
        recipe=recipe,
        data={"audio": audio, "held_out": held_out, "music": music},
        out=args.out,
        save_every=args.save_every,
    )


TRAINING = Training("asc", add_arguments, prepare)
