"""The box around the face in each frame, and the square picture of it that networks see.

::

    frame ─ mesh ─▶ eyes, nose ─ smoothed over frames ─▶ box ─▶ crop, 96 x 96

The box hangs on points that do not move with speech. The chin does: a box around the whole
face would give away how far the mouth is open.
"""

from collections.abc import Sequence

import numpy as np

from linksim.errors import LinksimError
from linksim.media.faces.detector import least_face
from linksim.media.faces.mesh import find_mesh
from linksim.media.faces.networks import installed
from semantic.wav2lip.networks.sizes import SIDE

EYE_CORNERS, NOSE_BASE = (33, 263), 2
"""Points of the mesh: outer corners, left and right in the image, and where the nose ends."""

EYE_DISTANCES = 1.9
"""Side of the box over the distance of the outer corners of the eyes."""

CENTRE = 0.8
"""Position of the middle of the box on the way from between the eyes to the base of the nose."""

MOUTH = (slice(54, 86), slice(28, 68))
"""Rows and columns of a crop of 96 pixels in which lips move."""

SMOOTHING = 1.5
"""Standard deviation in frames of what boxes are averaged with."""

MOST_FRAMES_WITHOUT_FACE = 0.5
"""Share of the frames; up to it boxes are interpolated."""


def face_boxes(frames: Sequence[np.ndarray] | np.ndarray, name: str = "the clip") -> np.ndarray:
    """Find the box around the face in each frame.

    Of several faces the surest counts. Where there is none, the box is interpolated between
    frames that have one.

    Parameters
    ----------
    frames : sequence of np.ndarray
        uint8, shape [H, W, 3], RGB; T of them.
    name : str
        What to call them in messages.

    Returns
    -------
    np.ndarray
        float64, shape [T, 4]: middle x and y and side in pixels, and how far the face leans
        clockwise, in radians.

    Raises
    ------
    LinksimError
        If more than half of the frames have no face, or the extra ``clip`` is missing.
    """
    if not installed():
        raise LinksimError("faces are found by a face mesh; pip install 'linksim[clip]'")
    found = [find_box(frame) for frame in frames]
    seen = [i for i, box in enumerate(found) if box is not None]
    if not seen or len(found) - len(seen) > MOST_FRAMES_WITHOUT_FACE * len(found):
        size = f" of {least_face(frames[0])} pixels or more" if len(frames) else ""
        raise LinksimError(f"{name}: {len(seen)} of {len(found)} frames show a face{size}")
    known = np.stack([box for box in found if box is not None])
    boxes = [np.interp(np.arange(len(found)), seen, values) for values in known.T]
    return smooth(np.stack(boxes, 1))


def find_box(frame: np.ndarray) -> np.ndarray | None:
    """Return the box, as of `face_boxes`, of the surest face of a frame; None without one."""
    mesh = find_mesh(frame)
    return None if mesh is None else mesh_box(mesh)


def mesh_box(mesh: np.ndarray) -> np.ndarray:
    """Return the box, as of `face_boxes`, of a mesh, float64 [468, 3]: float64, [4]."""
    left, right = mesh[list(EYE_CORNERS)]
    eyes = (left + right) / 2
    x, y = (eyes + CENTRE * (mesh[NOSE_BASE] - eyes))[:2]
    # In three dimensions, for a head that turns aside does not become smaller.
    side = EYE_DISTANCES * np.linalg.norm(right - left)
    return np.array([x, y, side, np.arctan2(right[1] - left[1], right[0] - left[0])])


def smooth(boxes: np.ndarray) -> np.ndarray:
    """Average boxes, float64 [T, 4], over neighbouring frames by a Gaussian: the same shape."""
    from scipy.ndimage import gaussian_filter1d

    return gaussian_filter1d(boxes, SMOOTHING, axis=0, mode="nearest")


def crop(frame: np.ndarray, box: np.ndarray, side: int = SIDE) -> np.ndarray:
    """Cut out the face.

    Parameters
    ----------
    frame : np.ndarray
        uint8, shape [H, W, 3].
    box : np.ndarray
        float64, shape [4], as of `face_boxes`. It may reach beyond the frame, whose border is
        then repeated.
    side : int
        Side of the crop in pixels.

    Returns
    -------
    np.ndarray
        uint8, shape [side, side, 3].
    """
    import cv2

    finer = max(1, round(box[2] / side))  # averaged afterwards, lest a large face alias
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (finer * side, finer * side)
    view = cv2.warpAffine(
        frame, to_frame(box, finer * side), size, flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return cv2.resize(view, (side, side), interpolation=cv2.INTER_AREA) if finer > 1 else view


def face_crops(frames: Sequence[np.ndarray] | np.ndarray, name: str = "the clip") -> np.ndarray:
    """Cut the face out of each frame: uint8, shape [T, 96, 96, 3].

    Parameters and errors are those of `face_boxes`.
    """
    boxes = face_boxes(frames, name)
    return np.stack([crop(frame, box) for frame, box in zip(frames, boxes, strict=True)])


def to_frame(box: np.ndarray, side: int) -> np.ndarray:
    """Return the affine map, float64 [2, 3], from pixels of a crop of so many to the frame's."""
    x, y, size, roll = box
    cos, sin = np.cos(roll) * size / side, np.sin(roll) * size / side
    turn = np.array([[cos, -sin], [sin, cos]])
    return np.column_stack([turn, np.array([x, y]) - turn @ np.full(2, (side - 1) / 2)])


def mouth_l1(target: np.ndarray, generated: np.ndarray) -> float:
    """Return the mean absolute difference, of 1, of crops [n, 96, 96, 3] where lips move.

    Both are uint8, or float32 from 0 to 1.
    """
    one, other = (x[(slice(None), *MOUTH)].astype(np.float32) for x in (target, generated))
    return float(np.abs(one - other).mean()) / (255 if target.dtype == np.uint8 else 1)


def mouth_psnr(target: np.ndarray, made: np.ndarray) -> float:
    """Return the PSNR in dB of crops, uint8 [n, 96, 96, 3], where lips move."""
    one, other = (x[(slice(None), *MOUTH)].astype(np.float64) for x in (target, made))
    return float(10.0 * np.log10(255.0**2 / max(np.square(one - other).mean(), 1e-9)))
