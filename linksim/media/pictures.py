"""The pictures of a media file, on a grid of constant frame rate."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from linksim.errors import LinksimError
from linksim.media import limits, truncation
from linksim.media.container import Track, decoded, open_media, time_of
from linksim.media.frame_grid import grid_rate, shown
from linksim.media.limits import LONGEST
from linksim.media.upright import deinterlaced, displayed

_BLOCK = 2**26
"""Bytes of pictures that are kept, and given back, at a time."""


def read_pictures(source: Path, limit: Fraction | None, longest: float = LONGEST) -> Track | None:
    """Read the first video stream that is no cover.

    Parameters
    ----------
    source : Path
        The file.
    limit : Fraction or None
        Seconds to read at most.
    longest : float
        Seconds from which on the file is refused.

    Returns
    -------
    Track or None
        uint8 frames [T, H, W, 3], RGB, upright, with square pixels, and without a comb; None
        without a video stream.

    Raises
    ------
    LinksimError
        If no picture can be decoded, the size changes, the stream is truncated, damaged or too
        long, or the pictures do not fit in memory.
    """
    with open_media(source) as container:
        streams = [s for s in container.streams.video if not _is_cover(s)]
        if not streams:
            return None
        stream = streams[0]
        stream.thread_type = "AUTO"
        announced = stream.average_rate or stream.guessed_rate or Fraction(25)
        times: list[Fraction] = []
        pictures = _Pictures(source, _stated_count(container, stream, announced, limit))
        for frame in deinterlaced(decoded(source, container, stream), stream):
            time = time_of(frame, times[-1] + 1 / announced if times else Fraction(0))
            if limit is not None and times and time - times[0] >= limit:
                break
            times.append(time)
            limits.check_length(source, float(time - times[0]), longest)
            pixels = displayed(frame, stream.sample_aspect_ratio, stream.codec_context.name)
            pictures.append(pixels, time)
        if not times:
            raise LinksimError(f"{source}: its video stream holds no decodable picture")
        rate = grid_rate(times, announced)
        track = Track(pictures.laid_out(times, rate), rate, times[0])
        # The last picture may be held for long: all pictures are as good as all seconds.
        if len(times) < truncation.COMPLETE * stream.frames or not stream.frames:
            truncation.check_stream(source, container, stream, track.seconds, limit)
    return track


def _stated_count(container: Any, stream: Any, rate: Fraction, limit: Fraction | None) -> int:
    """Return how many pictures a file says that it has; 0 where it does not say."""
    seconds = truncation.stated_length(container)
    count = stream.frames or (0 if seconds is None else int(seconds * rate))
    return count if limit is None else min(count, int(limit * rate) + 1)


class _Pictures:
    """Pictures in blocks, so that laying them out takes the memory of one block beside them."""

    def __init__(self, source: Path, stated: int) -> None:
        self._source = source
        self._stated = stated
        self._blocks: list[np.ndarray] = []
        self._count = self._each = 0

    def append(self, picture: np.ndarray, time: Fraction) -> None:
        """Keep a picture, uint8 [H, W, 3], that has the size of those before."""
        if not self._blocks:
            self._check(max(self._stated, 1), picture)
            self._each = max(1, _BLOCK // picture.nbytes)
        elif picture.shape != self._blocks[0].shape[1:]:
            raise LinksimError(f"{self._source}: changes its picture size at {float(time):.2f} s")
        place = self._count % self._each
        if place == 0:
            if self._blocks:
                self._check(self._each, picture)
            self._blocks.append(np.empty((self._each, *picture.shape), np.uint8))
        self._blocks[-1][place] = picture
        self._count += 1

    def laid_out(self, times: list[Fraction], rate: Fraction) -> np.ndarray:
        """Return the frames of the grid, uint8 [T, H, W, 3], and forget the pictures."""
        self._check(int((times[-1] - times[0]) * rate) - self._count, self._blocks[0][0])
        indices = shown(times, rate)
        frames = np.empty((len(indices), *self._blocks[0].shape[1:]), np.uint8)
        first = 0
        for i, block in enumerate(self._blocks):
            start, end = np.searchsorted(indices, (first, first + self._each))
            np.take(block, indices[start:end] - first, 0, frames[start:end], "clip")
            first += self._each
            self._blocks[i] = block[:0].copy()  # gives the memory of the block back
        self._blocks = []
        return frames

    def _check(self, more: int, picture: np.ndarray) -> None:
        """Check that there is memory for more pictures."""
        height, width = picture.shape[:2]
        what = f"{self._count + more} pictures of {width}x{height}"
        limits.check_memory(self._source, more * picture.nbytes, what)


def _is_cover(stream: Any) -> bool:
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.attached_pic)
