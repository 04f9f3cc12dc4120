"""Where faces are in an image, roughly.

The network sees 128 x 128 pixels, and in them faces from a seventh of a side on. Where it finds
none in the whole image it looks at tiles of half the side, and then of a quarter.

Reference: Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile
GPUs", 2019.
"""

from functools import cache
from math import ceil

import numpy as np

from linksim.media.faces.networks import DETECTOR, run, square_view

DETECTOR_SIZE = 128
CELLS = ((16, 2), (8, 6))  # cells on a side of the detector's grids, candidates in each cell
OVERLAP = 0.3  # of two candidates, intersection over union, from which they are one face

LEAST = 0.14
"""Size of the smallest face that is found, over the side of the square that the network sees."""

TILES = (1, 2, 4)
"""Sides of the image over those of its tiles; the next where the one before shows no face."""

SURE = 1.0
"""Logit from which a face counts in a tile: of many tiles, one would else look like one."""

EYES = slice(4, 8)
"""Outputs of a candidate that are the places of its eyes, x and y, left in the image first."""


def find_faces(image: np.ndarray) -> np.ndarray:
    """Find all faces in an image.

    Parameters
    ----------
    image : np.ndarray
        uint8, shape [H, W, 3], RGB.

    Returns
    -------
    np.ndarray
        float64, shape [n, 4], the surest first: centre x and y, and size, in pixels, and how far
        the eyes lean clockwise in radians, of what is more likely a face than not.
    """
    for tiles in TILES:
        found = _found(image, tiles)
        if len(found) or not _finer(image, tiles):
            break
    return found


def least_face(image: np.ndarray) -> int:
    """Return about how many pixels wide a face of an image must be to be found."""
    tiles = next(t for t in TILES if t == TILES[-1] or not _finer(image, t))
    return round(LEAST * max(image.shape[:2]) / tiles)


def _finer(image: np.ndarray, tiles: int) -> bool:
    """Return whether smaller tiles would show more than is seen already."""
    return max(image.shape[:2]) >= 2 * tiles * DETECTOR_SIZE


def _found(image: np.ndarray, tiles: int) -> np.ndarray:
    side = max(image.shape[:2]) / tiles
    down, right = (_middles(extent, side) for extent in image.shape[:2])
    seen = [_candidate_faces(image, (x, y), side) for y in down for x in right]
    logits, faces = (np.concatenate(part) for part in zip(*seen, strict=True))
    order = [i for i in np.argsort(-logits) if logits[i] > (0 if tiles == 1 else SURE)]
    found: list[np.ndarray] = []
    for face in faces[order]:
        if all(_overlap(face, other) < OVERLAP for other in found):
            found.append(face)
    return np.array(found).reshape(-1, 4)


def _middles(extent: int, side: float) -> np.ndarray:
    """Return the middles of tiles that cover an extent and overlap by half at least."""
    if extent <= side:
        return np.array([extent / 2])
    return np.linspace(side / 2, extent - side / 2, 1 + ceil(2 * (extent / side - 1)))


def _candidate_faces(
    image: np.ndarray, middle: tuple[float, float], side: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the logits [896], and the faces of `find_faces` [896, 4], of all candidates."""
    whole, scale, corner = square_view(image, middle, side, DETECTOR_SIZE)
    boxes, logits = run(DETECTOR, whole / 127.5 - 1)
    boxes = boxes[0].astype(float)  # centres relative to the candidates' cells
    centres = (boxes[:, :2] + _candidates()) * scale + corner
    left, right = np.split(boxes[:, EYES], 2, axis=1)
    lean = np.arctan2(*(right - left).T[::-1])
    return logits[0, :, 0], np.c_[centres, boxes[:, 2:4].max(1) * scale, lean]


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Return the intersection over union of two squares (x, y, size)."""
    reach = (one[2] + other[2]) / 2 - np.abs(one[:2] - other[:2])
    shared = np.prod(np.clip(reach, 0, min(one[2], other[2])))
    return float(shared / (one[2] ** 2 + other[2] ** 2 - shared))


@cache
def _candidates() -> np.ndarray:
    """Return the places of the detector's candidates: float64, [896, 2], in pixels of its view."""
    places = []
    for cells, each in CELLS:
        middles = (np.arange(cells) + 0.5) * DETECTOR_SIZE / cells
        grid = np.stack(np.meshgrid(middles, middles), -1).reshape(-1, 2)
        places.append(np.repeat(grid, each, axis=0))
    return np.concatenate(places)
