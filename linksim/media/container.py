"""Media files as FFmpeg opens them, and tracks that were read from one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from linksim.errors import LinksimError
from linksim.media.limits import out_of_memory


@dataclass(frozen=True)
class Track:
    """Pictures or sound at a constant rate.

    Parameters
    ----------
    samples : np.ndarray
        Frames, uint8 [T, H, W, 3], or audio, float32 [N].
    rate : Fraction
        Samples or frames per second.
    start : Fraction
        Time stamp of the first in s.
    """

    samples: np.ndarray
    rate: Fraction
    start: Fraction

    @property
    def seconds(self) -> Fraction:
        """Length in s."""
        return len(self.samples) / self.rate


@contextmanager
def open_media(source: Path) -> Iterator[Any]:
    """Open a file as an ``av.container.InputContainer``.

    Raises
    ------
    LinksimError
        If it is no media file, is damaged, or, inside, if its decoding fails or takes more memory
        than there is.
    """
    import av

    try:
        # The prefix keeps a colon in the name from being taken for a protocol.
        container = av.open(f"file:{source}", metadata_errors="replace")
    except av.error.FFmpegError as error:
        raise LinksimError(
            f"{source}: not a media file, or cut off before its index ({error.strerror})"
        ) from None
    with container:
        if container.format.name == "tty":  # FFmpeg would draw any text file as a picture
            raise LinksimError(f"{source}: is a text file, not a media file")
        try:
            yield container
        except (MemoryError, BlockingIOError):  # FFmpeg's, too; the latter where no thread starts
            raise out_of_memory(source, "does not fit in memory") from None
        except av.error.FFmpegError as error:
            raise LinksimError(
                f"{source}: truncated or damaged, decoding failed ({error.strerror})"
            ) from None


def decoded(source: Path, container: Any, stream: Any) -> Iterator[Any]:
    """Yield the frames of a stream.

    Raises
    ------
    LinksimError
        If another stream turns up on the way, which PyAV does not know.
    """
    try:
        yield from container.decode(stream)
    except IndexError:
        raise LinksimError(
            f"{source}: damaged, or a stream begins in its midst; write it anew, e.g. "
            "ffmpeg -i IN OUT"
        ) from None


def time_of(frame: Any, otherwise: Fraction) -> Fraction:
    """Return the time stamp of a frame in s, or another where it has none."""
    return otherwise if frame.pts is None else frame.pts * frame.time_base
