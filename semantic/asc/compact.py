"""The compact audio codec: a lapped transform that learns to shape itself to the channel.

Both halves work on frames of `BINS` samples. At the start the filter banks are an MDCT and
its inverse, the aggregator sends companded coefficients, a collector averages what arrives by
its precision, and an expander with a Wiener gain undoes the companding. All that is trained
adds to this. The banks are not trained, so that a clean channel reconstructs.
"""

import keras
import numpy as np
from keras import layers, ops

from semantic.asc.blocks import FLOOR, Collector, Compander, Expander, limited, residual
from semantic.asc.lapped import lapped_kernels

HOP = BINS = 256
"""Samples from one frame to the next, and bins of a frame (16 ms, 31.25 Hz)."""

SPARE = 1 / 16
"""Share of the latents that starts free, for what the network finds worth saying."""


def start_mapping(latents: int) -> np.ndarray:
    """Return which coefficient each latent starts with: low bins first, then all again.

    Returns
    -------
    np.ndarray
        float32, shape [BINS, latents], zeros and ones; the last latents start free.
    """
    mapping = np.zeros((BINS, latents), np.float32)
    used = latents - max(4, int(latents * SPARE))
    bins = min(used, BINS - 8)
    mapping[np.arange(used) % bins, np.arange(used)] = 1.0
    return mapping


def make_encoder(latents: int, width: int = 160) -> keras.Model:
    """Build the encoder.

    ::

        audio ─ pad ─▶ 1 lapped ─▶ compander ──────────────×──▶ 7 aggregator ─▶ latents
                            └──▶ 2 ▶ 3 ▶ 4 ▶ 5 ▶ 6 ─▶ gain ┘ └── features ──┘
        snr ────────────────────▶┘

    Input
    -----
    audio : float32, [batch, frames * BINS]
        Unit mean power.
    snr_db : float32, [batch]

    Output
    ------
    float32, [batch, frames + 1, latents]
    """
    audio = keras.Input((None,), name="audio")
    snr_db = keras.Input((), name="snr_db")
    x = layers.ZeroPadding1D(BINS, name="pad")(layers.Reshape((-1, 1), name="column")(audio))
    x = layers.Conv1D(
        2 * BINS, 2 * BINS, strides=BINS, use_bias=False, trainable=False, name="block1"
    )(x)
    cosines, sines = x[..., :BINS], x[..., BINS:]
    coefficients, log_power = Compander(BINS, name="compander")(cosines, sines)
    state = ops.ones_like(log_power[..., :1]) * (snr_db[:, None, None] - 10.0) / 10.0
    h = layers.Concatenate(name="features")([0.3 * log_power + 1.0, state])
    h = layers.Dense(width, name="block2_in")(h)
    for block in range(2, 7):
        h = residual(h, width, f"block{block}")
    h = layers.LayerNormalization(name="out_norm")(h)
    gain = layers.Dense(BINS, kernel_initializer="zeros", name="gain")(h)
    both = ops.concatenate([coefficients * limited(gain), h], axis=-1)
    y = layers.Conv1D(latents, 1, name="aggregator")(both)
    model = keras.Model([audio, snr_db], y, name="encoder")
    bank = np.concatenate(lapped_kernels(BINS), axis=1)[:, None]
    model.get_layer("block1").set_weights([bank])
    mapping = start_mapping(latents)
    spoken = keras.random.normal((width, latents), stddev=0.3 / width**0.5) * (
        mapping.sum(axis=0) == 0
    )
    kernel = np.concatenate([mapping, ops.convert_to_numpy(spoken)])[None]
    model.get_layer("aggregator").set_weights([kernel, np.zeros(latents, np.float32)])
    return model


def make_decoder(latents: int, width: int = 256) -> keras.Model:
    """Build the decoder.

    ::

        latents ─▶ 1 decomposer ─▶ expander ─────────────────×─────+─▶ 8 lapped ─▶ audio
        noise ──▶┘       └──▶ 2 ▶ 3 ▶ 4 ▶ 5 ▶ 6 ▶ 7 ─▶ gain ─┘ residue

    Input
    -----
    latents, noise : float32, [batch, frames + 1, latents]
        Received latents and the noise variance of each, in the units of what was sent.

    Output
    ------
    float32, [batch, frames * BINS]
    """
    received = keras.Input((None, latents), name="latents")
    noise = keras.Input((None, latents), name="noise")
    precision = 1.0 / (noise + 1e-3)
    weight = precision / (1.0 + precision)
    collector = Collector(start_mapping(latents), name="collector")
    coefficients, variance = collector(received, precision)
    # Precision is unbounded, so what is learned sees bounded weights and starts from zero.
    mixed = layers.Conv1D(BINS, 1, kernel_initializer="zeros", name="decomposer")(received * weight)
    coefficients = coefficients + mixed
    rough = Expander(BINS, name="expander")(coefficients, variance)
    told = layers.Concatenate(name="features")(
        [
            0.3 * ops.log(ops.square(coefficients) + variance + 1e-3),
            0.3 * ops.log(variance),
            0.2 * ops.log(ops.square(rough) + FLOOR),
            received * weight,
            weight,
        ]
    )
    h = layers.Dense(width, name="block2_in")(told)
    for block in range(2, 8):
        h = residual(h, width, f"block{block}")
    h = layers.LayerNormalization(name="out_norm")(h)
    gain = layers.Dense(BINS, kernel_initializer="zeros", name="gain")(h)
    residue = layers.Dense(BINS, kernel_initializer="zeros", name="residue")(h)
    fine = rough * limited(gain) + 0.1 * residue
    x = layers.Conv1DTranspose(
        1, 2 * BINS, strides=BINS, use_bias=False, trainable=False, name="block8"
    )(fine)
    audio = layers.Flatten(name="row")(layers.Cropping1D(BINS, name="crop")(x))
    model = keras.Model([received, noise], audio, name="decoder")
    model.get_layer("block8").set_weights([lapped_kernels(BINS)[0][:, None]])
    return model
