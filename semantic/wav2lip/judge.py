"""Lip synchrony by the expert: how well lips follow a voice, and by how much one is late.

LSE-D and LSE-C are defined as by Chung and Zisserman, "Out of Time: Automated Lip Sync in the
Wild", ACCV Workshops 2016, on the vectors of the expert here. As these have length 1, numbers
compare with one another and not with published ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from keras import ops

from linksim.errors import LinksimError
from semantic.wav2lip.batches import windows_at
from semantic.wav2lip.frames.talk import Talk
from semantic.wav2lip.networks.expert import SyncExpert
from semantic.wav2lip.networks.sizes import FPS, WINDOW

REACH = 15
"""Frames by which voice and faces are shifted against each other at most."""

SURE = 0.1
"""Confidence from which on an offset is worth a warning."""

AT_ONCE = 32
"""Windows that are embedded together."""


@dataclass(frozen=True)
class SyncScore:
    """The expert's verdict on a clip.

    Parameters
    ----------
    distance : float
        LSE-D: mean distance of faces and voice at the best offset; 0 to sqrt(2), less is better.
    confidence : float
        LSE-C: by how much that is under the median over all offsets; more is better.
    offset : int
        Frames of 1/25 s by which the voice is late at the best match; 0 in sync.
    n : int
        Windows judged.
    """

    distance: float
    confidence: float
    offset: int
    n: int


def judge(expert: SyncExpert, talk: Talk) -> SyncScore:
    """Score a talk.

    Raises
    ------
    LinksimError
        If it has fewer than 7 frames, too few for three windows.
    """
    starts = np.arange(len(talk.faces) - WINDOW + 1)
    if len(starts) < 3:
        raise LinksimError(f"{talk.name}: {len(talk.faces)} frames are too few to judge its sync")
    v, a = [], []
    for places in np.array_split(starts, -(-len(starts) // AT_ONCE)):
        faces, mel = windows_at(talk, places)
        v.append(ops.convert_to_numpy(expert.embed_faces(faces.astype(np.float32) / 255)))
        a.append(ops.convert_to_numpy(expert.embed_voice(mel)))
    return score(np.concatenate(v), np.concatenate(a))


def score(faces: np.ndarray, voice: np.ndarray) -> SyncScore:
    """Score vectors of consecutive windows, float32 [n, channels] each."""
    reach = min(REACH, len(faces) - 2)
    shifts = np.arange(-reach, reach + 1)
    distances = np.array([_distance(faces, voice, int(shift)) for shift in shifts])
    best = int(distances.argmin())
    confidence = float(np.median(distances) - distances[best])
    return SyncScore(float(distances[best]), confidence, int(shifts[best]), len(faces))


def _distance(faces: np.ndarray, voice: np.ndarray, shift: int) -> float:
    """Return the mean distance of faces and the voice so many frames later."""
    if shift < 0:
        faces, voice, shift = voice, faces, -shift
    return float(np.linalg.norm(faces[: len(faces) - shift] - voice[shift:], axis=1).mean())


def offset_warnings(expert: SyncExpert, talks: Sequence[Talk]) -> list[str]:
    """Return a line for each talk whose voice is surely early or late; they harm training."""
    lines = []
    for talk in talks:
        said = judge(expert, talk)
        if abs(said.offset) > 1 and said.confidence > SURE:
            late = "late" if said.offset > 0 else "early"
            seconds = abs(said.offset) / FPS
            lines.append(f"warning: {talk.name}: the voice seems to be {seconds:.2f} s {late}")
    return lines
