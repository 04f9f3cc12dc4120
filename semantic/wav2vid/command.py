"""Train the parts of a call together, as in Algorithm 1 of the Wav2Vid paper.

A run goes on where it stopped when it is started again with the same options.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from linksim.errors import LinksimError
from linksim.flags import add_flags, from_flags
from linksim.options import option
from semantic.asc.recipe import Recipe as SoundRecipe
from semantic.dvst.training.recipe import Recipe
from semantic.training.flags import add_run
from semantic.training.registry import Training
from semantic.wav2lip.training.recipe import GeneratorRecipe


@dataclass(frozen=True, kw_only=True)
class Options:
    """Lengths of the parts of training, what they start from, and the clips."""

    generated: int = option(0, "synthetic clips to add (extra 'clip')", within=(0, 10**4))
    seconds: float = option(3.0, "greatest length taken of each clip", "s", within=(1.0, 1e6))
    sound_steps: int = option(200, "training steps of the audio codec", within=(1, 10**9))
    codec_steps: int = option(300, "training steps of the JSCC codecs", within=(1, 10**9))
    generator_steps: int = option(1000, "training steps of the generator", within=(1, 10**9))
    sound: str | None = option(None, "weights of the audio codec to start from")
    codec: str | None = option(None, "weights of the video codec to start from")
    generator: str | None = option(None, "weights of the generator to start from")
    seed: int = option(0, "seed of clips and batches", within=(0, 2**32 - 1))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--video", nargs="*", default=[], help="folders of talkers (or files)")
    parser.add_argument("--validation", nargs="*", default=[], help="the same, held out")
    parser.add_argument(
        "--without", nargs="*", default=[], help="leave out training files whose path holds this"
    )
    add_run(parser)
    add_flags(parser, Options)


def prepare(args: argparse.Namespace) -> Callable[[], None]:
    """Check the options and read the clips; see `semantic.training.registry.Training`.

    Raises
    ------
    LinksimError
        If an option is out of range or there is no clip; when called, if the folder holds
        another run.
    """
    from linksim.media import Clip, read
    from semantic.training.videos import find_videos

    options = from_flags(Options, args)
    if not args.video and not options.generated:
        raise LinksimError("no clip to learn from: pass --video or --generated")

    def load(places: list[str], without: list[str]) -> list[Clip]:
        files = find_videos(places, without) if places else []
        return [read(file, max_seconds=options.seconds) for file in files]

    clips, held_out = load(args.video, args.without), load(args.validation, [])

    def train() -> None:
        from linksim.media.synthetic.heads import speaking_head
        from semantic.training.weights import path_of
        from semantic.wav2vid.train import train as run

        seed = options.seed
        made = [speaking_head(seed, i, options.seconds).clip for i in range(options.generated)]
        run(
            clips + made,
            held_out,
            args.out,
            sound=SoundRecipe(
                steps=options.sound_steps,
                bridge=True,
                learning_rate=1e-4,
                start=options.sound or str(path_of("asc", "compact")),
                seed=seed,
            ),
            codec=Recipe(
                steps=options.codec_steps,
                entropy=0.0,
                density_steps=0,
                post_steps=0,
                start=options.codec or str(path_of("dvst", "compact")),
                seed=seed,
            ),
            generator=GeneratorRecipe(
                steps=options.generator_steps,
                plain=1.0,
                held=1.0,
                learning_rate=2e-4,
                w_s=0.0,
                w_g=0.0,
                start=options.generator or str(path_of("generator", "compact")),
                seed=seed,
            ),
            save_every=args.save_every,
        )

    return train


TRAINING = Training("wav2vid", add_arguments, prepare, through_link=True)
