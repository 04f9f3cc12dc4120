"""Films of photographs: a camera that moves, and something that passes before it."""

from collections.abc import Sequence

import cv2
import numpy as np

from linksim.errors import LinksimError
from linksim.media.photographs import photograph_folder
from semantic.training.videos import check_frames, read_picture

PHOTOGRAPHS = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg")
"""Photographs in colour of things that one can meet, among what scikit-image ships."""

FINER = 2
"""Moving pictures are drawn so many times finer and then averaged, lest they alias."""

FASTEST = 6.0
"""Pixels a frame that a camera or a thing before it moves at most, in each direction."""


def photographs(without: Sequence[str] = ()) -> list[np.ndarray]:
    """Return the photographs that come with scikit-image.

    Parameters
    ----------
    without : sequence of str
        Those whose name holds one of these texts are left out; the built-in talking head
        is made of ``"astronaut"``.

    Returns
    -------
    list of np.ndarray
        uint8, shape [H, W, 3] each.

    Raises
    ------
    LinksimError
        If scikit-image is not installed.
    """
    folder = photograph_folder()
    names = [name for name in PHOTOGRAPHS if not any(text in name for text in without)]
    return [read_picture(folder / name) for name in names]


def moving_pictures(
    pictures: Sequence[np.ndarray], frames: int, size: int, seed: int
) -> list[np.ndarray]:
    """Film still pictures with a moving camera, while a piece of another passes in front.

    Parameters
    ----------
    pictures : sequence of np.ndarray
        uint8, shape [H, W, 3] each.
    frames : int
        Length T of each clip.
    size : int
        Height and width S of its frames.
    seed : int
        All that a clip depends on besides the pictures.

    Returns
    -------
    list of np.ndarray
        For each picture uint8, shape [T, S, S, 3].
    """
    if frames < 1 or size < 1:
        raise LinksimError(f"frames and size must be at least 1, not {frames} and {size}")
    clips = []
    for i, picture in enumerate(pictures):
        check_frames(picture[None], f"picture {i}")
        rng = np.random.default_rng([seed, i])
        # Any but this one, where there are several.
        other = pictures[(i + int(rng.integers(1, max(len(pictures), 2)))) % len(pictures)]
        clips.append(_film(rng, picture, other, frames, size))
    return clips


def _film(
    rng: np.random.Generator, picture: np.ndarray, other: np.ndarray, frames: int, size: int
) -> np.ndarray:
    height, width = picture.shape[:2]
    # From half of what fits to all of it is seen; no further away than `FINER` allows.
    scale = min(rng.uniform(0.5, 1.0) * min(height, width) / size, 0.8 * FINER)
    room = np.maximum(np.array([width, height]) - scale * size, 0) / 2
    camera = _camera_path(rng, frames, room, scale)
    camera[:, :2] += (width / 2, height / 2)

    piece = _piece(rng, other, round(rng.uniform(0.3, 0.6) * size))
    passing = _camera_path(rng, frames, np.full(2, 0.35 * size), 1.0)
    clip = np.empty((frames, size, size, 3), np.uint8)
    fine = FINER * size
    for out, seen, moved in zip(clip, camera, passing, strict=True):
        back = _view(picture, seen, fine, cv2.BORDER_REFLECT_101).astype(np.float32)
        # What moves right is seen by a camera that moves left.
        moved = moved * (-1, -1, 1, 1) + (len(piece) / 2, len(piece) / 2, 0, 0)
        front = _view(piece, moved, fine, cv2.BORDER_CONSTANT)
        drawn = front[..., :3] + (1 - front[..., 3:]) * back
        small = cv2.resize(drawn, (size, size), interpolation=cv2.INTER_AREA)
        out[:] = np.clip(np.round(small), 0, 255)
    return clip


def _camera_path(
    rng: np.random.Generator, frames: int, room: np.ndarray, scale: float
) -> np.ndarray:
    """Walk with a camera.

    Returns
    -------
    np.ndarray
        float64, shape [frames, 4]: x and y in source pixels from the middle, an angle in
        radians, source pixels per pixel.
    """
    pace = FASTEST * rng.uniform(0, 1) ** 1.5  # slow more often than fast
    x, y = (_walk(rng, frames, pace * scale, max(r, 1.0)) for r in room)
    angle = _walk(rng, frames, np.radians(rng.uniform(0, 1.5)), np.radians(15))
    zoom = _walk(rng, frames, rng.uniform(0, 0.015), 0.2)
    return np.stack([x, y, angle, scale * np.exp(zoom)], 1)


def _walk(rng: np.random.Generator, steps: int, step: float, reach: float) -> np.ndarray:
    """Walk smoothly by at most `step` at a time, drawn back the more the further from 0."""
    place, speed = rng.uniform(-0.7, 0.7) * reach, rng.uniform(-0.7, 0.7) * step
    path = []
    for push in rng.normal(size=steps):
        path.append(place)
        back = 0.4 * (place / reach) ** 3
        speed = float(np.clip(0.92 * speed + step * (0.25 * push - back), -step, step))
        place += speed
    return np.array(path)


def _view(source: np.ndarray, camera: np.ndarray, fine: int, border: int) -> np.ndarray:
    """Return a source as seen from (x, y, angle, scale), `FINER` times finer than `scale` says."""
    x, y, angle, scale = camera
    turn = (
        scale / FINER * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    )
    return seen_through(source, np.column_stack([turn, (x, y)]), fine, border)


def seen_through(source: np.ndarray, view: np.ndarray, size: int, border: int) -> np.ndarray:
    """Draw [size, size] pixels of which `view` says where they come from.

    Parameters
    ----------
    view : np.ndarray
        float64, shape [2, 3]: takes what lies (x, y) from the middle of the result to the
        source, whose pixels span [i, i + 1].
    """
    # cv2 counts from the middle of the first pixel.
    middle = np.full(2, (size - 1) / 2)
    origin = view[:, 2] - view[:, :2] @ middle - 0.5
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    matrix = np.column_stack([view[:, :2], origin])
    return cv2.warpAffine(source, matrix, (size, size), flags=flags, borderMode=border)


def _piece(rng: np.random.Generator, picture: np.ndarray, size: int) -> np.ndarray:
    """Cut an irregular piece with a soft edge.

    Returns
    -------
    np.ndarray
        float32, shape [size, size, 4]: colours times opacity, opacity.
    """
    size = max(2, min(size, *picture.shape[:2]))
    found = [_cut(rng, picture, size) for _ in range(4)]
    colours = max(found, key=np.std)  # nothing moves in what is uniform
    y, x = (np.mgrid[:size, :size] + 0.5) / size * 2 - 1
    around, away = np.arctan2(y, x), np.hypot(x, y)
    edge = np.full_like(away, 0.62)
    for waves in range(2, 8):
        edge += rng.normal() * 0.16 / waves * np.cos(waves * around + rng.uniform(0, 2 * np.pi))
    soft = rng.uniform(1, 4) * 2 / size  # its width: a few pixels
    # The square's border cuts what reaches that far.
    opacity = np.clip((np.minimum(edge, 0.95) - away) / soft + 0.5, 0, 1)[..., None]
    return np.concatenate([colours * opacity, opacity], -1).astype(np.float32)


def _cut(rng: np.random.Generator, picture: np.ndarray, size: int) -> np.ndarray:
    top, left = (rng.integers(0, n - size + 1) for n in picture.shape[:2])
    return picture[top : top + size, left : left + size]
