"""The 468-point face mesh, run on one image.

::

    image ─▶ face detector ─▶ square around the face ─▶ face landmarks, three times ─▶ mesh

A face that leans is looked at again in views that are turned until its eyes are level.

Reference: Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on
Mobile GPUs", 2019.
"""

from typing import NamedTuple

import numpy as np

from linksim.media.faces.detector import find_faces
from linksim.media.faces.networks import MESH, UPRIGHT, Point, run, square_view, turned_by

# Points of the mesh, each contour from the left of the image to the right.
UPPER_LIP = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
LOWER_LIP = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)

INPUT_SIZE = 192
VIEWS = 3  # that the mesh network has of a face, at most: each centres the next one better
MARGIN = 1.5  # side of the network's square view over the size of the face

OUTER_EYES = (33, 263)  # corners, left and right in the image

SETTLED = 0.05  # of a view's side, or in radians: by so little another view may differ

LEANING = 0.1
"""Radians, by the mesh, from which on a face is looked at in views that are turned.

The network pulls towards upright: of a roll of 8 degrees it shows 7, of 40 only 10.
"""

TILTED = 0.35
"""Radians, by the detector's eyes, from which on the first view is turned as they are."""


class View(NamedTuple):
    """A square of an image: its centre and side in pixels, and its directions right and down."""

    centre: np.ndarray
    side: float
    turn: np.ndarray


def find_mesh(image: np.ndarray) -> np.ndarray | None:
    """Find the mesh of the face that is most surely one, wherever it is.

    Parameters
    ----------
    image : np.ndarray
        uint8, shape [H, W, 3], RGB.

    Returns
    -------
    np.ndarray or None
        The mesh, like that of `face_mesh`; None where either network sees more likely no face
        than one.
    """
    faces = find_faces(image)
    if not len(faces):
        return None
    centre, size, eyes = faces[0, :2], faces[0, 2], faces[0, 3]
    points, logit = _mesh(image, centre, MARGIN * size)
    if abs(_lean(points)) > LEANING or abs(eyes) > TILTED:
        points, logit = _level_mesh(image, _first_view(faces[0]))
    return points if logit > 0 else None


def upright_mesh(
    image: np.ndarray, face: np.ndarray, before: np.ndarray | None = None
) -> np.ndarray | None:
    """Find the mesh of one face in a view that is turned until its eyes are level.

    The network knows upright faces best.

    Parameters
    ----------
    image : np.ndarray
        uint8, shape [H, W, 3], RGB.
    face : np.ndarray
        A row of `find_faces`.
    before : np.ndarray or None
        The mesh in the frame before, [468, 3], where looking first saves time.

    Returns
    -------
    np.ndarray or None
        The mesh, like that of `face_mesh`; None where there is more likely no face than one.
    """
    views = [_first_view(face)]
    if before is not None and _holds(before, face[:2]):
        views.insert(0, _around(before))
    for view in views:
        points, logit = _level_mesh(image, view)
        if logit > 0:
            return points
    return None


def face_mesh(image: np.ndarray, centre: tuple[float, float], side: float) -> np.ndarray:
    """Find the face mesh in an image, given roughly where the face is.

    Parameters
    ----------
    image : np.ndarray
        uint8, shape [H, W, 3], RGB.
    centre : tuple of float
        Rough centre (x, y) of the face in pixels.
    side : float
        Side of a square around the face in pixels.

    Returns
    -------
    np.ndarray
        float64, shape [468, 3]: x to the right, y down and z away from the camera, all
        in pixels.
    """
    return _mesh(image, centre, side)[0]


def _mesh(image: np.ndarray, centre: Point, side: float) -> tuple[np.ndarray, float]:
    """Return the mesh and the logit of its being a face's."""
    for _ in range(VIEWS):
        points, logit = _landmarks(image, centre, side)
        low, high = points[:, :2].min(0), points[:, :2].max(0)
        centre, side = (low + high) / 2, MARGIN * (high - low).max()
    return points, logit


def _level_mesh(image: np.ndarray, view: View) -> tuple[np.ndarray, float]:
    """Return the mesh and its logit, from views that are turned until the eyes are level."""
    for _ in range(VIEWS):
        points, logit = _landmarks(image, *view)
        better = _around(points)
        if _alike(view, better):
            break
        view = better
    return points, logit


def _first_view(face: np.ndarray) -> View:
    """Return the view of a row of `find_faces` to begin with."""
    x, y, size, eyes = face
    turn = turned_by(eyes) if abs(eyes) > TILTED else UPRIGHT
    return View(np.array([x, y]), MARGIN * size, turn)


def _lean(mesh: np.ndarray) -> float:
    """Return how far the eyes of a mesh lean clockwise, in radians."""
    left, right = mesh[list(OUTER_EYES), :2]
    return float(np.arctan2(*(right - left)[::-1]))


def _around(mesh: np.ndarray) -> View:
    """Return the view of a mesh in which its eyes are level."""
    turn = turned_by(_lean(mesh))
    level = mesh[:, :2] @ turn
    low, high = level.min(0), level.max(0)
    return View(turn @ ((low + high) / 2), MARGIN * (high - low).max(), turn)


def _holds(mesh: np.ndarray, point: np.ndarray) -> bool:
    """Return whether a point is inside the bounding box of a mesh."""
    return bool(((mesh[:, :2].min(0) < point) & (point < mesh[:, :2].max(0))).all())


def _alike(one: View, other: View) -> bool:
    """Return whether two views differ too little to matter to the network."""
    moved = np.linalg.norm(np.subtract(one.centre, other.centre)) / other.side
    grown = abs(one.side / other.side - 1)
    return bool(max(moved, grown, np.abs(one.turn - other.turn).max()) < SETTLED)


def _landmarks(
    image: np.ndarray, centre: Point, side: float, turn: np.ndarray = UPRIGHT
) -> tuple[np.ndarray, float]:
    """Look at one square of the image; return the mesh in the image's pixels, and its logit."""
    face, scale, corner = square_view(image, centre, side, INPUT_SIZE, turn)
    mesh, logit = run(MESH, face / 255)
    points = mesh.reshape(-1, 3) * scale
    return np.c_[points[:, :2] @ turn.T + corner, points[:, 2]], float(logit.item())
