"""Train the lip-sync expert on talking heads.

A run goes on where it stopped when it is started again with the same options.
"""

import argparse
from collections.abc import Callable
from dataclasses import fields

from semantic.wav2lip.training import options
from semantic.wav2lip.training.recipe import ExpertRecipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    plain = ExpertRecipe()
    options.add_shared(parser, plain)
    parser.add_argument("--windows", type=int, default=plain.windows, help="of each clip of a step")


def prepare(args: argparse.Namespace) -> Callable[[], None]:
    """Check the options and read the clips.

    Returns
    -------
    callable
        What trains, or goes on training. Keras is loaded when it is called.

    Raises
    ------
    LinksimError
        If an option is out of range or no clip can be used; when called, if the folder holds
        another run.
    """
    options.check(args)
    names = {f.name for f in fields(ExpertRecipe)} & set(vars(args))
    recipe = ExpertRecipe(**{name: getattr(args, name) for name in names})
    training, held_out = options.talks(args)

    def train() -> None:
        from semantic.wav2lip.training.expert_train import ExpertTrainer

        ExpertTrainer(recipe, training, held_out, args.out, save_every=args.save_every).run()

    return train
