"""The form of the audio codec for conversations: a frame at a time, each decoded as it comes.

::

    samples so far ─┬─▶ level so far ─▶ codeword ─────────────────────┐
                    └─ ÷ level ─▶ encoder, last frame ─ keep ─────────┴─▶ unit of a frame
    units so far ───┬─▶ codewords ─▶ level ─────────────────────┐
                    └─▶ decoder, last frame ─▶ its spectrum ────×─▶ overlap and add ─▶ samples

The networks see the frames before a frame as ever, and behind it silence, as at the end of a clip.
A frame has two lapped transforms, over 48 ms: so long after its first sample is its last one known.

The level that sound is divided by follows its power over some seconds, upwards at once, in steps
of 6 dB. Both ends must have the same, and a unit may get lost: so each tells it, by a codeword
among its latents. The receiver weighs the codewords of all units so far by their noise, as the
level hardly ever changes.
"""

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.linalg import hadamard

from linksim.endpoint import ABSENT
from linksim.streams.interleaving import interleaver
from linksim.timing import Times
from semantic.asc.sizes import SAMPLE_RATE
from semantic.asc.stream import CONTEXT

if TYPE_CHECKING:
    from semantic.asc.model import AscModel

HOP, OVERLAP = 512, 256
"""Samples from one frame to the next, and those in front of it that it shares with the one before:
of the compact networks, which this form is for."""

DELAY_S = (HOP + OVERLAP) / SAMPLE_RATE
"""Seconds from the first sample that a frame is needed for to the last that it depends on."""

SILENT = 2
"""Frames of silence that the encoder sees behind a frame. With the edge of the window right behind
it, PESQ over a clean channel was 3.0 where with them it was 3.8."""

CODE = 8
"""Latents of a codeword."""

LEVELS = 2 * CODE
"""Levels that a codeword can tell: 1, 1/2, 1/4 and so on, RMS, of full scale."""

MEMORY = 62
"""Frames over which the level is averaged, 2 s: as many as crops have that the networks know."""

HEADROOM = 8.0
"""Power of a frame over that of the level from which on the level rises at once."""

HYSTERESIS = 0.75
"""Steps that the level must be away from the one told before another is told."""

SOFTER, LOUDER = 0.02, 1e-4
"""Probabilities that the level falls by a step, and that it rises, as the receiver supposes."""

AT_ONCE = 64
"""Windows that go through a network together."""


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
    return max(0, int((time_s * SAMPLE_RATE + OVERLAP) // HOP) * HOP + OVERLAP)


def encode(model: "AscModel", audio: np.ndarray, snr_db: float, kept: int) -> np.ndarray:
    """Return the latents of a sound, unit by unit.

    Parameters
    ----------
    model : AscModel
        Model whose encoder is used.
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
    ended = np.concatenate([np.zeros(CONTEXT * HOP, np.float32), audio, np.zeros(HOP, np.float32)])
    windows = np.lib.stride_tricks.sliding_window_view(ended, (CONTEXT + 1) * HOP)[::HOP]
    share = (kept - CODE) / model.latents
    units = np.empty((len(steps), kept), np.float32)
    for part in _batches(len(steps)):
        scaled = np.zeros((len(steps[part]), (CONTEXT + 1 + SILENT) * HOP), np.float32)
        scaled[:, : -SILENT * HOP] = windows[part] * np.exp2(steps[part, None])
        told = [np.full(len(scaled), value, np.float32) for value in (snr_db, share)]
        latents = np.asarray(model.encoder([scaled, *told], training=False))
        units[part, CODE:] = latents[:, CONTEXT, : kept - CODE]
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
        Model whose decoder is used.
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
    steps = _heard_levels(latents[:, :CODE], noise[:, :CODE])
    whole = np.zeros((2, CONTEXT + units, model.latents), np.float32)
    whole[1] = ABSENT
    whole[:, CONTEXT:, : kept - CODE] = latents[:, CODE:], noise[:, CODE:]
    windows = np.lib.stride_tricks.sliding_window_view(whole, CONTEXT + 1, axis=1)
    windows = windows.transpose(0, 1, 3, 2)  # values and noise, unit, window, latent
    spectrum = np.empty((1, 2 * units, OVERLAP), np.float32)
    inner, lapped = _halves(model)
    for part in _batches(units):
        told = np.full(len(steps[part]), snr_db, np.float32)
        seen = np.asarray(inner([*windows[:, part], told], training=False))[:, -2:]
        scaled = seen * np.exp2(-steps[part, None, None]).astype(np.float32)
        spectrum[0, 2 * part.start : 2 * part.start + 2 * len(scaled)] = scaled.reshape(-1, OVERLAP)
    return np.asarray(lapped(spectrum))[0, OVERLAP : OVERLAP + (units - 1) * HOP, 0]


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


@functools.lru_cache(maxsize=4)
def _halves(model: "AscModel") -> tuple[Any, Any]:
    """Return the decoder up to the spectrum, and the lapped transform behind it."""
    import keras

    lapped = model.decoder.get_layer("block8")
    return keras.Model(model.decoder.inputs, lapped.input), lapped


def _batches(count: int) -> Iterator[slice]:
    for first in range(0, count, AT_ONCE):
        yield slice(first, min(first + AT_ONCE, count))
