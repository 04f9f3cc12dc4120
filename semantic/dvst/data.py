"""Video to train on: any folder of files that can be decoded, cut into random crops.

::

    files ──load──▶ videos ─────────────┐
    photographs ──moving_pictures──▶ ───┴─Crops─▶ [n, frames, size, size, 3]
"""

from collections.abc import Sequence
from importlib.util import find_spec
from itertools import accumulate, pairwise
from pathlib import Path

import cv2
import numpy as np

from linksim.errors import LinksimError

PICTURES = (".png", ".jpg", ".jpeg")
SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".y4m"),
    *(".npy", *PICTURES),
)
FPS = 25  # taken for arrays, which state none

PHOTOGRAPHS = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg")
"""Photographs in colour of things that one can meet, among what scikit-image ships."""

FINER = 2
"""Moving pictures are drawn so many times finer and then averaged, lest they alias."""

FASTEST = 6.0
"""Pixels a frame that a camera or a thing before it moves at most, in each direction."""

BLOCK = 16
"""Side of the squares whose change over time is known."""

SENSOR_NOISE = 2.0
"""Mean absolute difference of two frames, of 255, that noise alone explains."""

SCENE_CUT = 40.0
"""Mean absolute difference of two frames, of 255, that no motion explains."""

WHERE_IT_MOVES = 0.3
"""Share of the crops that are drawn where the video changes."""

STRIDES, STRIDE_SHARES = (1, 2, 3), (0.9, 0.07, 0.03)
"""How many frames a crop goes ahead at each step, and how often."""

PANNED = 0.1
"""Share of the crops whose window moves; of still pictures all do."""


def find_videos(paths: Sequence[str | Path], without: Sequence[str] = ()) -> list[Path]:
    """Return all videos and pictures below some folders, in a fixed order.

    Parameters
    ----------
    paths : sequence of str or Path
        Folders, or files, which may have any suffix.
    without : sequence of str
        Files whose path holds one of these texts are left out.

    Raises
    ------
    LinksimError
        If a path does not exist or there is no video at all.
    """
    files: list[Path] = []
    for path in map(Path, paths):
        if not path.exists():
            raise LinksimError(f"{path}: no such file or folder")
        if path.is_dir():
            below = sorted(f for f in path.rglob("*") if f.suffix.lower() in SUFFIXES)
            files += [f for f in below if f.is_file() and f.stat().st_size]
        else:
            files.append(path)
    files = [f for f in files if not any(text in str(f) for text in without)]
    if not files:
        raise LinksimError(f"no video in {', '.join(map(str, paths)) or 'no folder at all'}")
    return files


def load(paths: Sequence[Path], seconds: float | None = None) -> list[np.ndarray]:
    """Read the frames of files.

    Parameters
    ----------
    paths : sequence of Path
        Whatever `linksim.media.read` takes, pictures, or ``.npy`` with frames as below,
        which is mapped rather than read.
    seconds : float or None
        Read no more than this of each; None reads all.

    Returns
    -------
    list of np.ndarray
        For each file uint8, shape [T, H, W, 3]; T = 1 for a picture.

    Raises
    ------
    LinksimError
        If a file cannot be read or holds no video.
    """
    return [_frames(Path(path), seconds) for path in paths]


def _frames(file: Path, seconds: float | None) -> np.ndarray:
    suffix = file.suffix.lower()
    if suffix in PICTURES:
        return _picture(file)[None]
    if suffix == ".npy":
        try:
            frames = np.load(file, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise LinksimError(f"{file}: not an array of frames ({error})") from None
        _check(frames, str(file))
        return frames if seconds is None else frames[: max(1, round(seconds * FPS))]
    # Where videos were decoded beforehand, training needs no decoder.
    from linksim.media import read

    frames = read(file, max_seconds=seconds).frames
    if frames is None:
        raise LinksimError(f"{file}: holds no video")
    return frames


def _picture(file: Path) -> np.ndarray:
    picture = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if picture is None:
        raise LinksimError(f"{file}: not a picture that can be read")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def _check(frames: np.ndarray, name: str) -> None:
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3 or not frames.size:
        raise LinksimError(
            f"{name}: frames must be uint8 [T, H, W, 3], not {frames.dtype} {list(frames.shape)}"
        )


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
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        raise LinksimError("the photographs need 'skimage': pip install 'linksim[clip]'")
    folder = Path(spec.origin).parent / "data"
    names = [name for name in PHOTOGRAPHS if not any(text in name for text in without)]
    return [_picture(folder / name) for name in names]


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
        _check(picture[None], f"picture {i}")
        rng = np.random.default_rng([seed, i])
        # Any but this one, where there are several.
        other = pictures[(i + rng.integers(1, max(len(pictures), 2))) % len(pictures)]
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
    """See a source from (x, y, angle, scale), drawn `FINER` times finer than `scale` says."""
    x, y, angle, scale = camera
    turn = (
        scale / FINER * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    )
    return _warp(source, np.column_stack([turn, (x, y)]), fine, border)


def _warp(source: np.ndarray, view: np.ndarray, size: int, border: int) -> np.ndarray:
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
        With the step, all that a crop depends on.
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
            _check(video, f"video {i}")
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
        which = min(np.searchsorted(self._shares, rng.random(), "right"), len(self._shares) - 1)
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
                out[:] = _warp(video[t], self._still(top, left), self._size, cv2.BORDER_REFLECT_101)
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
            out[:] = _warp(video[t], view, self._size, cv2.BORDER_REFLECT_101)


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
    """Where a video changes over time, block by block."""

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
