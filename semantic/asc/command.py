"""Train the audio codec on folders of audio.

A run goes on where it stopped when it is started again with the same options.
"""

import argparse
from pathlib import Path

from semantic.asc.recipe import Recipe
from semantic.asc.sizes import RATES

MIN_VALIDATION_SECONDS = 4.0
"""Shorter held-out files are left out: words of a list say little about speech."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    plain = Recipe()
    parser.add_argument("--audio", nargs="+", required=True, help="folders of speech (or files)")
    parser.add_argument("--music", nargs="*", default=[], help="folders of music")
    parser.add_argument("--validation", nargs="*", default=[], help="folders of held-out voices")
    parser.add_argument(
        "--without", nargs="*", default=[], help="leave out training files whose path holds this"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--preset", choices=("compact", "paper"), default=plain.preset)
    parser.add_argument("--rate", choices=tuple(RATES), default=plain.rate)
    parser.add_argument("--steps", type=int, default=plain.steps)
    parser.add_argument("--batch", type=int, default=plain.batch, help="crops of a step")
    parser.add_argument("--learning-rate", type=float, default=plain.learning_rate)
    parser.add_argument("--perceptual", type=float, default=plain.perceptual, help="its weight")
    parser.add_argument("--waveform", type=float, default=plain.waveform, help="weight of eq. (8)")
    parser.add_argument("--seed", type=int, default=plain.seed)
    parser.add_argument("--save-every", type=int, default=500, help="steps between checkpoints")


def run(args: argparse.Namespace) -> None:
    """Train, or go on training.

    Raises
    ------
    LinksimError
        If there is no audio, or the folder holds another run.
    """
    from semantic.asc.data import find_audio, load
    from semantic.asc.train import Trainer

    recipe = Recipe(
        preset=args.preset,
        rate=args.rate,
        steps=args.steps,
        batch=args.batch,
        learning_rate=args.learning_rate,
        perceptual=args.perceptual,
        waveform=args.waveform,
        seed=args.seed,
    )
    audio = load(find_audio(args.audio, args.without))
    held_out = None
    if args.validation:
        held_out = load(find_audio(args.validation), MIN_VALIDATION_SECONDS)
    music = load(find_audio(args.music, args.without)) if args.music else None
    trainer = Trainer(recipe, audio, held_out, args.out, music=music, save_every=args.save_every)
    trainer.run()
