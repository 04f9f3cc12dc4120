"""Sitters of many identities: two portraits, brought to one shape and mixed.

::

    portrait, mesh ─ turned and scaled ─ bent to the mean shape ─┬─ mixed ─▶ sitter
    portrait, mesh ─ turned and scaled ─ bent to the mean shape ─┘
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from linksim.errors import LinksimError
from linksim.media.faces.mesh import find_mesh
from linksim.media.reader import read
from linksim.media.synthetic.sitter import OVAL, Sitter, astronaut, soft_fill

SIDE = 512
"""Side in pixels of a sitter's photograph."""

TRIES = 20
"""Portraits that are looked at until two show a face."""

STEP = 8
"""Pixels from one place to the next at which the bending is worked out."""

EVERY = 3
"""One in so many points of the mesh bends the picture."""


def blended(portraits: Sequence[Path], rng: np.random.Generator) -> Sitter:
    """Mix two faces, so that the result is neither person.

    Parameters
    ----------
    portraits : sequence of Path
        Files of pictures, each of a face that looks at the camera; two or more.
    rng : numpy.random.Generator
        Source of which two, and of their shares, 30 to 70 %.

    Returns
    -------
    Sitter
        Where the face of `astronaut` is, with the surroundings of one of the two.

    Raises
    ------
    LinksimError
        If a file cannot be read, or too few show a face.

    Examples
    --------
    ::

        one = blended(sorted(Path("portraits").glob("*.jpg")), np.random.default_rng(0))
    """
    found: list[Sitter] = []
    for index in rng.permutation(len(portraits))[:TRIES]:
        one = _placed(portraits[index])
        found += [] if one is None else [one]
        if len(found) == 2:
            break
    else:
        raise LinksimError(f"{len(found)} of {len(portraits)} portraits show a face; 2 are needed")
    share = rng.uniform(0.3, 0.7)
    first, second = found
    mesh = (1 - share) * first.mesh + share * second.mesh
    under, over = (_bent(one, mesh) for one in found)
    face = share * soft_fill(mesh[list(OVAL), :2], 4)[..., None]
    mixed = under + face * (over - under)
    return Sitter(np.clip(np.round(mixed), 0, 255).astype(np.uint8), mesh)


def _placed(file: Path) -> Sitter | None:
    """Return a portrait with its face where `astronaut` has it; None where there is no face."""
    import cv2

    frames = read(file).frames
    if frames is None:
        raise LinksimError(f"{file}: not a picture")
    mesh = find_mesh(frames[0])
    if mesh is None:
        return None
    move = _similarity(mesh[:, :2], astronaut().mesh[:, :2])
    scale = float(np.hypot(*move[:, 0]))
    picture = cv2.warpAffine(
        frames[0], move, (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    placed = mesh[:, :2] @ move[:, :2].T + move[:, 2]
    return Sitter(picture, np.c_[placed, scale * mesh[:, 2]])


def _similarity(points: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """Return the turn, scale and shift, float64 [2, 3], that brings points nearest to others."""
    # On the complex plane both turn and scale are one factor.
    at, to = points @ (1, 1j), goal @ (1, 1j)
    (factor, shift), *_ = np.linalg.lstsq(np.stack([at, np.ones_like(at)], 1), to, rcond=None)
    turn = [[factor.real, -factor.imag], [factor.imag, factor.real]]
    return np.c_[turn, [shift.real, shift.imag]]


def _bent(one: Sitter, mesh: np.ndarray) -> np.ndarray:
    """Return a sitter's photograph with its face in the shape of a mesh: float64, [S, S, 3]."""
    import cv2
    from scipy.interpolate import RBFInterpolator

    edge = np.linspace(0, SIDE - 1, 5)
    rim = [(x, y) for x in edge for y in edge if {x, y} & {0.0, SIDE - 1.0}]
    goal = np.concatenate([mesh[::EVERY, :2], rim])
    source = np.concatenate([one.mesh[::EVERY, :2], rim])
    grid = np.stack(np.meshgrid(*[np.arange(0, SIDE, STEP)] * 2), -1).reshape(-1, 2)
    # Smoothed: a mesh is exact to a pixel or two.
    coarse = RBFInterpolator(goal, source - goal, smoothing=1.0)(grid).astype(np.float32)
    shift = cv2.resize(coarse.reshape(SIDE // STEP, -1, 2), (SIDE, SIDE))
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    at = (x + shift[..., 0], y + shift[..., 1])
    bent = cv2.remap(one.photograph, *at, cv2.INTER_CUBIC, None, cv2.BORDER_REPLICATE)
    return bent.astype(np.float64)
