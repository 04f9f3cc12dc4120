"""The sound of a media file: mono, at the rate that is asked for."""

from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from linksim.errors import LinksimError
from linksim.media import truncation
from linksim.media.container import Track, open_media, time_of


def read_sound(
    source: Path, sample_rate: int, video: Track | None, limit: Fraction | None
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

    Returns
    -------
    Track or None
        float32 samples in [-1, 1]; None without an audio stream.

    Raises
    ------
    LinksimError
        If the stream holds no samples, or some that are not finite, is truncated or damaged, or
        never plays while a picture shows.
    """
    with open_media(source) as container:
        if not container.streams.audio:
            return None
        stream = container.streams.audio[0]
        zero = None if video is None else video.start
        start: Fraction | None = None
        mixer, resampler = _Mixer(), _Resampler(sample_rate)
        for frame in container.decode(stream):
            time = time_of(frame, Fraction(0))
            start = time if start is None else start
            zero = time if zero is None else zero
            if limit is not None and time - zero >= limit:
                break
            resampler.feed(mixer.mono(frame), frame.sample_rate)
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
