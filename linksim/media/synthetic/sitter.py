"""A face to be portrayed: a picture and its face mesh, and the outlines that are filled in it."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from linksim.media.faces.mesh import face_mesh

# Measured on scikit-image's `astronaut` (512 x 512), in its pixels.
FACE_CENTRE, FACE_SIDE = (222, 120), 165

# Closed outlines on the face mesh.
OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
LIPS = (
    *(61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291),
    *(375, 321, 405, 314, 17, 84, 181, 91, 146),
)
INNER_LIPS = (
    *(78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308),
    *(324, 318, 402, 317, 14, 87, 178, 88, 95),
)


@dataclass(frozen=True, eq=False)
class Sitter:
    """A face to be portrayed.

    Parameters
    ----------
    photograph : np.ndarray
        uint8, shape [512, 512, 3], RGB; the face where `astronaut` has it.
    mesh : np.ndarray
        float64, shape [468, 3], in its pixels, as of `linksim.media.faces.mesh.face_mesh`.
    """

    photograph: np.ndarray
    mesh: np.ndarray


@cache
def astronaut() -> Sitter:
    """Return scikit-image's photograph of an astronaut (NASA, public domain)."""
    from skimage import data

    photograph = data.astronaut()
    return Sitter(photograph, face_mesh(photograph, FACE_CENTRE, FACE_SIDE))


def soft_fill(outline: np.ndarray, blur: float) -> np.ndarray:
    """Fill an outline, [n, 2], of a picture of 512 x 512: float64 from 0 to 1, [512, 512]."""
    import cv2

    mask = np.zeros((512, 512), np.uint8)
    cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
    return cv2.GaussianBlur(mask.astype(np.float64) / 255, (0, 0), blur)
