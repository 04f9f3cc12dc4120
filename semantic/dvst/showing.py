"""What is shown of pictures that are decoded one by one, and how many of them may be sent."""

from collections.abc import Callable, Iterable
from itertools import chain, repeat

import numpy as np

from linksim.endpoint import Encoded


def shown(
    pictures: Iterable[np.ndarray | None], shape: tuple[int, int, int], first: int
) -> tuple[np.ndarray, tuple[str, ...], tuple[str, ...]]:
    """Return a clip's frames of its pictures: each is held where those after it are lost.

    Parameters
    ----------
    pictures : iterable of np.ndarray or None
        uint8, shape [H, W, 3]; None for a lost one, as are those that are missing at the end.
    shape : tuple of int
        Frames, height and width.
    first : int
        Grey, of 255, that is shown until there is a picture.

    Returns
    -------
    tuple
        Frames, uint8 [T, H, W, 3], and origins and warnings of `Clip`.
    """
    frames = np.empty((*shape, 3), np.uint8)
    last: np.ndarray | int = first
    origins = []
    for t, picture in zip(range(shape[0]), chain(pictures, repeat(None)), strict=False):
        last = last if picture is None else picture
        frames[t] = last
        origins.append("held" if picture is None else "sent")
    lost = origins.count("held")
    warnings = (f"side information of {lost} of {shape[0]} frames is lost",) if lost else ()
    return frames, tuple(origins), warnings


def longest(
    count: int, code: Callable[[int], Encoded], fits: Callable[[Encoded], bool]
) -> Encoded | None:
    """Return the encoding of the most frames, of `count` at most, that fits; None if none does."""
    found, low, high = None, 0, count + 1  # known to fit, known not to
    while high - low > 1:
        # All of it first: often it fits.
        tried = high - 1 if high > count else (low + high) // 2
        coded = code(tried)
        if fits(coded):
            found, low = coded, tried
        else:
            high = tried
    return found
