"""Video to train on: any folder of files that can be decoded.

::

    files ──load──▶ videos ─────────────┐
    photographs ──moving_pictures──▶ ───┴─Crops─▶ [n, frames, size, size, 3]
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from linksim.arrays import map_array
from linksim.errors import LinksimError

PICTURES = (".png", ".jpg", ".jpeg")
SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".y4m"),
    *(".npy", *PICTURES),
)
FPS = 25  # taken for arrays, which state none


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
        Greatest length read of each; None reads all.

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
        return read_picture(file)[None]
    if suffix == ".npy":
        frames = map_array(file)
        check_frames(frames, str(file))
        return frames if seconds is None else frames[: max(1, round(seconds * FPS))]
    # Where videos were decoded beforehand, training needs no decoder.
    from linksim.media import read

    shown = read(file, max_seconds=seconds).frames
    if shown is None:
        raise LinksimError(f"{file}: holds no video")
    return shown


def read_picture(file: Path) -> np.ndarray:
    """Return a picture, uint8, [H, W, 3]; raise LinksimError if it cannot be read."""
    picture = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if picture is None:
        raise LinksimError(f"{file}: not a picture that can be read")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def check_frames(frames: np.ndarray, name: str) -> None:
    """Raise LinksimError unless they are uint8, [T, H, W, 3], and there are some."""
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3 or not frames.size:
        raise LinksimError(
            f"{name}: frames must be uint8 [T, H, W, 3], not {frames.dtype} {list(frames.shape)}"
        )
