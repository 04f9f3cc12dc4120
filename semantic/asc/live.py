"""The live audio codec: a lapped transform of 40 ms, and networks that know only what has been.

As in `semantic.asc.compact`, a spectral envelope and shaped coefficients are what is sent at the
start, and all that is trained adds to that. A frame is one transform, and each of its numbers is
made of its own frame and those before it, at either end: after 40 ms of sound its unit can go.
"""

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from semantic.asc.blocks import (
    CEPSTRA,
    FILLED_FROM,
    FLOOR,
    Cepstrum,
    Collector,
    Envelope,
    cepstral_spread,
    fill_source,
    limited,
    residual,
)
from semantic.asc.compact import FILL, LEVEL, SHAPED, SLOW, heard_envelope, state
from semantic.asc.lapped import lapped_kernels

HOP = 320
"""Samples of a frame, and bins of its transform (20 ms, 25 Hz)."""

SCORED = (0.2, 0.5)
"""Channel uses per sample at which the mean score chooses the best weights."""

DILATIONS = (1, 2, 4, 8)
"""Frames from one tap of a block to the next, block after block: 0.6 s at three taps each."""

PLAN = (
    # what, first, last
    ("cepstra", 0, CEPSTRA),
    ("bins", 0, 40),
    ("cepstra", 0, CEPSTRA),
    ("bins", 40, 72),
    ("cepstra", 0, CEPSTRA),
    ("bins", 0, 48),
    ("bins", 72, 160),
    ("bins", 0, 32),
    ("cepstra", 0, CEPSTRA),
    ("bins", 160, 240),
    ("bins", 0, 160),
    ("bins", 240, 280),
    ("bins", 0, 24),
)
"""Latents of a frame at the start, in order; at a low rate the first alone are sent."""


def start_mapping() -> np.ndarray:
    """Return by how much each value is multiplied in each latent at the start.

    Returns
    -------
    np.ndarray
        float32, [HOP + CEPSTRA, latents]; values are coefficients, then cepstral numbers.
    """
    spread = cepstral_spread()
    gains = np.concatenate([np.ones(HOP), np.sqrt(spread / spread.mean())]).astype(np.float32)
    starts = {"bins": 0, "cepstra": HOP}
    values = [starts[what] + i for what, first, last in PLAN for i in range(first, last)]
    return np.eye(HOP + CEPSTRA, dtype=np.float32)[:, values] * gains[:, None]


class Transform(layers.Layer):
    """The lapped transform, which is not trained: cosines, then sines.

    Input
    -----
    float32, [batch, frames * HOP]

    Output
    ------
    float32, [batch, frames + 1, 2 * HOP]
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._bank = np.concatenate(lapped_kernels(HOP), axis=1)[:, None]

    def call(self, audio: Any) -> Any:
        """Return the output that the class describes."""
        padded = ops.pad(audio, [[0, 0], [HOP, HOP]])[..., None]
        return ops.conv(padded, self._bank, HOP, "valid", "channels_last")


class InverseTransform(layers.Layer):
    """What brings a signal back from the cosines of its `Transform`.

    Input
    -----
    float32, [batch, frames + 1, HOP]

    Output
    ------
    float32, [batch, frames * HOP]
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._halves = np.split(lapped_kernels(HOP)[0].T, 2, axis=1)

    def call(self, spectrum: Any) -> Any:
        """Return the output that the class describes."""
        early, late = (ops.matmul(spectrum, half) for half in self._halves)
        return ops.reshape(late[:, :-1] + early[:, 1:], (ops.shape(spectrum)[0], -1))


def make_encoder(latents: int, width: int = 192) -> keras.Model:
    """Build the encoder.

    Input
    -----
    audio : float32, [batch, frames * HOP]
    level : float32, [batch, frames + 1]
        What the transform of each frame is multiplied by, for about unit mean power.
    snr_db, share : float32, [batch]
        Mean Es/N0 in dB, and share of the latents that is sent.

    Output
    ------
    float32, [batch, frames + 1, latents]
    """
    audio, level = keras.Input((None,), name="audio"), keras.Input((None,), name="level")
    snr_db, share = keras.Input((), name="snr_db"), keras.Input((), name="share")
    x = Transform(name="block1")(audio) * ops.expand_dims(level, -1)
    power = ops.mean(ops.square(layers.Reshape((-1, 2, HOP))(x)), axis=2)
    cepstrum = Cepstrum(HOP, name="cepstrum")(power)
    envelope = Envelope(HOP, name="envelope")(cepstrum)
    shaped = LEVEL * x[..., :HOP] * ops.exp(-0.5 * SHAPED * envelope)
    told = [
        0.3 * ops.log(power + FLOOR) + 1.0,
        state(snr_db[:, None], share[:, None] * ops.ones_like(level)),
    ]
    h = layers.Dense(width, name="block2_in")(layers.Concatenate(name="features")(told))
    for block, dilation in enumerate(DILATIONS, 2):
        h = residual(h, width, f"block{block}", dilation)
    h = layers.LayerNormalization(name="out_norm")(h)
    gain = layers.Dense(HOP, kernel_initializer="zeros", name="gain")(h)
    values = ops.concatenate([shaped * limited(gain), cepstrum, h], axis=-1)
    learned = layers.Conv1D(latents, 1, kernel_initializer="zeros", name="aggregator")(values)
    mapping = start_mapping()
    y = ops.matmul(values[..., : HOP + CEPSTRA], mapping) + SLOW * learned
    return keras.Model([audio, level, snr_db, share], y, name="encoder")


def make_decoder(latents: int, width: int = 320, narrow: int = 160) -> keras.Model:
    """Build the decoder.

    Input
    -----
    latents, noise : float32, [batch, frames + 1, latents]
        Received latents and the noise variance of each, in the units of what was sent.
    level : float32, [batch, frames + 1]
        As the encoder had it.
    snr_db : float32, [batch]
        What the encoder took the SNR for.

    Output
    ------
    float32, [batch, frames * HOP]
    """
    received = keras.Input((None, latents), name="latents")
    noise = keras.Input((None, latents), name="noise")
    level, snr_db = keras.Input((None,), name="level"), keras.Input((), name="snr_db")
    precision = 1.0 / (noise + 1e-3)
    weight = precision / (1.0 + precision)
    mapping = start_mapping()
    collected = Collector(mapping, name="collector")(received, precision)
    (matched, sketch), (known, sure) = ((x[..., :HOP], x[..., HOP:]) for x in collected)
    cepstrum = heard_envelope(matched, known, sketch, sure, narrow, DILATIONS[:2])
    envelope = Envelope(HOP, name="envelope")(cepstrum)
    prior = LEVEL**2 * ops.exp((1.0 - SHAPED) * envelope)
    trust = prior * known / (1.0 + prior * known)
    shaped = prior * matched / (1.0 + prior * known)
    told = [
        0.3 * ops.log(ops.square(shaped) + 1e-3),
        trust,
        cepstrum,
        0.2 * ops.log(1.0 + sure),
        state(snr_db[:, None], ops.mean(weight, axis=2)),
        shaped,
    ]
    gain, residue = _learned(told, width)
    rough = shaped * ops.exp(0.5 * SHAPED * envelope) / LEVEL
    missing = ops.sqrt(1.0 - trust) * ops.exp(0.5 * envelope)
    carrier = matched / ops.sqrt(known * (1.0 + prior * known) + 1e-6)
    filling = FILL * ops.take(carrier, fill_source(HOP), axis=2)
    filling = ops.pad(filling, [[0, 0], [0, 0], [FILLED_FROM, 0]])
    fine = (rough * limited(gain) + missing * (filling + 0.1 * residue)) / ops.expand_dims(
        level, -1
    )
    audio = InverseTransform(name="block8")(fine)
    return keras.Model([received, noise, level, snr_db], audio, name="decoder")


def _learned(told: list[Any], width: int) -> list[Any]:
    """Return gain and residue, which start at 0."""
    h = layers.Dense(width, name="block4_in")(layers.Concatenate(name="features")(told))
    for block, dilation in enumerate(DILATIONS, 4):
        h = residual(h, width, f"block{block}", dilation)
    h = layers.LayerNormalization(name="out_norm")(h)
    return [layers.Dense(HOP, kernel_initializer="zeros", name=k)(h) for k in ("gain", "residue")]
