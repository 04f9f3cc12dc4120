"""The 16 kHz core of wide-band speech coders, and conversion to and from other sample rates."""

from math import gcd

import numpy as np

from linksim.errors import LinksimError
from linksim.media import Clip, audio_of
from linksim.media.resample import resample

RATE = 16_000
"""Samples per second of the core in Hz."""


def to_core(clip: Clip, what: str) -> np.ndarray:
    """Return the sound of a clip at 16 kHz, float64, shape [n].

    Raises
    ------
    LinksimError
        If there is none, or it holds NaN or infinite samples.
    """
    audio = audio_of(clip, what)
    if not np.isfinite(audio).all():
        name = clip.name or "the clip"
        raise LinksimError(f"{name}: its audio holds NaN or infinite samples; repair the clip")
    return resample(audio.astype(np.float64), clip.sample_rate, RATE)


def to_clip(audio: np.ndarray, rate: int, samples: int, sample_rate: int, name: str) -> Clip:
    """Return a clip of the original length and rate, clipped to [-1, 1].

    Parameters
    ----------
    audio : np.ndarray
        float, shape [n], at `rate` in Hz; what it lacks at its end is silence.
    rate, samples, sample_rate : int
        Rate of `audio` in Hz; length and rate in Hz of what was sent.
    name : str
        Name of the clip.
    """
    heard = resample(audio, rate, sample_rate)[:samples]
    heard = np.clip(np.pad(heard, (0, samples - len(heard))), -1, 1)
    return Clip(audio=heard.astype(np.float32), sample_rate=sample_rate, name=name)


def needed(core: int, sample_rate: int) -> int:
    """Return how many samples at `sample_rate` in Hz the first `core` at 16 kHz depend on."""
    if sample_rate == RATE:
        return core
    common = gcd(sample_rate, RATE)
    up, down = RATE // common, sample_rate // common
    return ((core - 1) * down + _reach(up, down)) // up + 1


def played_from(core: int, rate: int, sample_rate: int) -> int:
    """Return the first sample that is heard of sample `core`, where the filter reaches back.

    Parameters
    ----------
    core : int
        A sample at `rate`.
    rate, sample_rate : int
        Samples per second in Hz at the decoder, and of the clip that `to_clip` gives.
    """
    if sample_rate == rate:
        return core
    common = gcd(sample_rate, rate)
    up, down = sample_rate // common, rate // common
    return -(-(core * up - _reach(up, down)) // down)


def _reach(up: int, down: int) -> int:
    """Return half the length of the filter of `resample`, in samples at `up` times the rate."""
    return 10 * max(up, down)


def length(samples: int, rate: int, target: int) -> int:
    """Return how many samples `resample` gives."""
    return -(-samples * target // rate)
