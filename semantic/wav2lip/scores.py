"""Scores of the generator and of the expert on clips held out.

Faces are generated as in a call: the first face of a clip is held for all others.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from keras import ops

from linksim.media.faces.mesh import OUTER_EYES, face_mesh
from semantic.training.channel import fixed_randomness
from semantic.wav2lip.frames.animate import AT_ONCE
from semantic.wav2lip.frames.face import mouth_l1, mouth_psnr
from semantic.wav2lip.frames.talk import Talk
from semantic.wav2lip.judge import judge
from semantic.wav2lip.networks.expert import SyncExpert
from semantic.wav2lip.networks.generator import Generator
from semantic.wav2lip.networks.mouth_codec import MouthCodec
from semantic.wav2lip.networks.sizes import FPS, SIDE
from semantic.wav2lip.training.expert_train import accuracy, pair_matrix
from semantic.wav2lip.training.personalise import personalised

INNER_LIPS = (13, 14)
"""Points of the mesh: middle of the upper and of the lower lip, where they meet."""

RESAMPLINGS = 2000

CODED_DB = 10.0
"""Mean Es/N0 at which coded lips are scored, in dB."""

RANDOM_STATE = (7, 8)


def expert_accuracy(expert: SyncExpert, talks: Sequence[Talk]) -> tuple[float, float, float]:
    """Return how surely windows in sync and off sync are told apart: mean and 95 % interval.

    The accuracy of a clip is as of `expert_train.ExpertTrainer.validate`; the interval is from
    drawing clips again (percentile bootstrap), and has no width for a single clip.
    """
    each = np.array([accuracy(pair_matrix(expert, talk)) for talk in talks])
    drawn = np.random.default_rng(0).integers(len(each), size=(RESAMPLINGS, len(each)))
    low, high = np.quantile(each[drawn].mean(1), (0.025, 0.975))
    return float(each.mean()), float(low), float(high)


def generator_scores(generator: Generator, expert: SyncExpert, talk: Talk) -> dict[str, float]:
    """Score a talk's generated lips.

    Parameters
    ----------
    generator : Generator
        Generator with its weights.
    expert : SyncExpert
        Who judges; of no part in the generator's training.
    talk : Talk
        Not trained on.

    Returns
    -------
    dict
        Mean absolute differences to the true faces in the mouth region, of 1: ``copied``, the
        first face; ``generated``; ``other_voice``, generated with the voice of half a clip
        later. ``generated_psnr``, PSNR in dB there. ``opening``, the correlation of how far the
        mouth is open with the truth, NaN if either does not move. ``lse_c`` of the truth, of what
        was generated and of the true
        faces with the voice of half a clip later: ``lse_c_true``, ``lse_c_generated``,
        ``lse_c_other``.
    """
    other = replace(talk, voice=np.roll(talk.voice, len(talk.voice) // 2, axis=0))
    made, wrong = generated_faces(generator, talk), generated_faces(generator, other)
    return {
        "copied": mouth_l1(talk.faces, talk.faces[:1]),
        "generated": mouth_l1(talk.faces, made),
        "generated_psnr": mouth_psnr(talk.faces, made),
        "other_voice": mouth_l1(talk.faces, wrong),
        "opening": correlation(openings(talk.faces), openings(made)),
        "lse_c_true": judge(expert, talk).confidence,
        "lse_c_generated": judge(expert, replace(talk, faces=made)).confidence,
        "lse_c_other": judge(expert, other).confidence,
    }


def coded_scores(codec: MouthCodec, talk: Talk) -> dict[str, float]:
    """Score a talk whose lips the mouth codec draws, at `CODED_DB` of flat Rayleigh fading.

    Parameters
    ----------
    codec : MouthCodec
        Codec with its weights.
    talk : Talk
        Not trained on. The first face is held, as for `generator_scores`.

    Returns
    -------
    dict
        ``coded``, mean absolute difference in the mouth region, of 1; ``coded_psnr``, its PSNR in
        dB; ``coded_opening``, the correlation of how far the mouth is open with the truth.
    """
    made = coded_faces(codec, talk)
    return {
        "coded": mouth_l1(talk.faces, made),
        "coded_psnr": mouth_psnr(talk.faces, made),
        "coded_opening": correlation(openings(talk.faces), openings(made)),
    }


def coded_faces(codec: MouthCodec, talk: Talk) -> np.ndarray:
    """Return faces, uint8 [T, 96, 96, 3], of a talk as the mouth codec's receiver draws them."""
    made = []
    with fixed_randomness(codec.channel, RANDOM_STATE):
        for first in range(0, len(talk.faces), AT_ONCE):
            target = talk.faces[first : first + AT_ONCE].astype(np.float32) / 255
            inputs = {
                "target": target,
                "reference": np.broadcast_to(talk.faces[:1] / np.float32(255), target.shape),
                "snr_db": np.full(len(target), CODED_DB, np.float32),
            }
            made.append(ops.convert_to_numpy(codec(inputs, training=False)))
    return np.round(255 * np.clip(np.concatenate(made), 0, 1)).astype(np.uint8)


def personalised_scores(generator: Generator, talk: Talk) -> tuple[float, float]:
    """Return `mouth_l1` after the first second, before and after learning from that second."""
    first, rest = (
        Talk(talk.faces[part], talk.voice[part], talk.name)
        for part in (slice(FPS), slice(FPS, None))
    )
    own = personalised(generator, first)
    held = first.faces[-1]
    before, after = (generated_faces(g, rest, held) for g in (generator, own))
    return mouth_l1(rest.faces, before), mouth_l1(rest.faces, after)


def generated_faces(generator: Generator, talk: Talk, held: np.ndarray | None = None) -> np.ndarray:
    """Return faces, uint8 [T, 96, 96, 3], that speak as a talk does; `held`, else the first."""
    if not generator.compiled:
        generator.compile(jit_compile=False)
    held = (talk.faces[0] if held is None else held).astype(np.float32) / 255
    faces = np.broadcast_to(held, (AT_ONCE, *held.shape))
    made = []
    for first in range(0, len(talk.voice), AT_ONCE):
        these = np.arange(first, first + AT_ONCE).clip(max=len(talk.voice) - 1)
        inputs = {"face": faces, "reference": faces, "mel": talk.voice[these]}
        made.append(generator.predict_on_batch(inputs))
    spoken = np.concatenate(made)[: len(talk.voice)]
    return np.round(255 * np.clip(spoken, 0, 1)).astype(np.uint8)


def openings(faces: np.ndarray) -> np.ndarray:
    """Return how far apart the lips are, over the distance of the eyes: float64, [n]."""
    return np.array([_opening(face) for face in faces])


def _opening(face: np.ndarray) -> float:
    mesh = face_mesh(face, (SIDE / 2, SIDE / 2), SIDE)
    eyes = np.linalg.norm(np.subtract(*mesh[list(OUTER_EYES)]))
    return float(np.linalg.norm(np.subtract(*mesh[list(INNER_LIPS)])) / eyes)


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Return Pearson's correlation, NaN where one is constant."""
    if min(one.std(), other.std()) < 1e-9:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])
