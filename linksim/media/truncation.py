"""Truncated files, told by what decodes and what the header states.

FFmpeg decodes what is left of a truncated file without a word. MPEG-PS states no length but
that of each packet, so only a cut inside a packet shows; MP3 cannot be checked.
"""

from fractions import Fraction
from pathlib import Path
from typing import Any

from linksim.errors import LinksimError

COMPLETE = 0.9  # less than this share of what is stated counts as truncated
_STATED_LENGTH = {"mov", "wav", "flac", "avi"}
_PACK, _END = b"\xba", b"\xb9"  # MPEG-PS start codes
_STREAMED = 0x7FFF_0000  # RIFF sizes from here on, and 0, stand for "not known yet"


def check_riff(source: Path) -> None:
    """Check the size in the header of a WAV or AVI file, which FFmpeg does not.

    Raises
    ------
    LinksimError
        If much of the file is missing.
    """
    with source.open("rb") as file:
        header = file.read(8)
    stated = int.from_bytes(header[4:], "little")
    size = source.stat().st_size
    if header[:4] == b"RIFF" and 0 < stated < _STREAMED and size < COMPLETE * stated:
        raise LinksimError(f"{source}: truncated, {size} bytes where its header states {stated}")


def check_program_stream(source: Path) -> None:
    """Check that an MPEG-PS file (ISO 11172-1, 13818-1) does not end inside a packet.

    Raises
    ------
    LinksimError
        If the last packet is incomplete.
    """
    size, end = source.stat().st_size, 0
    with source.open("rb") as file:
        while (head := file.read(14))[:3] == b"\0\0\1" and (end or head[3:4] == _PACK):
            if head[3:4] == _END:
                end += 4
            elif head[3:4] != _PACK:
                end += 6 + int.from_bytes(head[4:6], "big")
            elif head[4:5] >= b"\x40":  # MPEG-2, with stuffing
                end += 14 + (head[-1] & 7)
            else:
                end += 12
            file.seek(end)
    if end > size:
        raise LinksimError(f"{source}: truncated, its last packet lacks {end - size} bytes")


def stated_length(container: Any) -> Fraction | None:
    """Return the length in s that the header of a file states; None where it states none."""
    formats = {*container.format.name.split(",")}
    states = formats & _STATED_LENGTH or "matroska" in formats
    return Fraction(container.duration, 1_000_000) if states and container.duration else None


def check_stream(
    source: Path, container: Any, stream: Any, seconds: Fraction, limit: Fraction | None
) -> None:
    """Check how much of one stream could be decoded, reading at most `limit` seconds.

    Raises
    ------
    LinksimError
        If much of it is missing.
    """
    if _STATED_LENGTH & set(container.format.name.split(",")) and stream.duration is not None:
        _compare(source, seconds, stream.duration * stream.time_base, limit)


def check_matroska(source: Path, container: Any, end: Fraction, limit: Fraction | None) -> None:
    """Check when the last stream ends: Matroska states a length for the whole file only.

    Raises
    ------
    LinksimError
        If much of the file is missing.
    """
    stated = stated_length(container)
    if "matroska" in container.format.name and stated is not None:
        _compare(source, end, stated, limit)


def _compare(source: Path, seconds: Fraction, stated: Fraction, limit: Fraction | None) -> None:
    if limit is not None:
        stated = min(stated, limit)
    if seconds < COMPLETE * stated:
        raise LinksimError(
            f"{source}: truncated, {float(seconds):.2f} s can be decoded where the header states "
            f"{float(stated):.2f} s"
        )
