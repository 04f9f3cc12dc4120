"""Train the video codec on folders of video.

A run goes on where it stopped when it is started again with the same options.
"""

import argparse
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

from linksim.options import check_range
from semantic.dvst.training.recipe import Recipe

BUILT_IN_FACE = "astronaut"
"""The photograph of the built-in clips, which stay unseen."""

FILM_FRAMES, FILM_SIZE = 12, 256

RANGES = (
    ("steps", 1, 10**9),
    ("batch", 1, 10**6),
    ("frames", 2, 100),
    ("size", 16, 4096),
    ("lam", 1e-9, 1e9),
    ("learning_rate", 1e-9, 1.0),
    ("joint", 0.0, 0.9),
    ("density_steps", 0, 10**9),
    ("post_steps", 0, 10**9),
    ("seconds", 0.04, 1e6),
    ("generated", 0, 1000),
    ("seed", 0, 2**32 - 1),
    ("save_every", 1, 10**9),
)
"""Least and greatest value of each number among the options."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    plain = Recipe()
    parser.add_argument("--video", nargs="+", required=True, help="folders of video (or files)")
    parser.add_argument("--validation", nargs="*", default=[], help="files of held-out video")
    parser.add_argument(
        "--without", nargs="*", default=[], help="leave out training files whose path holds this"
    )
    parser.add_argument(
        "--generated", type=int, default=0, help="films of each photograph to add (extra 'clip')"
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="most to take of each file")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--preset", choices=("compact", "paper"), default=plain.preset)
    parser.add_argument("--lambda", dest="lam", type=float, default=plain.lam, help="of eq. (10)")
    parser.add_argument("--distortion", choices=("psnr", "ms-ssim"), default=plain.distortion)
    parser.add_argument("--steps", type=int, default=plain.steps)
    parser.add_argument(
        "--joint", type=float, default=plain.joint, help="share of steps that train everything"
    )
    parser.add_argument("--density-steps", type=int, default=plain.density_steps)
    parser.add_argument("--post-steps", type=int, default=plain.post_steps)
    parser.add_argument("--batch", type=int, default=plain.batch, help="crops of a step")
    parser.add_argument("--size", type=int, default=plain.size, help="of a crop, in pixels")
    parser.add_argument("--frames", type=int, default=plain.frames, help="of a crop")
    parser.add_argument("--learning-rate", type=float, default=plain.learning_rate)
    parser.add_argument("--start", help="file of weights to start from")
    parser.add_argument("--seed", type=int, default=plain.seed)
    parser.add_argument("--save-every", type=int, default=250, help="steps between checkpoints")


def prepare(args: argparse.Namespace) -> Callable[[], None]:
    """Check the options and read the video.

    Returns
    -------
    callable
        What trains, or goes on training. Keras is loaded when it is called.

    Raises
    ------
    LinksimError
        If an option is out of range or there is no video; when called, if the folder holds
        another run.
    """
    from semantic.dvst.training.films import moving_pictures, photographs
    from semantic.training.videos import find_videos, load

    for name, low, high in RANGES:
        shown = "lambda" if name == "lam" else name.replace("_", "-")
        check_range(f"--{shown}", getattr(args, name), low, high)
    names = {f.name for f in fields(Recipe)} & set(vars(args))
    recipe = Recipe(**{name: getattr(args, name) for name in names})
    videos = load(find_videos(args.video, args.without), seconds=args.seconds)
    if args.generated:
        still = photographs(without=[BUILT_IN_FACE])
        for film in range(args.generated):
            videos += moving_pictures(still, FILM_FRAMES, FILM_SIZE, args.seed + film)
    held_out = load(find_videos(args.validation)) if args.validation else []

    def train() -> None:
        from semantic.dvst.training.train import Trainer

        Trainer(recipe, videos, held_out, args.out, save_every=args.save_every).run()

    return train
