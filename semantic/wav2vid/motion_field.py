"""The motion field of a held picture while no video is sent, coarse: a kilobit or two a second.

::

    frames ─┬─▶ dense flow ─▶ mean of each cell ─▶ every 0.16 s ─▶ whole steps ─▶ bytes
    still ──┘                                                                       │
    still ─▶ bent by ◀─ cubic between cells ◀─ linear between moments ◀─────────────┘

A head at rest still turns by a few degrees, and with it all that stands about it. A picture that
stays put is compared with one that does not; a few vectors are enough to follow it. The field
waits for the next moment, so it comes `EVERY` seconds late at most.
"""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import numpy as np

from linksim.streams.range_coder import Decoder, Encoder, Laplace

EVERY = 0.16
"""Seconds from one moment whose field is sent to the next."""

STEPS = 576
"""Steps of the quantiser along the short side: each is half a pixel of 288."""

SEGMENT = 25
"""Moments that are coded together, each by its difference from the one before."""

LIMIT = 2000
"""Largest component of a vector, in steps: more than three pictures."""

AT_ONCE = 25
"""Frames whose fields are searched together."""

Held = Callable[[np.ndarray], np.ndarray]
"""Function of frames by their numbers, int [n], to what is held during them, uint8 [n, H, W, 3]."""

FIRST, LEAST, SHARE = 2.0, 0.15, 0.65
"""Scale of a vector's change, in steps: of the first moment of a segment; and of the others the
least, to which so much of the mean change about it at the moment before is added."""


def grid(height: int, width: int, cells: int) -> tuple[int, int]:
    """Return rows and columns of so many about square cells along the short side of a picture."""
    short = min(height, width)
    return round(cells * height / short), round(cells * width / short)


def moments(frames: int, fps: Fraction) -> np.ndarray:
    """Return the frames, of so many, whose field is sent: one every `EVERY`, and the last."""
    every = max(1, round(EVERY * fps))
    return np.unique(np.append(np.arange(every - 1, frames, every), frames - 1))


def fields_of(frames: np.ndarray, which: np.ndarray, held: Held, cells: int) -> np.ndarray:
    """Find where what is held shows what some frames do.

    The flow is Farnebäck's ("Two-frame motion estimation based on polynomial expansion", SCIA
    2003).

    Parameters
    ----------
    frames : np.ndarray
        uint8, shape [T, H, W, 3], RGB.
    which : np.ndarray
        int, shape [M]; frames whose field is wanted, such as `moments`.
    held : callable
        What is held during them.
    cells : int
        Cells along the short side.

    Returns
    -------
    np.ndarray
        int, shape [M, rows, columns, 2]: x and y in steps, to be added to the place of a pixel to
        find its like in what is held.
    """
    import cv2

    height, width = frames.shape[1:3]
    rows, columns = grid(height, width, cells)
    means = []
    for first in range(0, len(which), AT_ONCE):
        part = which[first : first + AT_ONCE]
        for t, still in zip(part, held(part), strict=True):
            before, now = (cv2.cvtColor(x, cv2.COLOR_RGB2GRAY) for x in (still, frames[t]))
            out = np.empty((height, width, 2), np.float32)
            flow = cv2.calcOpticalFlowFarneback(now, before, out, 0.5, 5, 31, 3, 7, 1.5, 0)
            means.append(cv2.resize(flow, (columns, rows), interpolation=cv2.INTER_AREA))
    steps = np.round(np.stack(means) * (STEPS / min(height, width)))
    return np.clip(steps, -LIMIT, LIMIT).astype(int)


def pack(field: np.ndarray) -> Iterator[bytes]:
    """Code a field, [M, rows, columns, 2], as of `fields_of`: one packet for each segment."""
    for first in range(0, len(field), SEGMENT):
        encoder, before = Encoder(), None
        for change in np.diff(field[first : first + SEGMENT], axis=0, prepend=0):
            encoder.put(change, expected(before, change.shape))
            before = change
        yield encoder.data()


def expected(before: np.ndarray | None, shape: tuple[int, ...]) -> Laplace:
    """Return the density of the change of a field, by its change at the moment before."""
    import cv2

    if before is None:
        return Laplace(0.0, FIRST)
    about = cv2.blur(np.abs(before).astype(np.float32), (3, 3)).reshape(shape)
    return Laplace(0.0, LEAST + SHARE * about)


def packets(frames: int, fps: Fraction) -> int:
    """Return the packets of a field of so many frames."""
    return -(-len(moments(frames, fps)) // SEGMENT)


def unpack(
    arrived: Sequence[bytes | None], count: int, cells: tuple[int, int]
) -> tuple[np.ndarray, bool]:
    """Decode what arrived of the packets of so many moments, of a `grid` of cells.

    Returns
    -------
    tuple
        The field, int, shape [M, rows, columns, 2], which stays as it is over a segment that is
        lost, and whether all of it arrived.

    Raises
    ------
    LinksimError
        If the data is damaged, in some cases.
    """
    field = np.zeros((count, *cells, 2), int)
    for number, packet in enumerate(arrived):
        part = slice(number * SEGMENT, min((number + 1) * SEGMENT, len(field)))
        if packet is None:
            field[part] = field[part.start - 1] if part.start else 0
            continue
        decoder, change = Decoder(packet), None
        for t in range(part.start, part.stop):
            change = decoder.take(field[t].shape, expected(change, field[t].shape))
            field[t] = change + (field[t - 1] if t > part.start else 0)
    return field, None not in arrived


def bend(frames: np.ndarray, field: np.ndarray, fps: Fraction) -> None:
    """Move frames, uint8 [T, H, W, 3], that show a picture held still, in place, by its field.

    The border is repeated where it comes from outside.
    """
    count = len(frames)
    at = np.append(-1, moments(count, fps))
    known = np.concatenate([np.zeros_like(field[:1]), field]) * pixels(frames[0])
    for t in range(count):
        after = int(np.searchsorted(at, t))
        share = (t - at[after - 1]) / (at[after] - at[after - 1])
        frames[t] = bent(frames[t], (1 - share) * known[after - 1] + share * known[after])


def pixels(frame: np.ndarray) -> float:
    """Return the pixels of a step in a frame, [H, W, 3]."""
    return min(frame.shape[:2]) / STEPS


def bent(frame: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Return a frame, uint8 [H, W, 3], moved by a field of pixels, float [rows, columns, 2]."""
    import cv2

    (height, width), (rows, columns) = frame.shape[:2], cells.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    moved = cv2.resize(
        cells.astype(np.float32).reshape(rows, columns, 2),
        (width, height),
        interpolation=cv2.INTER_CUBIC,
    )
    return cv2.remap(
        frame,
        x + moved[..., 0],
        y + moved[..., 1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
