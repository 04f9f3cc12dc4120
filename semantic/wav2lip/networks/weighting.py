"""How much each pixel of a generated face counts in training."""

import numpy as np

from semantic.wav2lip.frames.blend import lower_face_mask
from semantic.wav2lip.networks.sizes import SIDE

UNSEEN = 0.1
"""Weight of a pixel of a generated face that is not shown, against 1 of one that is."""

LIPS, LIPS_AT, LIPS_WIDE = 4.0, (0.72, 0.5), 0.1
"""Weight that pixels of the mouth have in addition, where on the face it is, down and across,
and the standard deviation of the bump, in sides of the face."""


def shown() -> np.ndarray:
    """Return how much each pixel counts: float32, [96, 96, 1], 1 on the mean."""
    places = (np.arange(SIDE) + 0.5) / SIDE
    down, across = (np.exp(-(((places - at) / LIPS_WIDE) ** 2) / 2) for at in LIPS_AT)
    weight = UNSEEN + lower_face_mask() + LIPS * np.outer(down, across)
    return (weight / weight.mean())[..., None].astype(np.float32)
