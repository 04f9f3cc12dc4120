"""Batches of windows of talks, each a pure function of the seed and the step."""

from collections.abc import Sequence

import numpy as np

from linksim.errors import LinksimError
from semantic.wav2lip.frames.mel import PEAK, SILENCE
from semantic.wav2lip.frames.talk import Talk
from semantic.wav2lip.networks.sizes import WINDOW

APART = 3
"""Frames that windows of one clip are apart at least: lips hardly move within two."""

LOUDNESS_DB = 6.0
"""Up to which a voice is made louder or softer."""

DB = 2 * PEAK / 100
"""Size of one decibel on the mel spectrogram's scale."""

TURN, SCALE, MOVE = 0.12, 0.08, 3.0
"""Radians, natural logarithm of width and height, and pixels by which the generator's faces are
turned, scaled and moved at most. Without, some hundred faces are learned by heart."""

SHIFT = 2
"""Pixels by which the expert's faces are moved at most: boxes are not exact."""


class SyncBatches:
    """Windows of clips to train the expert on; from one clip, in sync or not, come all pairs.

    Parameters
    ----------
    talks : sequence of Talk
        Where from; any that are too short for so many windows are left out.
    clips, windows : int
        Talks of a batch, drawn with replacement by their weights, and windows of each.
    seed : int
        Seed of all that is drawn.

    Raises
    ------
    LinksimError
        If every talk is too short.
    """

    def __init__(self, talks: Sequence[Talk], *, clips: int, windows: int, seed: int) -> None:
        self._talks = [t for t in talks if len(t.faces) - WINDOW + 1 >= windows * APART]
        if not self._talks:
            need = windows * APART + WINDOW - 1
            raise LinksimError(f"no clip of {need} frames at 25 frames/s, for {windows} windows")
        self._clips, self._windows, self._seed = clips, windows, seed
        self._shares = shares(self._talks)

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        """Return the batch of a step.

        Returns
        -------
        dict
            As `semantic.wav2lip.networks.expert.SyncExpert.call` takes it, float32.
        """
        rng = np.random.default_rng([self._seed, step])
        faces, mel = [], []
        for index in rng.choice(len(self._talks), self._clips, p=self._shares):
            talk = self._talks[index]
            starts = spread_starts(rng, len(talk.faces) - WINDOW + 1, self._windows)
            seen, heard = windows_at(talk, starts)
            faces.append(_tone(rng, _shifted(rng, _mirrored(rng, seen))))
            mel.append(_loudness(rng, heard))
        return {"faces": np.stack(faces), "mel": np.stack(mel)}


class GeneratorBatches:
    """Windows of faces, with reference frames from elsewhere in the clip.

    Parameters
    ----------
    talks : sequence of Talk
        Where from.
    batch : int
        Windows of a step.
    seed : int
        Seed of all that is drawn.
    held : float
        Share of the windows in which, as in a call, one frame is held: it is the reference of
        all five and the face whose lips are to move. In the others, as in dubbing, the face is
        that of the moment and its lips are to be restored.
    frames : int
        Frames of a window. With one, as many rows show five times as many talks.
    """

    def __init__(
        self,
        talks: Sequence[Talk],
        *,
        batch: int,
        seed: int,
        held: float = 0.0,
        frames: int = WINDOW,
    ) -> None:
        self._talks, self._batch, self._seed, self._held = talks, batch, seed, held
        self._frames = frames
        self._shares = shares(talks)

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        """Return the batch of a step.

        Returns
        -------
        dict
            ``face``, ``reference`` and ``target``, float32 [frames batch, 96, 96, 3], and ``mel``,
            float32 [frames batch, 80, 16, 1]; each `frames` rows are one window.
        """
        rng = np.random.default_rng([self._seed, step])
        drawn = rng.choice(len(self._talks), self._batch, p=self._shares)
        rows = [self._window(rng, i) for i in drawn]
        return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}

    def _window(self, rng: np.random.Generator, index: int) -> dict[str, np.ndarray]:
        talk, frames = self._talks[index], self._frames
        starts = len(talk.faces) - frames + 1
        start = int(rng.integers(starts))
        # Anywhere but among the frames to be generated.
        others = [i for i in range(starts) if abs(i - start) >= WINDOW]
        other = int(rng.choice(others))
        held = rng.random() < self._held
        seen = other + np.zeros(frames, int) if held else other + np.arange(frames)
        both = np.concatenate([talk.faces[start : start + frames], talk.arrived[seen]])
        target, reference = np.split(_tone(rng, _turned(rng, _mirrored(rng, both)), 2.0), 2)
        return {
            "face": reference if held else target,
            "reference": reference,
            "target": target,
            "mel": _loudness(rng, talk.voice[start : start + frames]),
        }


def shares(talks: Sequence[Talk]) -> np.ndarray:
    """Return how likely each talk is to be drawn, by their weights: float64, [talks]."""
    weights = np.array([talk.weight for talk in talks])
    return weights / weights.sum()


def spread_starts(rng: np.random.Generator, starts: int, windows: int) -> np.ndarray:
    """Return so many places among `starts`, rising, `APART` or more apart: int, [windows]."""
    every = starts // windows
    free = rng.integers(every - APART + 1, size=windows)
    return rng.integers(starts - every * windows + 1) + every * np.arange(windows) + free


def windows_at(talk: Talk, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return faces, uint8 [n, 5, 96, 96, 3], from each start on, and their mel windows.

    The mel window, float32 [n, 80, 16, 1], is that of the frame in the middle.
    """
    faces = talk.faces[starts[:, None] + np.arange(WINDOW)]
    return faces, talk.voice[starts + WINDOW // 2]


def _mirrored(rng: np.random.Generator, faces: np.ndarray) -> np.ndarray:
    return faces[..., ::-1, :] if rng.random() < 0.5 else faces


def _shifted(rng: np.random.Generator, faces: np.ndarray) -> np.ndarray:
    """Move faces, [..., S, S, 3], all alike; the border is repeated."""
    side = faces.shape[-2]
    down, across = rng.integers(-SHIFT, SHIFT + 1, 2)
    rows, columns = (np.clip(np.arange(side) + d, 0, side - 1) for d in (down, across))
    return faces[..., rows, :, :][..., columns, :]


def _turned(rng: np.random.Generator, faces: np.ndarray) -> np.ndarray:
    """Turn, scale and move faces, [n, S, S, 3], all alike: proportions and boxes differ."""
    angle, scales = rng.uniform(-TURN, TURN), np.exp(rng.uniform(-SCALE, SCALE, 2))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * scales
    middle = np.full(2, (faces.shape[1] - 1) / 2)
    return turned(faces, turn, middle + rng.uniform(-MOVE, MOVE, 2) - turn @ middle)


def turned(faces: np.ndarray, turn: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Move what lies at p = (column, row) of faces, uint8 [n, S, S, 3], to `turn` p + `shift`.

    Interpolation is bilinear; beyond the border faces are reflected. Without OpenCV, which not
    every machine that trains has.
    """
    side = faces.shape[1]
    rows, columns = np.mgrid[:side, :side]
    places = np.stack([columns, rows], axis=-1) - shift
    across, down = np.moveaxis(places @ np.linalg.inv(turn).T, -1, 0)
    left, top = np.floor(across).astype(int), np.floor(down).astype(int)
    right_share, low_share = ((across - left)[..., None], (down - top)[..., None])

    def at(row: np.ndarray, column: np.ndarray) -> np.ndarray:
        row, column = (i % (2 * side) for i in (row, column))
        row, column = (np.minimum(i, 2 * side - 1 - i) for i in (row, column))
        return faces[:, row, column].astype(np.float32)

    above = at(top, left) * (1 - right_share) + at(top, left + 1) * right_share
    below = at(top + 1, left) * (1 - right_share) + at(top + 1, left + 1) * right_share
    return np.round(above * (1 - low_share) + below * low_share).astype(np.uint8)


def _tone(rng: np.random.Generator, faces: np.ndarray, strength: float = 1.0) -> np.ndarray:
    """Change contrast and tint of faces, uint8, all alike; return float32 from 0 to 1."""
    contrast = np.exp(strength * rng.uniform(-0.2, 0.2))
    tint = np.exp(strength * rng.uniform(-0.1, 0.1, 3))
    table = (np.arange(256)[:, None] / 255) ** contrast * tint
    table = np.clip(table, 0, 1).astype(np.float32)
    return np.stack([table[faces[..., k], k] for k in range(3)], -1)


def _loudness(rng: np.random.Generator, mel: np.ndarray) -> np.ndarray:
    change = np.float32(DB * rng.uniform(-LOUDNESS_DB, LOUDNESS_DB))
    return np.where(mel > SILENCE, np.clip(mel + change, -PEAK, PEAK), mel)
