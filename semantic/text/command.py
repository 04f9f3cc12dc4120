"""Train the text codec on files of text.

A run goes on where it stopped when it is started again with the same options.
"""

import argparse
from pathlib import Path

from linksim.flags import add_flags, from_flags
from semantic.text.recipe import Recipe
from semantic.training.flags import add_run
from semantic.training.registry import Training
from semantic.training.task import Task


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--text", nargs="+", type=Path, required=True, help="files of UTF-8 text")
    add_run(parser, save_every=500)
    add_flags(parser, Recipe)


def prepare(args: argparse.Namespace) -> Task:
    """Check the options and read the text; see `semantic.training.registry.Training`.

    Raises
    ------
    LinksimError
        If an option is out of range or a file is no text; when called, if the folder holds
        another run.
    """
    from semantic.text.corpus import divide, read

    recipe = from_flags(Recipe, args)
    parts = [divide(read(path)) for path in args.text]
    files = [training for training, _ in parts]
    held_out = [sentence for _, some in parts for sentence in some]
    return Task(
        trainer="semantic.text.train.Trainer",
        recipe=recipe,
        data={"files": files, "held_out": held_out},
        out=args.out,
        save_every=args.save_every,
    )


TRAINING = Training("text", add_arguments, prepare)
