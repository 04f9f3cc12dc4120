"""Read a clip from any file that FFmpeg can decode, or from a file of text.

Pictures are put on a grid of constant frame rate, audio is resampled, mixed to mono and
shifted so that both start together. What is damaged or cut short is refused: a reference
with holes would quietly spoil every figure made from it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, inf
from pathlib import Path
from typing import Any

import numpy as np

from linksim.errors import LinksimError
from linksim.media import truncation
from linksim.media.clip import Clip


@dataclass(frozen=True)
class _Track:
    samples: np.ndarray
    rate: Fraction  # samples or frames a second
    start: Fraction  # s

    @property
    def seconds(self) -> Fraction:
        return len(self.samples) / self.rate


def read(path: str | Path, *, sample_rate: int = 16_000, max_seconds: float | None = None) -> Clip:
    """Read a media file.

    Video: frame i of the file is shown from the slot of the frame grid nearest to its time
    stamp until the next one comes; of two in one slot the later is kept. The grid's rate is
    the container's average rate where the time stamps agree with it to one frame over the
    clip, else frames over time. A constant frame rate is thus read frame by frame.

    Audio: each channel is resampled, and mono is the mean of the channels, clipped to
    [-1, 1]. With video, t = 0 is the first picture: audio that starts later is padded with
    zeros, audio that starts earlier is cut.

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

    Returns
    -------
    Clip
        Named after the file.

    Raises
    ------
    LinksimError
        If the file is missing, empty, no media, truncated or damaged, has neither video nor
        audio, or holds samples that are not finite; or no words in UTF-8, if it is text.
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
    video = _read_video(source, limit)
    audio = _read_audio(source, sample_rate, video, limit)
    tracks = [track for track in (video, audio) if track is not None]
    if not tracks:
        raise LinksimError(
            f"{source}: has neither a video nor an audio stream, or is cut off before it"
        )
    with _open(source) as container:
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
    try:
        text = " ".join(source.read_text(encoding="utf-8").split())
    except UnicodeDecodeError:
        raise LinksimError(f"{source}: is not text in UTF-8") from None
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


@contextmanager
def _open(source: Path) -> Iterator[Any]:
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
        except av.error.FFmpegError as error:
            raise LinksimError(
                f"{source}: truncated or damaged, decoding failed ({error.strerror})"
            ) from None


def _read_video(source: Path, limit: Fraction | None) -> _Track | None:
    with _open(source) as container:
        streams = [s for s in container.streams.video if not _is_cover(s)]
        if not streams:
            return None
        stream = streams[0]
        stream.thread_type = "AUTO"
        announced = stream.average_rate or stream.guessed_rate or Fraction(25)
        times: list[Fraction] = []
        pictures: list[np.ndarray] = []
        for frame in container.decode(stream):
            time = _time(frame, times[-1] + 1 / announced if times else Fraction(0))
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
        track = _Track(np.stack([pictures[i] for i in shown]), rate, times[0])
        # The last picture may be held for long: all pictures are as good as all seconds.
        if len(pictures) < truncation.COMPLETE * stream.frames or not stream.frames:
            truncation.check_stream(source, container, stream, track.seconds, limit)
    return track


def _is_cover(stream: Any) -> bool:
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.attached_pic)


def _time(frame: Any, otherwise: Fraction) -> Fraction:
    return otherwise if frame.pts is None else frame.pts * frame.time_base


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


def _read_audio(
    source: Path, sample_rate: int, video: _Track | None, limit: Fraction | None
) -> _Track | None:
    import av

    with _open(source) as container:
        if not container.streams.audio:
            return None
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="fltp", rate=sample_rate)
        zero = None if video is None else video.start
        start: Fraction | None = None
        chunks: list[np.ndarray] = []
        for frame in container.decode(stream):
            time = _time(frame, Fraction(0))
            start = time if start is None else start
            zero = time if zero is None else zero
            if limit is not None and time - zero >= limit:
                break
            chunks += [_mono(f) for f in resampler.resample(frame)]
        if chunks:
            chunks += [_mono(f) for f in resampler.resample(None)]
        if start is None or zero is None or not sum(map(len, chunks)):
            raise LinksimError(f"{source}: its audio stream holds no samples to read")
        track = _Track(np.concatenate(chunks), Fraction(sample_rate), start)
        truncation.check_stream(source, container, stream, track.seconds, limit)
    if not np.isfinite(track.samples).all():
        raise LinksimError(f"{source}: its audio holds NaN or infinite samples")
    if video is not None and not -track.seconds < track.start - zero < video.seconds:
        raise LinksimError(f"{source}: its audio and its video do not overlap in time")
    return _aligned(track, zero, limit)


def _mono(frame: Any) -> np.ndarray:
    return frame.to_ndarray().mean(axis=0, dtype=np.float32)


def _aligned(track: _Track, zero: Fraction, limit: Fraction | None) -> _Track:
    """Clip to [-1, 1] and make the track start at the time `zero`."""
    samples = np.clip(track.samples, -1, 1)
    offset = round((track.start - zero) * track.rate)
    samples = np.pad(samples, (offset, 0)) if offset > 0 else samples[-offset:]
    if limit is not None:
        samples = samples[: ceil(limit * track.rate)]
    return _Track(samples, track.rate, zero)
