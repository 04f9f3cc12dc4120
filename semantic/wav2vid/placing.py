"""Where decoded frames stand in a clip, and how those move that are held in between."""

import struct
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from linksim.errors import LinksimError
from linksim.media import Clip
from semantic.wav2vid.gate import runs

TIMES = struct.Struct(">HH")
"""Frames that are not sent before an effective clip, and its own."""


_LONGEST = 1 << 16


def times_of(sent: np.ndarray) -> bytes:
    """Return where effective clips stand, of which frames are sent, bool [T], as bytes.

    Raises
    ------
    LinksimError
        If more frames in a row are sent, or are not, than can be told.
    """
    times, end = b"", 0
    for start, stop in runs(sent):
        if max(start - end, stop - start) >= _LONGEST:
            raise LinksimError(f"{_LONGEST} frames or more in a row; cut the clip into pieces")
        times, end = times + TIMES.pack(start - end, stop - start), stop
    return times


def places_of(times: bytes | None, count: int, sent: int) -> np.ndarray:
    """Return the frame number of each frame that was sent, int [sent], of a clip of `count`."""
    if times is None:
        return np.arange(sent)
    places, end = [], 0
    for gap, length in TIMES.iter_unpack(times):
        places.append(end + gap + np.arange(length))
        end += gap + length
    found = np.concatenate(places)
    if len(found) != sent or end > count:
        raise LinksimError("the times of the effective clips do not fit the video: damaged data")
    return found


def bend_held(
    frames: np.ndarray,
    fps: Fraction,
    places: np.ndarray,
    motion: Sequence[bytes | None],
    cells: int,
    warnings: list[str],
) -> None:
    """Move, in place, what is held as the packets of its motion field say."""
    from semantic.wav2vid.motion_field import bend, grid, moments, packets, unpack

    shape = grid(frames.shape[1], frames.shape[2], cells)
    sent = np.isin(np.arange(len(frames)), places)
    for start, stop in runs(~sent):
        count = packets(stop - start, fps)
        own, motion = motion[:count], motion[count:]
        field, whole = unpack(own, len(moments(stop - start, fps)), shape)
        if not whole:
            warnings.append(f"frames {start} to {stop - 1} stand still: their motion is lost")
        bend(frames[start:stop], field, fps)


def placed(
    effective: Clip, places: Sequence[int] | np.ndarray, count: int
) -> tuple[np.ndarray, list[str]]:
    """Spread decoded frames over the clip; each is held until the next."""
    latest = np.searchsorted(places, np.arange(count), side="right") - 1
    assert effective.frames is not None
    frames = effective.frames[np.maximum(latest, 0)]
    origins = ["held"] * count
    for place, origin in zip(places, effective.origins, strict=True):
        origins[place] = origin
    return frames, origins
