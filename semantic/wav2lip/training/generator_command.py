"""Train the lip-sync video generator on talking heads.

A run goes on where it stopped when it is started again with the same options.
"""

import argparse
from collections.abc import Callable

from linksim.flags import add_flags, from_flags
from semantic.training.flags import add_run
from semantic.training.registry import Training
from semantic.wav2lip.training import options
from semantic.wav2lip.training.recipe import GeneratorRecipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    options.add_clips(parser)
    add_run(parser)
    add_flags(parser, GeneratorRecipe)


def prepare(args: argparse.Namespace) -> Callable[[], None]:
    """Check the options and read the clips; see `semantic.training.registry.Training`.

    Raises
    ------
    LinksimError
        If an option is out of range, no clip can be used or the expert is missing; when
        called, if the folder holds another run.
    """
    recipe = from_flags(GeneratorRecipe, args)
    training, held_out = options.talks(args)

    def train() -> None:
        from semantic.wav2lip.judge import offset_warnings
        from semantic.wav2lip.training.generator_train import GeneratorTrainer

        trainer = GeneratorTrainer(recipe, training, held_out, args.out, save_every=args.save_every)
        if trainer.model.expert is not None:
            for line in offset_warnings(trainer.model.expert, training):
                print(line, flush=True)
        trainer.run()

    return train


TRAINING = Training("generator", add_arguments, prepare)
