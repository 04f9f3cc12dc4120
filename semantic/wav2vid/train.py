"""Train the parts of a call together: Algorithm 1 of the Wav2Vid paper.

::

    clips ─┬─▶ sound ─▶ aggregator and decomposer of ASC, the rest frozen, through fading ───┐
           ├─▶ gate ─▶ effective clips ─▶ JSCC codecs of DVST, likewise ─────────────────────┤
           │                                                                                 ▼
           └─▶ call over the link, at several SNRs ─▶ faces and sound as received ─▶ generator

The modules begin as they were trained alone. The generator comes last, offline, and learns from
what a receiver really has.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from linksim.link.config import LinkConfig
from linksim.link.sending import send
from linksim.link.transmission import Link
from linksim.media import Clip, audio_of, require
from semantic.asc.endpoint import Asc
from semantic.asc.recipe import Recipe as SoundRecipe
from semantic.asc.train import Trainer as SoundTrainer
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
    sound: SoundRecipe,
    codec: Recipe,
    generator: GeneratorRecipe,
    save_every: int = 250,
) -> None:
    """Run Algorithm 1.

    Weights are ``asc/best.npz``, ``dvst/final.npz`` and ``generator/best.npz`` in the folder, for
    options ``sound_weights``, ``video_weights`` and ``weights`` of the scheme.

    Parameters
    ----------
    clips, held_out : sequence of Clip
        Clips with video, and sound at 16 kHz; to train on, and to validate on, which may be empty.
    out : Path
        The folder. A run goes on where it stopped.
    sound, codec, generator : semantic.asc.recipe.Recipe, Recipe, GeneratorRecipe
        Recipes of the audio codec, the video codec and the generator that start from weights.
    save_every : int
        Steps between checkpoints.

    Raises
    ------
    LinksimError
        If the folder holds a run with another recipe, weights cannot be had, or a clip shows
        no face.
    """
    others = _sound_of(held_out) if held_out else None
    SoundTrainer(sound, _sound_of(clips), others, out / "asc", save_every=save_every).run()
    films = [effective(clip) for clip in clips]
    (out / "dvst").mkdir(parents=True, exist_ok=True)
    Trainer(codec, films, [], out / "dvst", save_every=save_every).run()
    weights = {"sound": out / "asc" / "best.npz", "video": out / "dvst" / "final.npz"}
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

    talks, unseen = arrived("training", clips), arrived("held-out", held_out)
    (out / "generator").mkdir(exist_ok=True)
    GeneratorTrainer(generator, talks, unseen, out / "generator", save_every=save_every).run()


def effective(clip: Clip) -> np.ndarray:
    """Return the frames of a clip that the gate sends, uint8 [T, H, W, 3]."""
    require(clip, "training a call", video=True)
    assert clip.frames is not None
    assert clip.fps is not None
    return clip.frames[moving_frames(clip.frames, clip.fps)]


def _sound_of(clips: Sequence[Clip]) -> np.ndarray:
    """Return the sound of some clips, one after the other: int16, [N]."""
    sounds = [audio_of(clip, "training a call") for clip in clips]
    return np.round(32767 * np.clip(np.concatenate(sounds), -1, 1)).astype(np.int16)


def received_talk_of(
    clip: Clip, weights: Mapping[str, Path], link: Link, snr_db: float, seed: int
) -> Talk:
    """Return a clip's true faces, with its sound and its faces as they arrive.

    `weights` has the files of ``"sound"`` and ``"video"``.
    """
    video, _ = send(Dvst(weights=str(weights["video"]), audio="none"), clip, link, snr_db, seed)
    sound, _ = send(Asc(rate="mid", weights=str(weights["sound"])), clip, link, snr_db, seed)
    heard = talk_of(Clip(clip.frames, clip.fps, sound.audio, sound.sample_rate, clip.name))
    seen = talk_of(Clip(video.frames, clip.fps, sound.audio, sound.sample_rate, clip.name))
    return Talk(heard.faces, heard.voice, f"{clip.name} at {snr_db:g} dB", seen.faces)
