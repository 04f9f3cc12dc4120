"""Train the lip-sync video generator on talking heads.

A run goes on where it stopped when it is started again with the same options.
"""

import argparse

from linksim.flags import add_flags, from_flags
from semantic.training.flags import add_run
from semantic.training.registry import Training
from semantic.training.task import Task
from semantic.wav2lip.training import options
from semantic.wav2lip.training.recipe import GeneratorRecipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    options.add_clips(parser)
    add_run(parser)
    add_flags(parser, GeneratorRecipe)


def prepare(args: argparse.Namespace) -> Task:
    """Check the options and read the clips; see `semantic.training.registry.Training`.

    Raises
    ------
    LinksimError
        If an option is out of range, no clip can be used or the expert is missing; when
        called, if the folder holds another run.
    """
    recipe = from_flags(GeneratorRecipe, args)
    training, held_out = options.talks(args)
    return Task(
        trainer="semantic.wav2lip.training.generator_train.warned_trainer",
        recipe=recipe,
        data={"talks": training, "held_out": held_out},
        out=args.out,
        save_every=args.save_every,
    )


TRAINING = Training("generator", add_arguments, prepare)
