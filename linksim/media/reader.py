"""Read a clip from any file that FFmpeg can decode, or from a file of text.

Pictures are put on a grid of constant frame rate, audio is resampled, mixed to mono and
shifted so that both start together. What is damaged or cut short is refused: a reference
with holes would quietly spoil every figure made from it.
"""

from fractions import Fraction
from math import inf
from pathlib import Path

from linksim.errors import LinksimError
from linksim.files import read_text
from linksim.media import truncation
from linksim.media.clip import Clip
from linksim.media.container import open_media
from linksim.media.limits import LONGEST, check_length
from linksim.media.pictures import read_pictures
from linksim.media.sound import read_sound


def read(
    path: str | Path,
    *,
    sample_rate: int = 16_000,
    max_seconds: float | None = None,
    longest: float = LONGEST,
) -> Clip:
    """Read a media file.

    Video: pictures are turned upright, given square pixels and freed of the comb of interlacing.
    Picture i of the file is shown from the slot of the frame grid nearest to its time stamp until
    the next one comes; of two in one slot the later is kept. The grid's rate is the container's
    average rate where each time stamp agrees with it to half a frame, else the highest rate that
    is held over eight pictures. A constant frame rate is thus read frame by frame, and of a
    variable one no picture is lost.

    Audio: mono is the mean of the channels, resampled and clipped to [-1, 1]. Gaps between time
    stamps are silence. With video, t = 0 is the first picture: audio that starts later is padded
    with zeros, audio that starts earlier is cut.

    A file whose name ends in ``.txt`` is text in UTF-8, of which runs of blanks and line ends
    are read as one space.

    Parameters
    ----------
    path : str or Path
        The file. It may hold video, audio or both, or text.
    sample_rate : int
        Audio rate to resample to in Hz.
    max_seconds : float or None
        Read no more than this from the start; None reads all.
    longest : float
        Refuse what is longer than this in s, before it is read if the file states its length.

    Returns
    -------
    Clip
        Named after the file.

    Raises
    ------
    LinksimError
        If the file is missing, empty, no media, truncated or damaged, too long, larger than the
        memory that is free, has neither video nor audio, or holds samples that are not finite; or
        no words in UTF-8, if it is text.
    """
    source = Path(path)
    _check_file(source)
    if source.suffix.lower() == ".txt":
        return _read_text(source)
    if sample_rate <= 0:
        raise LinksimError(f"sample_rate must be positive, not {sample_rate}")
    if max_seconds is not None and not 0 < max_seconds < inf:
        raise LinksimError(f"max_seconds must be positive, not {max_seconds}")
    limit = None if max_seconds is None else Fraction(max_seconds).limit_denominator(10**6)
    if not longest > 0:
        raise LinksimError(f"longest must be positive, not {longest}")
    with open_media(source) as container:
        stated = truncation.stated_length(container) or Fraction(0)
        check_length(source, float(stated if limit is None else min(stated, limit)), longest)
    video = read_pictures(source, limit, longest)
    audio = read_sound(source, sample_rate, video, limit, longest)
    tracks = [track for track in (video, audio) if track is not None]
    if not tracks:
        raise LinksimError(
            f"{source}: has neither a video nor an audio stream, or is cut off before it"
        )
    with open_media(source) as container:
        end = max(track.start + track.seconds for track in tracks)
        truncation.check_matroska(source, container, end, limit)
    return Clip(
        None if video is None else video.samples,
        None if video is None else video.rate,
        None if audio is None else audio.samples,
        sample_rate,
        source.name,
    )


def _read_text(source: Path) -> Clip:
    text = " ".join(read_text(source).split())
    if not text:
        raise LinksimError(f"{source}: holds no words")
    return Clip(name=source.name, text=text)


def _check_file(source: Path) -> None:
    try:
        if source.is_dir():
            raise LinksimError(f"{source}: is a directory; give a media file")
        if source.stat().st_size == 0:
            raise LinksimError(f"{source}: is empty")
        truncation.check_riff(source)
        truncation.check_program_stream(source)
    except FileNotFoundError:
        raise LinksimError(f"{source}: no such file") from None
    except OSError as error:
        raise LinksimError(f"{source}: cannot be read ({error.strerror})") from None
