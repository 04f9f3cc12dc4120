"""The sound of a media file: mono, at the rate that is asked for, each sample at its time.

What a file leaves out, as a call does while nobody speaks, is silence of the same length.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain, pairwise
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from linksim.errors import LinksimError
from linksim.media import limits, truncation
from linksim.media.container import Track, decoded, open_media, time_of
from linksim.media.limits import LONGEST

GAP = Fraction(8, 1000)
"""Seconds by which sound may be off its time stamps: less is a recorder's jitter, more a gap.

Packets last 10 ms and more, and stamps are rounded to 1 ms in Matroska and FLV.
"""

PLAIN = 10 * GAP
"""Seconds from which on a gap counts before the last frame."""

BACKWARDS = Fraction(1)
"""Seconds by which time stamps may run back: sound that plays twice is dropped."""


def read_sound(
    source: Path,
    sample_rate: int,
    video: Track | None,
    limit: Fraction | None,
    longest: float = LONGEST,
) -> Track | None:
    """Read the first audio stream, from the first picture on where there is video.

    Parameters
    ----------
    source : Path
        The file.
    sample_rate : int
        Rate to resample to in Hz.
    video : Track or None
        Its pictures, if it has any.
    limit : Fraction or None
        Seconds to read at most.
    longest : float
        Seconds from which on the file is refused.

    Returns
    -------
    Track or None
        float32 samples in [-1, 1]; None without an audio stream.

    Raises
    ------
    LinksimError
        If the stream holds no samples, or some that are not finite, is truncated, damaged or too
        long, goes back in time, or never plays while a picture shows.
    """
    with open_media(source) as container:
        if not container.streams.audio:
            return None
        stream = container.streams.audio[0]
        zero = None if video is None else video.start
        start: Fraction | None = None
        mixer, resampler = _Mixer(), _Resampler(sample_rate)
        for frame, time, late in _in_time(decoded(source, container, stream)):
            start = time if start is None else start
            zero = time if zero is None else zero
            if late < -BACKWARDS * frame.sample_rate:
                raise LinksimError(
                    f"{source}: its sound goes back in time after {float(time - start):.2f} s; "
                    "write it anew, e.g. ffmpeg -i IN OUT"
                )
            beyond = 0 if limit is None else (time - zero - limit) * frame.sample_rate
            if limit is not None and beyond >= 0:
                resampler.feed(np.zeros(max(0, late - int(beyond)), np.float32), frame.sample_rate)
                break
            limits.check_length(source, float(time - start), longest)
            samples = mixer.mono(frame)
            samples = np.pad(samples, (late, 0)) if late > 0 else samples[-late:]
            resampler.feed(samples, frame.sample_rate)
        samples = resampler.finish()
        if start is None or zero is None or not len(samples):
            raise LinksimError(f"{source}: its audio stream holds no samples to read")
        track = Track(samples, Fraction(sample_rate), start)
        truncation.check_stream(source, container, stream, track.seconds, limit)
    if not np.isfinite(track.samples).all():
        raise LinksimError(f"{source}: its audio holds NaN or infinite samples")
    if video is not None and not -track.seconds < track.start - zero < video.seconds:
        raise LinksimError(f"{source}: its audio and its video do not overlap in time")
    return _aligned(track, zero, limit)


def _in_time(frames: Iterable[Any]) -> Iterator[tuple[Any, Fraction, int]]:
    """Yield frames, when they play in s, and the samples of silence before them.

    Less than 0 is what plays twice. As decoders misstate the time of one frame among others, a
    gap counts if the next frame confirms it; that of a last frame, if it is plain.
    """
    end: Fraction | None = None
    for frame, following in pairwise(chain(frames, (None,))):
        time, length = time_of(frame, end or Fraction(0)), frame.samples
        rate = frame.sample_rate
        end = time if end is None else end
        late = time - end
        after = end + Fraction(length, rate)
        if following is not None:
            then = time_of(following, after + late) - after
        else:
            then = late if abs(late) >= PLAIN else Fraction(0)
        gap = min(late, then, key=abs)
        silence = round(gap * rate) if late * then > 0 and abs(gap) >= GAP else 0
        yield frame, end + Fraction(max(silence, 0), rate), silence
        end += Fraction(max(length + silence, 0), rate)


class _Mixer:
    """The mean of the channels of frames, whose format may change from one to the next."""

    def __init__(self) -> None:
        self._kind: tuple[str, str, int] | None = None
        self._packer: Any = None

    def mono(self, frame: Any) -> np.ndarray:
        """Return the samples of a frame, float32 [n].

        Channels are interleaved first: PyAV runs past the end of the list of planes of a frame
        that has one for each of eight channels or more.
        """
        import av

        channels = frame.layout.nb_channels
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != self._kind:
            self._kind, self._packer = kind, av.AudioResampler(format="flt")
        packed = [f.to_ndarray().reshape(-1, channels) for f in self._packer.resample(frame)]
        return np.concatenate(packed).mean(axis=1, dtype=np.float32)


class _Resampler:
    """Mono samples at one rate from pieces of any."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._fed: int | None = None  # Hz
        self._graph: Any = None
        self._done: list[np.ndarray] = []

    def feed(self, samples: np.ndarray, rate: int) -> None:
        """Take samples, float32 [n], at a rate in Hz."""
        import av

        if not len(samples):
            return
        if rate != self._fed:
            self._flush()
            self._fed = rate
            self._graph = av.AudioResampler(format="fltp", layout="mono", rate=self._rate)
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = rate
        self._keep(frame)

    def finish(self) -> np.ndarray:
        """Return all samples, float32 [n]."""
        self._flush()
        return np.concatenate([np.zeros(0, np.float32), *self._done])

    def _flush(self) -> None:
        if self._graph is not None:
            self._keep(None)

    def _keep(self, frame: Any) -> None:
        self._done += [f.to_ndarray()[0] for f in self._graph.resample(frame)]


def _aligned(track: Track, zero: Fraction, limit: Fraction | None) -> Track:
    """Clip to [-1, 1] and make the track start at the time `zero`."""
    samples = np.clip(track.samples, -1, 1)
    offset = round((track.start - zero) * track.rate)
    samples = np.pad(samples, (offset, 0)) if offset > 0 else samples[-offset:]
    if limit is not None:
        samples = samples[: ceil(limit * track.rate)]
    return Track(samples, track.rate, zero)
