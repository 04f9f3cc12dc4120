"""The pictures of a media file, on a grid of constant frame rate."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from linksim.errors import LinksimError
from linksim.media import truncation
from linksim.media.container import Track, open_media, time_of


def read_pictures(source: Path, limit: Fraction | None) -> Track | None:
    """Read the first video stream that is no cover.

    Parameters
    ----------
    source : Path
        The file.
    limit : Fraction or None
        Seconds to read at most.

    Returns
    -------
    Track or None
        uint8 frames [T, H, W, 3], RGB; None without a video stream.

    Raises
    ------
    LinksimError
        If no picture can be decoded, the size changes, or the stream is truncated or damaged.
    """
    with open_media(source) as container:
        streams = [s for s in container.streams.video if not _is_cover(s)]
        if not streams:
            return None
        stream = streams[0]
        stream.thread_type = "AUTO"
        announced = stream.average_rate or stream.guessed_rate or Fraction(25)
        times: list[Fraction] = []
        pictures: list[np.ndarray] = []
        for frame in container.decode(stream):
            time = time_of(frame, times[-1] + 1 / announced if times else Fraction(0))
            if limit is not None and times and time - times[0] >= limit:
                break
            times.append(time)
            pictures.append(frame.to_ndarray(format="rgb24"))
            if pictures[-1].shape != pictures[0].shape:
                raise LinksimError(f"{source}: changes its picture size at {float(time):.2f} s")
        if not pictures:
            raise LinksimError(f"{source}: its video stream holds no decodable picture")
        rate = _grid_rate(times, announced)
        shown = _shown(times, rate)
        track = Track(np.stack([pictures[i] for i in shown]), rate, times[0])
        # The last picture may be held for long: all pictures are as good as all seconds.
        if len(pictures) < truncation.COMPLETE * stream.frames or not stream.frames:
            truncation.check_stream(source, container, stream, track.seconds, limit)
    return track


def _is_cover(stream: Any) -> bool:
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.attached_pic)


def _grid_rate(times: list[Fraction], announced: Fraction) -> Fraction:
    steps, span = len(times) - 1, times[-1] - times[0]
    if steps == 0 or span <= 0 or abs(steps / announced - span) <= 1 / announced:
        return announced
    return (steps / span).limit_denominator(1001)


def _shown(times: list[Fraction], rate: Fraction) -> np.ndarray:
    """Return for each slot of the grid the index of the picture that it shows."""
    slots = np.array([int((t - times[0]) * rate + Fraction(1, 2)) for t in times])
    slots = np.maximum.accumulate(slots)
    return np.searchsorted(slots, np.arange(slots[-1] + 1), side="right") - 1
