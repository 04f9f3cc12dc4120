"""Put a generated face back into its frame, so that no one sees where it begins.

Only the lower half is replaced, and less and less of it towards its border. What the colours
differ by there is taken off everywhere.
"""

import numpy as np

from semantic.wav2lip.frames.face import crop, to_frame
from semantic.wav2lip.networks.sizes import SIDE

RAMP = 0.12
"""Share of the crop's side over which the generated face is faded out, at each border."""

MARGIN = 0.02
"""Share of the crop's side next to each border that is left as it is."""


def lower_face_mask(side: int = SIDE) -> np.ndarray:
    """Return the share of each pixel of a crop that is replaced.

    Parameters
    ----------
    side : int
        Side S of the crop in pixels.

    Returns
    -------
    np.ndarray
        float32, shape [S, S]: 0 in the upper half and at the borders, 1 around the mouth, and
        a half cosine between.
    """
    places = (np.arange(side) + 0.5) / side

    def rise(distance: np.ndarray) -> np.ndarray:
        return 0.5 - 0.5 * np.cos(np.pi * np.clip((distance - MARGIN) / RAMP, 0, 1))

    across = rise(places) * rise(1 - places)
    down = rise(places - 0.5) * rise(1 - places)
    return np.outer(down, across).astype(np.float32)


def paste(frame: np.ndarray, generated: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Blend a generated face into its frame.

    Parameters
    ----------
    frame : np.ndarray
        uint8, shape [H, W, 3].
    generated : np.ndarray
        uint8, or float32 from 0 to 1, shape [S, S, 3].
    box : np.ndarray
        float64, shape [4], where the face is, as of `face.face_boxes`.

    Returns
    -------
    np.ndarray
        uint8, shape [H, W, 3]; pixels outside the mask are those of `frame`.
    """
    import cv2

    face = generated.astype(np.float32) * (1 if generated.dtype == np.uint8 else 255)
    side = len(face)
    mask = lower_face_mask(side)
    # What to add, rather than what to show: the frame's own detail is not resampled. The
    # low-pass that a small crop is remains where the face does change.
    change = face - crop(frame, box, side)
    band = (mask * (1 - mask))[..., None]
    change -= (band * change).sum((0, 1)) / band.sum()
    height, width = frame.shape[:2]
    rows, columns = _reach(box, height, width)
    if not (len(range(height)[rows]) and len(range(width)[columns])):
        return frame.copy()
    view = to_frame(box, side) - np.array([[0, 0, columns.start], [0, 0, rows.start]])
    size = (columns.stop - columns.start, rows.stop - rows.start)
    added = cv2.warpAffine(change * mask[..., None], view, size, flags=cv2.INTER_CUBIC)
    out = frame.copy()
    part = out[rows, columns]
    part[:] = np.clip(np.round(part + added), 0, 255)
    return out


def _reach(box: np.ndarray, height: int, width: int) -> tuple[slice, slice]:
    """Return the rows and columns that the crop can touch, within the frame."""
    half = box[2] / 2 * (abs(np.cos(box[3])) + abs(np.sin(box[3]))) + 1
    low = np.maximum(np.floor(box[:2] - half), 0).astype(int)
    high = np.minimum(np.ceil(box[:2] + half) + 1, (width, height)).astype(int)
    return slice(low[1], max(high[1], low[1])), slice(low[0], max(high[0], low[0]))
