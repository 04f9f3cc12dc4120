"""What is shown when: each picture at its time or, where it comes too late, as soon as it is there.

::

    picture     0   1   2   3   4   5
    arrived     ✓   late by 2   ✓   -   ✓       -: lost
    shown       0   0   2   2   4   4 ...
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np

from linksim.endpoint import ReceivedBits, ReceivedSymbols

GREY = 128
"""Level, of 255, of the screen until there is a picture."""


def show(
    pictures: Iterable[tuple[int, np.ndarray]], late: Mapping[int, int], shape: tuple[int, ...]
) -> tuple[np.ndarray, list[str]]:
    """Return the frames of a clip; each shows the newest picture that is there by its time.

    Parameters
    ----------
    pictures : iterable of (int, np.ndarray)
        Frame that each was taken as, and the picture, uint8 [H, W, 3].
    late : mapping of int to int
        Frames by which each came too late; none of those in time.
    shape : tuple of int
        Frames, height and width.

    Returns
    -------
    tuple
        Frames, uint8 [T, H, W, 3], and origins: ``"sent"`` of what is shown at its own time, else
        ``"held"``.

    Examples
    --------
    >>> import numpy as np
    >>> from linksim.streams.showing import show
    >>> frames, origins = show([(0, np.zeros((2, 2, 3), np.uint8))], {0: 1}, (3, 2, 2))
    >>> frames[:, 0, 0, 0].tolist(), origins
    ([128, 0, 0], ['held', 'held', 'held'])
    """
    known = dict(pictures)
    coming: defaultdict[int, list[int]] = defaultdict(list)
    for number in known:
        coming[number + late.get(number, 0)].append(number)
    frames = np.full((*shape, 3), GREY, np.uint8)
    origins, newest = [], -1
    for t in range(shape[0]):
        newest = max(newest, *coming[t], -1)
        if newest >= 0:
            frames[t] = known[newest]
        origins.append("sent" if newest == t else "held")
    return frames, origins


def frames_late(stream: ReceivedBits | ReceivedSymbols | None, fps: float) -> dict[int, int]:
    """Return by how many frames each late packet of a stream of pictures came too late."""
    overdue = stream.overdue_s if isinstance(stream, ReceivedBits) else {}
    return {index: math.ceil(late_s * fps - 1e-6) for index, late_s in overdue.items()}
