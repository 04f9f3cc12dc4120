"""The form of the audio codec for conversations: a frame at a time, each decoded as it comes.

::

    samples so far ─┬─▶ level so far ─▶ codeword ──────────┐
                    └─▶ encoder ─ × level ─ keep ──────────┴─▶ unit of a frame
    units so far ───┬─▶ codewords ─▶ level ──┐
                    └─▶ decoder ────────── ÷ level ─▶ overlap and add ─▶ samples

The networks are those of the preset "live", which see frames before a frame and none behind it. A
frame has one lapped transform, over 40 ms: so long after its first sample is its last one known.

The level that sound is divided by follows its power over some seconds, upwards at once, in steps
of 6 dB. Both ends must have the same, and a unit may get lost: so each tells it, by a codeword
among its latents. The receiver weighs the codewords of all units so far by their noise, as the
level hardly ever changes.
"""

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import hadamard

from linksim.endpoint import ABSENT
from linksim.streams.interleaving import interleaver
from linksim.timing import Times
from semantic.asc.sizes import SAMPLE_RATE

if TYPE_CHECKING:
    from semantic.asc.model import AscModel

HOP, OVERLAP = 320, 320
"""Samples from one frame to the next, and those in front of it that it shares with the one before:
of the live networks, which this form is for."""

DELAY_S = (HOP + OVERLAP) / SAMPLE_RATE
"""Seconds from the first sample that a frame is needed for to the last that it depends on."""

CODE = 8
"""Latents of a codeword."""

LEVELS = 2 * CODE
"""Levels that a codeword can tell: 1, 1/2, 1/4 and so on, RMS, of full scale."""

MEMORY = 100
"""Frames over which the level is averaged, 2 s."""

HEADROOM = 8.0
"""Power of a frame over that of the level from which on the level rises at once."""

HYSTERESIS = 0.75
"""Steps that the level must be away from the one told before another is told."""

SOFTER, LOUDER = 0.02, 1e-4
"""Probabilities that the level falls by a step, and that it rises, as the receiver supposes."""

CONTEXT = 48
"""Frames before a frame that may change it: those that the networks see."""

AT_ONCE = 1024
"""Frames that go through a network together."""


def times(samples: int) -> Times:
    """Return the times of the units of a sound of so many samples."""
    frames = range(-(-samples // HOP) + 1)
    starts, ends = ([HOP * n + extra for n in frames] for extra in (-OVERLAP, HOP))
    return Times.of_sound(starts, ends, SAMPLE_RATE, samples)


def settled(time_s: float) -> int:
    """Return how many samples are decoded by when the sample of a time in s is played.

    Parameters
    ----------
    time_s : float
        Time of capture of what is played; units whose time to be played has come have arrived,
        or never do.
    """
    unit = int((time_s * SAMPLE_RATE + OVERLAP) // HOP)
    return max(0, unit * HOP) + HOP - OVERLAP


def encode(model: "AscModel", audio: np.ndarray, snr_db: float, kept: int) -> np.ndarray:
    """Return the latents of a sound, unit by unit.

    Parameters
    ----------
    model : AscModel
        Model whose encoder is used, of the preset "live".
    audio : np.ndarray
        float32, [frames * HOP].
    snr_db : float
        What the encoder is told: mean Es/N0 in dB.
    kept : int
        Latents of a unit, a codeword among them.

    Returns
    -------
    np.ndarray
        float32, [frames + 1, kept].
    """
    steps = _levels(audio)
    level = np.exp2(steps).astype(np.float32)
    told = [np.array([x], np.float32) for x in (snr_db, (kept - CODE) / model.latents)]
    units = np.empty((len(steps), kept), np.float32)
    for first, last, start in _chunks(len(steps)):
        piece = audio[start * HOP : last * HOP]  # a frame more than is wanted, but at the end
        seen = [piece[None], level[None, start : start + len(piece) // HOP + 1]]
        latents = np.asarray(model.encoder([*seen, *told], training=False))[0]
        units[first:last, CODE:] = latents[first - start : last - start, : kept - CODE]
    # As strong as the others: a stronger one would leave quiet frames less of a unit's power.
    units[:, :CODE] = _codewords()[steps] * _rms(units[:, CODE:])
    sent = np.empty_like(units)
    sent[:, interleaver(kept)] = units
    return sent


def decode(model: "AscModel", latents: np.ndarray, noise: np.ndarray, snr_db: float) -> np.ndarray:
    """Return the sound of received units, each frame made of its unit and those before.

    Parameters
    ----------
    model : AscModel
        Model whose decoder is used, of the preset "live".
    latents, noise : np.ndarray
        float32, [frames + 1, kept]; units as received, and the noise variance of each latent.
    snr_db : float
        SNR that the encoder was told, in dB.

    Returns
    -------
    np.ndarray
        float32, [frames * HOP].
    """
    units, kept = latents.shape
    latents, noise = (x[:, interleaver(kept)] for x in (latents, noise))
    level = np.exp2(_heard_levels(latents[:, :CODE], noise[:, :CODE])).astype(np.float32)
    whole = np.zeros((2, units, model.latents), np.float32)
    whole[1] = ABSENT
    whole[:, :, : kept - CODE] = latents[:, CODE:], noise[:, CODE:]
    told = np.array([snr_db], np.float32)
    sound = np.empty((units - 1) * HOP, np.float32)
    for first, last, start in _chunks(units - 1):
        seen = [whole[0, None, start : last + 1], whole[1, None, start : last + 1]]
        row = model.decoder([*seen, level[None, start : last + 1], told], training=False)
        kept_part = slice((first - start) * HOP, (last - start) * HOP)
        sound[first * HOP : last * HOP] = np.asarray(row)[0, kept_part]
    return sound


def _chunks(count: int) -> Iterator[tuple[int, int, int]]:
    """Give first and last of each part of so many frames, and from where on it has to be seen."""
    for first in range(0, count, AT_ONCE):
        yield first, min(first + AT_ONCE, count), max(0, first - CONTEXT)


def _levels(audio: np.ndarray) -> np.ndarray:
    """Return the level of each frame, of itself and those before, in halvings: int, [frames + 1]"""
    powers = np.square(audio, dtype=np.float64).reshape(-1, HOP).mean(1)
    level, told, steps = 0.0, _step(0.0), []
    for frame, power in enumerate((*powers, 0.0)):
        level += (power - level) / min(frame + 1, MEMORY)
        level = max(level, power / HEADROOM)
        if abs(_step(level) - told) > HYSTERESIS:
            told = _step(level)
        steps.append(round(told))
    return np.clip(steps, 0, LEVELS - 1)


def _rms(units: np.ndarray) -> np.ndarray:
    """Return the RMS of each row: float32, [rows, 1]."""
    return np.sqrt(np.square(units).mean(1, keepdims=True))


def _step(power: float) -> float:
    return -0.5 * float(np.log2(max(power, 1e-20)))


def _heard_levels(code: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Return the likeliest level of each frame, by its codeword and those before: int, [frames]."""
    # All codewords have the same energy, so that only what they agree by counts.
    evidence = (_rms(code) * code / noise) @ _codewords().T
    likely, steps = np.eye(LEVELS)[-1], []  # silence before the sound
    for seen in evidence.astype(np.float64):
        softer = np.append(0.0, likely[:-1])
        likely = (1.0 - SOFTER - LOUDER) * likely + SOFTER * softer + LOUDER / LEVELS
        likely *= np.exp(np.maximum(seen - seen.max(), -100.0))
        likely /= likely.sum()
        steps.append(int(likely.argmax()))
    return np.array(steps)


@functools.cache
def _codewords() -> np.ndarray:
    """Return the biorthogonal code: float32, [LEVELS, CODE], of 1 and -1."""
    rows = hadamard(CODE).astype(np.float32)
    return np.concatenate([rows, -rows])
