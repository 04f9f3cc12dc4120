"""Fewer pixels and fewer pictures a second, and back: what a call does whose rate is low.

::

    frames ─▶ every n-th ─▶ area mean ─▶ codec ─▶ Lanczos ─▶ each held until the next ─▶ frames
"""

from fractions import Fraction

import numpy as np

LEAST_SIDE = 16
"""Pixels of the shorter side that are left at least."""


def thinned(
    frames: np.ndarray, fps: Fraction, scale: float, every: int
) -> tuple[np.ndarray, Fraction]:
    """Return every n-th frame, made smaller, and their rate.

    Parameters
    ----------
    frames : np.ndarray
        uint8, shape [T, H, W, 3].
    fps : Fraction
        Frames per second.
    scale : float
        Factor of height and width, at most 1; sides become even.
    every : int
        One in so many frames is kept, the first for one.

    Returns
    -------
    tuple
        uint8, shape [ceil(T / every), h, w, 3], and frames per second.
    """
    import cv2

    kept = frames[::every]
    if scale < 1.0:
        height, width = (_side(n, scale) for n in frames.shape[1:3])
        size = (width, height)
        kept = np.stack([cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in kept])
    return kept, fps / every


def restored(frames: np.ndarray, shape: tuple[int, int, int], every: int) -> np.ndarray:
    """Return frames, uint8 [T, H, W, 3], of the `shape` [T, H, W], of what `thinned` left."""
    count, height, width = shape
    larger = np.stack([resized(frame, height, width) for frame in frames])
    return larger[np.arange(count) // every]


def resized(frame: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return a frame, uint8 [H, W, 3], in another size, itself where it has that size."""
    import cv2

    if frame.shape[:2] == (height, width):
        return frame
    return cv2.resize(frame, (width, height), interpolation=cv2.INTER_LANCZOS4)


def _side(pixels: int, scale: float) -> int:
    return min(pixels, max(LEAST_SIDE, 2 * round(scale * pixels / 2)))
