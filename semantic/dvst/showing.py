"""What is shown of pictures that are decoded one by one, and how many of them may be sent."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from linksim.endpoint import Encoded
from linksim.streams.showing import show


def shown(
    pictures: Iterable[np.ndarray | None], late: Mapping[int, int], shape: tuple[int, int, int]
) -> tuple[np.ndarray, tuple[str, ...], tuple[str, ...]]:
    """Return a clip's frames, and origins and warnings of `Clip`; see `linksim.streams.showing`.

    Parameters
    ----------
    pictures : iterable of np.ndarray or None
        One of each frame in turn; None for a lost one, as are those that are missing at the end.
    late, shape
        Inputs of `show`.
    """
    known = ((t, p) for t, p in enumerate(pictures) if p is not None and t < shape[0])
    frames, origins = show(known, late, shape)
    lost, how = origins.count("held"), "lost or late" if late else "lost"
    warnings = (f"side information of {lost} of {shape[0]} frames is {how}",) if lost else ()
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
