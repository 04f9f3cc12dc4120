"""Train the audio codec on folders of audio.

A run goes on where it stopped when it is started again with the same options.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from linksim.options import check_flags
from linksim.phy.channels import parse_channel
from semantic.asc.recipe import Recipe

MIN_VALIDATION_SECONDS = 4.0
"""Shorter held-out files are left out: words of a list say little about speech."""

RANGES = (
    ("steps", 1, 10**9),
    ("batch", 1, 10**6),
    ("learning_rate", 1e-9, 1.0),
    ("perceptual", 0.0, 1e6),
    ("waveform", 0.0, 1e6),
    ("seed", 0, 2**32 - 1),
    ("save_every", 1, 10**9),
)
"""Least and greatest value of each number among the options."""


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
    parser.add_argument("--steps", type=int, default=plain.steps)
    parser.add_argument("--batch", type=int, default=plain.batch, help="crops of a step")
    parser.add_argument("--learning-rate", type=float, default=plain.learning_rate)
    parser.add_argument("--perceptual", type=float, default=plain.perceptual, help="its weight")
    parser.add_argument("--waveform", type=float, default=plain.waveform, help="weight of eq. (8)")
    parser.add_argument(
        "--link", help="fine-tune through the link itself, over this channel (TensorFlow)"
    )
    parser.add_argument("--start", help="file of weights to start from")
    parser.add_argument("--seed", type=int, default=plain.seed)
    parser.add_argument("--save-every", type=int, default=500, help="steps between checkpoints")


def prepare(args: argparse.Namespace) -> Callable[[], None]:
    """Check the options and read the audio.

    Returns
    -------
    callable
        What trains, or goes on training. Keras is loaded when it is called.

    Raises
    ------
    LinksimError
        If an option is out of range or there is no audio; when called, if the folder holds
        another run.
    """
    from semantic.asc.data import find_audio, load

    check_flags(args, RANGES)
    if args.link is not None:
        parse_channel(args.link)
    recipe = Recipe(
        preset=args.preset,
        steps=args.steps,
        batch=args.batch,
        learning_rate=args.learning_rate,
        perceptual=args.perceptual,
        waveform=args.waveform,
        link=args.link,
        start=args.start,
        seed=args.seed,
    )
    audio = load(find_audio(args.audio, args.without))
    held_out = None
    if args.validation:
        held_out = load(find_audio(args.validation), MIN_VALIDATION_SECONDS)
    music = load(find_audio(args.music, args.without)) if args.music else None

    def train() -> None:
        from semantic.asc.train import Trainer

        Trainer(recipe, audio, held_out, args.out, music=music, save_every=args.save_every).run()

    return train
