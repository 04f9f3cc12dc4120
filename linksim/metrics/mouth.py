"""Picture quality where speech is seen: inside a box around the lips."""

from math import ceil, floor

import numpy as np

from linksim.media import Clip
from linksim.media.faces.detector import least_face
from linksim.media.faces.mesh import LOWER_LIP, UPPER_LIP, find_mesh
from linksim.media.faces.networks import installed
from linksim.metrics.value import Metric, MetricValue, undefined
from linksim.metrics.video import PSNR_CAP, region_psnr

WIDENING = 0.4
"""Share of the lips' width that is added to the box on each of its four sides."""

MOST_FRAMES = 100
"""Frames, evenly spaced, in which the lips of a longer clip are looked for."""

Box = tuple[slice, slice]

_boxes: dict[str, Box | str] = {}


def mouth_psnr(reference: Clip, received: Clip) -> MetricValue:
    """`linksim.metrics.video.psnr` inside one box around the lips of the reference.

    The box is that of `mouth_box`, the same for all frames and whatever is received. It is
    meant for a head that stays about where it is.
    """
    key = reference.fingerprint()
    if key not in _boxes:  # a study scores one clip hundreds of times
        _boxes[key] = mouth_box(reference)
    box = _boxes[key]
    return undefined(box) if isinstance(box, str) else region_psnr(reference, received, box)


MOUTH_PSNR = Metric(
    "mouth_psnr", "Mouth-region PSNR (dB)", "video", True, (0.0, PSNR_CAP), mouth_psnr
)


def mouth_box(clip: Clip) -> Box | str:
    """Return the rows and columns around the mouth of a clip, or why there are none.

    In each frame the face mesh gives the bounding box of the lips' outer contours. The median
    of each of its sides over the frames is moved outwards by `WIDENING` of the median width,
    so that the box has room for an open mouth, the chin's top and small movements, and cut to
    the picture. At least half of the frames must show a face.
    """
    if clip.frames is None:
        return "the reference has no video"
    if not installed():
        return "the mouth is found by a face mesh; pip install 'linksim[clip]'"
    count = len(clip.frames)
    looked_at = np.linspace(0, count - 1, min(count, MOST_FRAMES)).round().astype(int)
    lips = [box for i in looked_at if (box := _lips(clip.frames[i])) is not None]
    if 2 * len(lips) < len(looked_at):
        shown = f"{len(lips)} of {len(looked_at)} frames of the reference show a face"
        return f"{shown} of {least_face(clip.frames[0])} pixels or more"
    left, top, right, bottom = np.median(lips, axis=0)
    margin = WIDENING * (right - left)
    height, width = clip.frames.shape[1:3]
    rows = slice(max(floor(top - margin), 0), min(ceil(bottom + margin), height))
    columns = slice(max(floor(left - margin), 0), min(ceil(right + margin), width))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return "the mouth is outside the picture"
    return rows, columns


def _lips(frame: np.ndarray) -> np.ndarray | None:
    """Return left, top, right and bottom of the lips in pixels; None without a face."""
    mesh = find_mesh(frame)
    if mesh is None:
        return None
    contours = mesh[[*UPPER_LIP, *LOWER_LIP], :2]
    return np.concatenate([contours.min(0), contours.max(0)])
