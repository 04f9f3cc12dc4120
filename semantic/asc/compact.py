"""The compact audio codec: a shaped lapped transform that learns to be better.

Both halves work on frames of `HOP` samples, each two short transforms of `BINS`. At the start
the encoder sends a spectral envelope, and MDCT coefficients divided by a power of it; the
decoder weighs what arrives by its precision, undoes the shaping with a Wiener gain, and fills
the bins that it lacks from those that it has. All that is trained adds to this. The filter
banks are not trained, so that a clean channel reconstructs.
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
from semantic.asc.lapped import lapped_kernels

BINS = 256
"""Samples from one transform to the next, and its bins (16 ms, 31.25 Hz)."""

HOP = 2 * BINS
"""Samples of a frame: two transforms, which share an envelope."""

SHAPED = 0.6
"""Exponent: a coefficient of variance v is divided by v^(SHAPED/2), as a power between what
least squares asks for (0.5) and noise that has the shape of the sound (1)."""

LEVEL = 1.5
"""Brings shaped coefficients of speech to about the power of the envelope's latents."""

FILL = 0.6
"""Share of the amplitude that is missing which filling has."""

SLOW = 0.1
"""Factor of the layers on either side of the channel, which are trained that much slower: what
they let leak from one coefficient to another is noise that no SNR takes away."""

PLAN = (
    # what, first, last, copies; bins are of both transforms of a frame
    ("cepstra", 0, CEPSTRA, 2),
    ("bins", 0, 24, 1),
    ("bins", 0, 80, 1),
    ("cepstra", 0, CEPSTRA, 1),
    ("bins", 80, 184, 1),
    ("cepstra", 0, CEPSTRA, 2),
    ("bins", 184, 256, 1),
    ("bins", 0, 172, 1),
)
"""Latents of a frame at the start, in order; at a low rate the first alone are sent."""


def start_mapping() -> np.ndarray:
    """Return by how much each value is multiplied in each latent at the start.

    Returns
    -------
    np.ndarray
        float32, shape [HOP + CEPSTRA, latents]; the values are coefficients, bin by bin, and
        cepstral numbers. The share of power of the latter is that of least squared error.
    """
    spread = cepstral_spread()
    columns = []
    for what, first, last, copies in PLAN:
        for _ in range(copies):
            if what == "bins":
                columns += [(i, 1.0) for i in range(2 * first, 2 * last)]
            else:
                gains = np.sqrt(spread / spread.mean())
                columns += [(HOP + i, gains[i]) for i in range(first, last)]
    mapping = np.zeros((HOP + CEPSTRA, len(columns)), np.float32)
    for latent, (value, gain) in enumerate(columns):
        mapping[value, latent] = gain
    return mapping


def make_encoder(latents: int, width: int = 192) -> keras.Model:
    """Build the encoder.

    ::

        audio ─ pad ─▶ 1 lapped ─┬─ ÷ envelope^p ─────────────×──▶ 7 aggregator ─▶ latents
                                 ├─ cepstrum ──────────────────────▶┘ │
                                 └──▶ 2 ▶ 3 ▶ 4 ▶ 5 ▶ 6 ─▶ gain ┘ └───┘
        snr, share ─────────────────▶┘

    Input
    -----
    audio : float32, [batch, frames * HOP]
        Unit mean power.
    snr_db, share : float32, [batch]
        Mean Es/N0 in dB, and share of the latents that is sent.

    Output
    ------
    float32, [batch, frames + 1, latents]
    """
    audio = keras.Input((None,), name="audio")
    snr_db, share = keras.Input((), name="snr_db"), keras.Input((), name="share")
    x = layers.ZeroPadding1D((BINS, HOP), name="pad")(layers.Reshape((-1, 1))(audio))
    x = layers.Conv1D(HOP, HOP, strides=BINS, use_bias=False, trainable=False, name="block1")(x)
    power = 0.5 * (ops.square(x[..., :BINS]) + ops.square(x[..., BINS:]))
    cepstrum = Cepstrum(BINS, name="cepstrum")(layers.AveragePooling1D(2)(power))
    envelope = ops.repeat(Envelope(BINS, name="envelope")(cepstrum), 2, axis=-1)
    shaped = LEVEL * _by_frame(x[..., :BINS]) * ops.exp(-0.5 * SHAPED * envelope)
    told = [
        0.3 * ops.log(_by_frame(power) + FLOOR) + 1.0,
        state(snr_db[:, None], share[:, None] * ops.ones_like(cepstrum[..., 0])),
    ]
    h = layers.Dense(width, name="block2_in")(layers.Concatenate(name="features")(told))
    for block in range(2, 7):
        h = residual(h, width, f"block{block}")
    h = layers.LayerNormalization(name="out_norm")(h)
    gain = layers.Dense(HOP, kernel_initializer="zeros", name="gain")(h)
    values = ops.concatenate([shaped * limited(gain), cepstrum, h], axis=-1)
    learned = layers.Conv1D(latents, 1, kernel_initializer="zeros", name="aggregator")(values)
    y = ops.matmul(values[..., : HOP + CEPSTRA], start_mapping()) + SLOW * learned
    model = keras.Model([audio, snr_db, share], y, name="encoder")
    bank = np.concatenate(lapped_kernels(BINS), axis=1)[:, None]
    model.get_layer("block1").set_weights([bank])
    return model


def make_decoder(latents: int, width: int = 320, narrow: int = 160) -> keras.Model:
    """Build the decoder.

    ::

        latents ─┬▶ collector ─┬──────────── Wiener ─ + ─ × env^p ─ × ──── + ─▶ 8 lapped ─▶ audio
        noise ──▶┤             └▶ 2 ▶ 3 ─▶ envelope ──│─────┴▶ 4 ▶ 5 ▶ 6 ▶ 7 ─ gain,
        snr ────▶└▶ 1 decomposer ─────────────────────┘                        residue

    Input
    -----
    latents, noise : float32, [batch, frames + 1, latents]
        Received latents and the noise variance of each, in the units of what was sent.
    snr_db : float32, [batch]
        What the encoder took the SNR for.

    Output
    ------
    float32, [batch, frames * HOP]
    """
    received = keras.Input((None, latents), name="latents")
    noise = keras.Input((None, latents), name="noise")
    snr_db = keras.Input((), name="snr_db")
    precision = 1.0 / (noise + 1e-3)
    weight = precision / (1.0 + precision)
    matched, known = Collector(start_mapping(), name="collector")(received, precision)
    (matched, sketch), (known, sure) = _split(matched), _split(known)
    cepstrum = heard_envelope(matched, known, sketch, sure, narrow)
    envelope = ops.repeat(Envelope(BINS, name="envelope")(cepstrum), 2, axis=-1)
    prior = LEVEL**2 * ops.exp((1.0 - SHAPED) * envelope)
    trust = prior * known / (1.0 + prior * known)
    # Precision is unbounded, so what is learned sees bounded weights and starts from zero.
    mixed = layers.Conv1D(HOP, 1, kernel_initializer="zeros", name="decomposer")(received * weight)
    shaped = prior * matched / (1.0 + prior * known) + SLOW * mixed
    told = [
        0.3 * ops.log(ops.square(shaped) + 1e-3),
        trust,
        cepstrum,
        0.2 * ops.log(1.0 + sure),
        state(snr_db[:, None], ops.mean(weight, axis=2)),
    ]
    gain, residue = _learned(told, width)
    rough = shaped * ops.exp(0.5 * SHAPED * envelope) / LEVEL
    # What is made up is as loud as what is missing, so that a clean channel needs none of it.
    missing = ops.sqrt(1.0 - trust) * ops.exp(0.5 * envelope)
    carrier = matched / ops.sqrt(known * (1.0 + prior * known) + 1e-6)
    fine = rough * limited(gain) + missing * (_filling(carrier) + 0.1 * residue)
    x = layers.Conv1DTranspose(
        1, HOP, strides=BINS, use_bias=False, trainable=False, name="block8"
    )(_by_transform(fine))
    audio = layers.Flatten(name="row")(layers.Cropping1D((BINS, HOP), name="crop")(x))
    model = keras.Model([received, noise, snr_db], audio, name="decoder")
    model.get_layer("block8").set_weights([lapped_kernels(BINS)[0][:, None]])
    return model


def heard_envelope(
    matched: Any,
    known: Any,
    sketch: Any,
    sure: Any,
    width: int,
    dilations: tuple[int | None, ...] = (None, None),
) -> Any:
    """Return the cepstrum: what its latents say, corrected by other frames and coefficients."""
    cepstrum = sketch / (sure + 1.0)
    power = ops.square(matched) / (known * (1.0 + known) + 1e-3)
    told = [cepstrum, 0.2 * ops.log(1.0 + sure), 0.3 * ops.log(power + 1e-3)]
    h = layers.Dense(width, name="block2_in")(layers.Concatenate(name="heard")(told))
    for block, dilation in enumerate(dilations, 2):
        h = residual(h, width, f"block{block}", dilation)
    return cepstrum + layers.Dense(CEPSTRA, kernel_initializer="zeros", name="correction")(h)


def _learned(told: list[Any], width: int) -> list[Any]:
    """Return gain and residue, which start at 0."""
    h = layers.Dense(width, name="block4_in")(layers.Concatenate(name="features")(told))
    for block in range(4, 8):
        h = residual(h, width, f"block{block}")
    h = layers.LayerNormalization(name="out_norm")(h)
    return [layers.Dense(HOP, kernel_initializer="zeros", name=k)(h) for k in ("gain", "residue")]


def _filling(carrier: Any) -> Any:
    """Return high bins made of lower ones, of unit power before `FILL`; 0 for low ones."""
    source = 2 * fill_source(BINS)
    sources = np.stack([source, source + 1], axis=1).reshape(-1)
    filling = FILL * ops.take(carrier, sources, axis=2)
    return ops.pad(filling, [[0, 0], [0, 0], [2 * FILLED_FROM, 0]])


def _by_frame(x: Any) -> Any:
    """Put the two transforms of a frame side by side, bin by bin."""
    return layers.Reshape((-1, HOP))(ops.swapaxes(layers.Reshape((-1, 2, BINS))(x), 2, 3))


def _by_transform(x: Any) -> Any:
    """Undo `_by_frame`."""
    return layers.Reshape((-1, BINS))(ops.swapaxes(layers.Reshape((-1, BINS, 2))(x), 2, 3))


def _split(x: Any) -> tuple[Any, Any]:
    """Return what concerns coefficients, and what concerns the cepstrum."""
    return x[..., :HOP], x[..., HOP:]


def state(snr_db: Any, share: Any) -> Any:
    """Return SNR and share of what is sent, two numbers for each frame, [batch, frames, 2]."""
    snr_db = snr_db * ops.ones_like(share)
    return ops.stack([(snr_db - 10.0) / 10.0, 2.0 * share - 1.0], axis=-1)
