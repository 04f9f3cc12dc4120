"""Train the parts of a call together, as in Algorithm 1 of the Wav2Vid paper.

A run goes on where it stopped when it is started again with the same options.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from linksim.errors import LinksimError
from linksim.options import check_flags
from semantic.dvst.training.recipe import Recipe
from semantic.wav2lip.training.recipe import GeneratorRecipe

RANGES = (
    ("codec_steps", 1, 10**9),
    ("generator_steps", 1, 10**9),
    ("generated", 0, 10**4),
    ("seconds", 1.0, 1e6),
    ("seed", 0, 2**32 - 1),
    ("save_every", 1, 10**9),
)
"""Least and greatest value of each number among the options."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--video", nargs="*", default=[], help="folders of talkers (or files)")
    parser.add_argument("--validation", nargs="*", default=[], help="the same, held out")
    parser.add_argument(
        "--without", nargs="*", default=[], help="leave out training files whose path holds this"
    )
    parser.add_argument(
        "--generated", type=int, default=0, help="synthetic clips to add (extra 'clip')"
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="most to take of each clip")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--codec-steps", type=int, default=300, help="of the JSCC codecs")
    parser.add_argument("--generator-steps", type=int, default=1000)
    parser.add_argument("--codec", help="weights of the video codec to start from")
    parser.add_argument("--generator", help="likewise, of the generator")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save-every", type=int, default=250, help="steps between checkpoints")


def prepare(args: argparse.Namespace) -> Callable[[], None]:
    """Check the options and read the clips.

    Returns
    -------
    callable
        What trains, or goes on training. Keras is loaded when it is called.

    Raises
    ------
    LinksimError
        If an option is out of range or there is no clip; when called, if the folder holds
        another run.
    """
    from linksim.media import Clip, read
    from semantic.training.videos import find_videos

    check_flags(args, RANGES)
    if not args.video and not args.generated:
        raise LinksimError("no clip to learn from: pass --video or --generated")

    def load(places: list[str], without: list[str]) -> list[Clip]:
        files = find_videos(places, without) if places else []
        return [read(file, max_seconds=args.seconds) for file in files]

    clips, held_out = load(args.video, args.without), load(args.validation, [])

    def train() -> None:
        from linksim.media.synthetic.heads import speaking_head
        from semantic.training.weights import path_of
        from semantic.wav2vid.train import train as run

        made = [speaking_head(args.seed, i, args.seconds).clip for i in range(args.generated)]
        codec = args.codec or str(path_of("dvst", "compact"))
        generator = args.generator or str(path_of("generator", "compact"))
        run(
            clips + made,
            held_out,
            args.out,
            codec=Recipe(
                steps=args.codec_steps,
                entropy=0.0,
                density_steps=0,
                post_steps=0,
                start=codec,
                seed=args.seed,
            ),
            generator=GeneratorRecipe(
                steps=args.generator_steps,
                plain=1.0,
                held=1.0,
                learning_rate=2e-4,
                w_s=0.0,
                w_g=0.0,
                start=generator,
                seed=args.seed,
            ),
            save_every=args.save_every,
        )

    return train
