"""A contact sheet: what a receiver without video at hand has made of the lips, frame by frame."""

from collections.abc import Sequence

import numpy as np

COLUMNS = 6
GAP = 4
"""Pixels of white between pictures."""

GAIN = 3
"""Factor that differences are multiplied by."""


def contact_sheet(
    original: np.ndarray, received: np.ndarray, origins: Sequence[str]
) -> np.ndarray | None:
    """Show evenly spaced generated frames.

    Parameters
    ----------
    original, received : np.ndarray
        uint8, shape [T, H, W, 3].
    origins : sequence of str
        Origins of the frames, as `linksim.media.Clip` has them.

    Returns
    -------
    np.ndarray or None
        uint8, shape [4 H + gaps, n W + gaps, 3]: rows are the original, the last frame that
        was received before, the generated one, and `GAIN` times what it differs by from the
        original, about mid-grey. The second row is left out, and a height of H, where no frame
        is shown as it was received. None where nothing was generated.
    """
    generated = np.flatnonzero(np.array(origins) == "generated")
    sent = np.flatnonzero(np.array(origins) == "sent")
    if not generated.size:
        return None
    count = min(COLUMNS, generated.size)
    chosen = generated[np.linspace(0, generated.size - 1, count).round().astype(int)]
    held = [received[sent[np.maximum(np.searchsorted(sent, chosen) - 1, 0)]]] if sent.size else []
    difference = 128 + GAIN * (received[chosen].astype(np.int16) - original[chosen])
    rows = (original[chosen], *held, received[chosen], np.clip(difference, 0, 255))
    return _tiled(np.stack(rows).astype(np.uint8))


def _tiled(pictures: np.ndarray) -> np.ndarray:
    """Lay pictures, [rows, columns, H, W, 3], side by side."""
    padding = ((0, 0), (0, 0), (0, GAP), (0, GAP), (0, 0))
    padded = np.pad(pictures, padding, constant_values=255)
    rows, columns, height, width, _ = padded.shape
    sheet = padded.transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, 3)
    return sheet[:-GAP, :-GAP]
