"""Train the lip-sync video generator on talking heads.

A run goes on where it stopped when it is started again with the same options.
"""

import argparse
from collections.abc import Callable
from dataclasses import fields

from semantic.wav2lip.training import options
from semantic.wav2lip.training.recipe import ADVERSARIAL, GeneratorRecipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    plain = GeneratorRecipe(w_s=0.0)
    options.add_shared(parser, plain)
    parser.add_argument(
        "--w-s", type=float, default=GeneratorRecipe.w_s, help="weight of E_sync in eq. (11)"
    )
    parser.add_argument("--w-g", type=float, default=plain.w_g, help="weight of L_gen in eq. (11)")
    parser.add_argument("--adversarial", choices=ADVERSARIAL, default=plain.adversarial)
    parser.add_argument(
        "--plain", type=float, default=plain.plain, help="share of the steps with w_s = w_g = 0"
    )
    parser.add_argument(
        "--held", type=float, default=plain.held, help="share of windows that animate one frame"
    )
    parser.add_argument("--expert", help="weights of 'linksim train sync-expert'")
    parser.add_argument(
        "--expert-preset", choices=("compact", "paper"), default=plain.expert_preset
    )


def prepare(args: argparse.Namespace) -> Callable[[], None]:
    """Check the options and read the clips.

    Returns
    -------
    callable
        What trains, or goes on training. Keras is loaded when it is called.

    Raises
    ------
    LinksimError
        If an option is out of range, no clip can be used or the expert is missing; when
        called, if the folder holds another run.
    """
    options.check(args)
    names = {f.name for f in fields(GeneratorRecipe)} & set(vars(args))
    recipe = GeneratorRecipe(**{name: getattr(args, name) for name in names})
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
