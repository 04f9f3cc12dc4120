"""Random crops of videos, to train on."""

from collections.abc import Sequence
from itertools import accumulate, pairwise

import cv2
import numpy as np

from linksim.errors import LinksimError
from semantic.dvst.training.films import FASTEST, seen_through
from semantic.training.videos import check_frames

BLOCK = 16
"""Side of the squares whose change over time is known."""

SENSOR_NOISE = 2.0
"""Mean absolute difference of two frames, of 255, that noise alone explains."""

SCENE_CUT = 40.0
"""Mean absolute difference of two frames, of 255, that no motion explains."""

WHERE_IT_MOVES = 0.3
"""Share of the crops that are drawn where the video changes."""

STRIDES, STRIDE_SHARES = (1, 2, 3), (0.9, 0.07, 0.03)
"""Frames from one of a crop to the next, and how often each distance is drawn."""

PANNED = 0.1
"""Share of the crops whose window moves; of still pictures all do."""


class Crops:
    """Random crops of videos, each a pure function of seed, step and place in the batch.

    Parameters
    ----------
    videos : sequence of np.ndarray
        uint8, shape [T, H, W, 3] each; too small ones are reflected at their borders, too
        short ones are played to and fro.
    size : int
        Height and width of a crop.
    frames : int
        Its length.
    seed : int
        Seed of all crops; with the step, all that one depends on.
    weights : sequence of float or None
        How often to draw from each video; None takes the root of its number of pixels.
    """

    def __init__(
        self,
        videos: Sequence[np.ndarray],
        *,
        size: int,
        frames: int,
        seed: int = 0,
        weights: Sequence[float] | None = None,
    ) -> None:
        if size < 1 or frames < 1:
            raise LinksimError(f"size and frames must be at least 1, not {size} and {frames}")
        if not videos:
            raise LinksimError("there is no video to train on")
        for i, video in enumerate(videos):
            check_frames(video, f"video {i}")
        # Where files are mapped, plain arrays index faster and still read what is used only.
        self._videos = [np.asarray(video) for video in videos]
        self._size, self._frames, self._seed = size, frames, seed
        self._shares = _shares(self._videos, weights)
        self._changes = [_Changes(video) for video in self._videos]

    def batch(self, step: int, n: int) -> np.ndarray:
        """Return crops: uint8, shape [n, frames, size, size, 3]."""
        out = np.empty((n, self._frames, self._size, self._size, 3), np.uint8)
        for i, crop in enumerate(out):
            self._draw(np.random.default_rng([self._seed, step, i]), crop)
        return out

    def _draw(self, rng: np.random.Generator, crop: np.ndarray) -> None:
        which = int(np.searchsorted(self._shares, rng.random(), "right"))
        which = min(which, len(self._shares) - 1)
        video = self._videos[which]
        hit = self._changes[which].draw(rng) if rng.random() < WHERE_IT_MOVES else None
        times = self._times(rng, len(video), None if hit is None else hit[0])
        height, width = video.shape[1:3]
        top = _place(rng, height, self._size, None if hit is None else hit[1])
        left = _place(rng, width, self._size, None if hit is None else hit[2])
        if len(video) == 1 or rng.random() < PANNED:
            self._pan(rng, video, times, (top, left), crop)
        elif min(height, width) < self._size:
            for out, t in zip(crop, times, strict=True):
                out[:] = seen_through(
                    video[t], self._still(top, left), self._size, cv2.BORDER_REFLECT_101
                )
        else:
            for out, t in zip(crop, times, strict=True):
                out[:] = video[t, top : top + self._size, left : left + self._size]
        flipped = crop[:, :, ::-1] if rng.random() < 0.5 else crop
        flat = np.ascontiguousarray(flipped).reshape(-1, self._size, 3)
        crop[:] = cv2.LUT(flat, _colours(rng)).reshape(crop.shape)

    def _times(self, rng: np.random.Generator, length: int, inside: int | None) -> list[int]:
        """Draw the frames, so that the change from frame `inside` to the next is among them."""
        steps = self._frames - 1
        stride = int(rng.choice(STRIDES, p=STRIDE_SHARES))
        if steps * stride >= length:
            stride = 1
        span = steps * stride
        if span >= length:
            start = 0
        elif span == 0:
            start = _place(rng, length, 1, inside)
        else:  # changes lie between frames
            start = _place(rng, length - 1, span, inside)
        times = [_to_and_fro(start + stride * i, length) for i in range(self._frames)]
        return times[::-1] if rng.random() < 0.5 else times

    def _still(self, top: int, left: int) -> np.ndarray:
        return np.array([[1.0, 0, left + self._size / 2], [0, 1, top + self._size / 2]])

    def _pan(
        self,
        rng: np.random.Generator,
        video: np.ndarray,
        times: Sequence[int],
        corner: tuple[int, int],
        crop: np.ndarray,
    ) -> None:
        """Move the window steadily, as seen from the middle of the sequence; sub-pixel."""
        pace = FASTEST * rng.uniform(0, 1) ** 1.5
        towards = rng.uniform(0, 2 * np.pi)
        velocity = pace * np.array([np.cos(towards), np.sin(towards)])
        turning, zooming = np.radians(rng.uniform(-0.7, 0.7)), rng.uniform(-0.008, 0.008)
        if rng.random() < 0.5:  # most cameras do not roll
            turning = zooming = 0.0
        for i, (out, t) in enumerate(zip(crop, times, strict=True)):
            since = i - (len(times) - 1) / 2
            angle, scale = turning * since, np.exp(zooming * since)
            cos, sin = scale * np.cos(angle), scale * np.sin(angle)
            view = self._still(*corner)
            view[:, :2] = [[cos, -sin], [sin, cos]]
            view[:, 2] += velocity * since
            out[:] = seen_through(video[t], view, self._size, cv2.BORDER_REFLECT_101)


def _shares(videos: Sequence[np.ndarray], weights: Sequence[float] | None) -> np.ndarray:
    """Return how often each video is drawn, added up: float64, shape [videos]."""
    if weights is None:
        weights = [(video.size / 3) ** 0.5 for video in videos]
    elif len(weights) != len(videos) or min(weights) < 0 or not 0 < sum(weights) < float("inf"):
        raise LinksimError(f"weights must be {len(videos)} numbers from 0, not all 0")
    return np.array(list(accumulate(weights))) / sum(weights)


def _place(rng: np.random.Generator, room: int, length: int, inside: int | None) -> int:
    """Draw where a stretch begins, so that it holds `inside`; it overhangs where it must."""
    low, high = min(0, room - length), max(0, room - length)
    if inside is not None:
        low, high = max(low, inside - length + 1), min(high, inside)
    return int(rng.integers(low, high + 1))


def _to_and_fro(t: int, length: int) -> int:
    """Return the frame at time `t` of one that turns at its ends."""
    t %= max(2 * length - 2, 1)
    return min(t, 2 * length - 2 - t)


def _colours(rng: np.random.Generator) -> np.ndarray:
    """Draw a gain, a gamma and a tint: uint8, shape [256, 1, 3]."""
    gain, gamma = np.exp(rng.uniform(-0.15, 0.15, 2))
    tint = np.exp(rng.uniform(-0.05, 0.05, 3))
    levels = (np.arange(256) / 255)[:, None, None]
    return np.clip(np.round(255 * gain * tint * levels**gamma), 0, 255).astype(np.uint8)


class _Changes:
    """The blocks of a video that change, and when."""

    def __init__(self, video: np.ndarray) -> None:
        _, height, width, _ = video.shape
        self._grid = max(height // BLOCK, 1), max(width // BLOCK, 1)
        self._cell = height / self._grid[0], width / self._grid[1]
        change = [self._between(a, b) for a, b in pairwise(video)]
        self._sum = np.cumsum(np.stack(change), dtype=np.float64) if change else np.zeros(1)

    def _between(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        size = self._grid[::-1]
        blocks = cv2.resize(cv2.absdiff(before, after), size, interpolation=cv2.INTER_AREA)
        change = blocks.reshape(*self._grid, 3).mean(-1, dtype=np.float32)
        if change.mean() > SCENE_CUT:
            return np.zeros_like(change)
        # Above some level it is contrast rather than motion that makes the difference.
        return np.clip(change - SENSOR_NOISE, 0, 20)

    def draw(self, rng: np.random.Generator) -> tuple[int, int, int] | None:
        """Draw a frame, row and column, in proportion to the change; None if all is still."""
        if self._sum[-1] <= 0:
            return None
        found = np.searchsorted(self._sum, rng.random() * self._sum[-1], "right")
        t, block = divmod(int(min(found, len(self._sum) - 1)), self._grid[0] * self._grid[1])
        row, column = divmod(block, self._grid[1])
        (high, wide), (u, v) = self._cell, rng.random(2)
        return t, int((row + u) * high), int((column + v) * wide)
