"""Train the parts of a call together: Algorithm 1 of the Wav2Vid paper.

::

    clips ─▶ gate ─▶ effective clips ─▶ JSCC codecs of DVST, the rest frozen, through fading ─┐
      │                                                                                      ▼
      └─▶ call over the link, at several SNRs ─▶ faces and sound as received ─▶ generator ◀───┘

The modules begin as they were trained alone. The aggregator and decomposer of the paper, which
put the streams of a call on the channel and take them off it, are the link here and have no
weights. The generator comes last, offline, and learns from what a receiver really has.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from linksim.link.config import LinkConfig
from linksim.link.sending import send
from linksim.link.transmission import Link
from linksim.media import Clip, require
from semantic.asc.endpoint import Asc
from semantic.dvst.endpoint import Dvst
from semantic.dvst.training.recipe import Recipe
from semantic.dvst.training.train import Trainer
from semantic.wav2lip.frames.talk import Talk, kept, talk_of
from semantic.wav2lip.training.generator_train import GeneratorTrainer
from semantic.wav2lip.training.recipe import GeneratorRecipe
from semantic.wav2vid.gate import moving_frames

SNR_DB = (3.0, 8.0, 15.0)
"""Es/N0 at which each clip is sent, in dB."""


def train(
    clips: Sequence[Clip],
    held_out: Sequence[Clip],
    out: Path,
    *,
    codec: Recipe,
    generator: GeneratorRecipe,
    save_every: int = 250,
) -> None:
    """Run Algorithm 1; weights are ``dvst/final.npz`` and ``generator/best.npz`` in the folder.

    Parameters
    ----------
    clips, held_out : sequence of Clip
        Clips with video, and sound at 16 kHz; to train on, and to validate on, which may be empty.
    out : Path
        The folder. A run goes on where it stopped.
    codec, generator : Recipe, GeneratorRecipe
        Recipes that start from weights.
    save_every : int
        Steps between checkpoints.

    Raises
    ------
    LinksimError
        If the folder holds a run with another recipe, weights cannot be had, or a clip shows
        no face.
    """
    films = [effective(clip) for clip in clips]
    (out / "dvst").mkdir(parents=True, exist_ok=True)
    Trainer(codec, films, [], out / "dvst", save_every=save_every).run()
    weights = out / "dvst" / "final.npz"
    link = Link(LinkConfig(channel="rayleigh", estimator="perfect"))

    def arrived(kind: str, some: Sequence[Clip]) -> list[Talk]:
        return [
            kept(
                out / "received",
                f"{kind}-{number}-{snr_db:g}",
                partial(received_talk_of, clip, weights, link, snr_db, number),
            )
            for number, clip in enumerate(some)
            for snr_db in SNR_DB
        ]

    talks, others = arrived("training", clips), arrived("held-out", held_out)
    (out / "generator").mkdir(exist_ok=True)
    GeneratorTrainer(generator, talks, others, out / "generator", save_every=save_every).run()


def effective(clip: Clip) -> np.ndarray:
    """Return the frames of a clip that the gate sends, uint8 [T, H, W, 3]."""
    require(clip, "training a call", video=True)
    assert clip.frames is not None
    assert clip.fps is not None
    return clip.frames[moving_frames(clip.frames, clip.fps)]


def received_talk_of(clip: Clip, weights: Path, link: Link, snr_db: float, seed: int) -> Talk:
    """Return a clip's true faces, with its sound and its faces as they arrive."""
    video, _ = send(Dvst(weights=str(weights), audio="none"), clip, link, snr_db, seed)
    sound, _ = send(Asc(rate="mid"), clip, link, snr_db, seed)
    heard = talk_of(Clip(clip.frames, clip.fps, sound.audio, sound.sample_rate, clip.name))
    seen = talk_of(Clip(video.frames, clip.fps, sound.audio, sound.sample_rate, clip.name))
    return Talk(heard.faces, heard.voice, f"{clip.name} at {snr_db:g} dB", seen.faces)
