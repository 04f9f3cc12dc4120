"""Train the text codec on files of text.

A run goes on where it stopped when it is started again with the same options.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from linksim.options import check_flags
from semantic.text.recipe import Recipe

RANGES = (
    ("steps", 1, 10**9),
    ("batch", 1, 10**6),
    ("learning_rate", 1e-9, 1.0),
    ("seed", 0, 2**32 - 1),
    ("save_every", 1, 10**9),
)
"""Least and greatest value of each number among the options."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    plain = Recipe()
    parser.add_argument("--text", nargs="+", type=Path, required=True, help="files of UTF-8 text")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--preset", choices=("compact", "paper"), default=plain.preset)
    parser.add_argument("--steps", type=int, default=plain.steps)
    parser.add_argument("--batch", type=int, default=plain.batch, help="stretches of a step")
    parser.add_argument("--learning-rate", type=float, default=plain.learning_rate)
    parser.add_argument("--start", help="file of weights to start from")
    parser.add_argument("--seed", type=int, default=plain.seed)
    parser.add_argument("--save-every", type=int, default=500, help="steps between checkpoints")


def prepare(args: argparse.Namespace) -> Callable[[], None]:
    """Check the options and read the text.

    Returns
    -------
    callable
        What trains, or goes on training. Keras is loaded when it is called.

    Raises
    ------
    LinksimError
        If an option is out of range or a file is no text; when called, if the folder holds
        another run.
    """
    from semantic.text.corpus import divide, read

    check_flags(args, RANGES)
    recipe = Recipe(
        preset=args.preset,
        steps=args.steps,
        batch=args.batch,
        learning_rate=args.learning_rate,
        start=args.start,
        seed=args.seed,
    )
    parts = [divide(read(path)) for path in args.text]

    def train() -> None:
        from semantic.text.train import Trainer

        files = [training for training, _ in parts]
        held_out = [sentence for _, some in parts for sentence in some]
        Trainer(recipe, files, held_out, args.out, save_every=args.save_every).run()

    return train
