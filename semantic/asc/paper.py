"""The audio codec at the sizes of the paper and of wav2vec, from which it takes its layers.

Schneider et al., "wav2vec: unsupervised pre-training for speech recognition", Interspeech
2019: 512 channels, five strided convolutions and a 1x1, each with group norm and ReLU.
"""

import math
from typing import Any

import keras
from keras import layers, ops

CHANNELS = 512
EXTRACTOR = ((10, 5), (8, 4), (4, 2), (4, 2), (4, 2), (1, 1))
"""(kernel, stride) of each block of the feature extractor; a seventh is the aggregator."""

HOP = math.prod(stride for _, stride in EXTRACTOR)
"""Samples from one frame to the next (10 ms)."""


def _norm(x: Any, name: str) -> Any:
    x = layers.GroupNormalization(groups=1, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def make_encoder(latents: int, channels: int = CHANNELS) -> keras.Model:
    """Build the encoder: six blocks that extract features and a 1x1 that aggregates them.

    Input
    -----
    audio : float32, [batch, frames * HOP]
        Unit mean power.
    snr_db, share : float32, [batch]
        Mean Es/N0 in dB, and share of the latents that is sent: two more channels beside the
        features that are aggregated.

    Output
    ------
    float32, [batch, frames + 1, latents]
    """
    audio = keras.Input((None,), name="audio")
    snr_db, share = keras.Input((), name="snr_db"), keras.Input((), name="share")
    # A frame more than the audio has, so that its ends lie inside the outer windows too.
    x = layers.ZeroPadding1D((HOP // 2, HOP - HOP // 2))(layers.Reshape((-1, 1))(audio))
    for i, (kernel, stride) in enumerate(EXTRACTOR, 1):
        x = layers.Conv1D(channels, kernel, stride, padding="same", name=f"block{i}")(x)
        x = _norm(x, f"block{i}")
    told = ops.stack([(snr_db - 10.0) / 10.0, 2.0 * share - 1.0], axis=-1)
    state = ops.ones_like(x[..., :2]) * told[:, None]
    y = layers.Conv1D(latents, 1, name="aggregator")(ops.concatenate([x, state], axis=-1))
    return keras.Model([audio, snr_db, share], y, name="encoder")


def make_decoder(latents: int, channels: int = CHANNELS) -> keras.Model:
    """Build the decoder: a 1x1 that decomposes, the extractor mirrored, and a 1x1 to audio.

    Input
    -----
    latents, noise : float32, [batch, frames + 1, latents]
        Received latents and the noise variance of each, in the units of what was sent.
    snr_db : float32, [batch]
        What the encoder took the SNR for; not used, for the noise tells more.

    Output
    ------
    float32, [batch, frames * HOP]
    """
    received = keras.Input((None, latents), name="latents")
    noise = keras.Input((None, latents), name="noise")
    snr_db = keras.Input((), name="snr_db")
    weight = 1.0 / (1.0 + noise)
    x = ops.concatenate([received * weight, weight], axis=-1)
    x = _norm(layers.Conv1DTranspose(channels, 1, name="decomposer")(x), "block1")
    for i, (kernel, stride) in enumerate(reversed(EXTRACTOR), 2):
        x = layers.Conv1DTranspose(channels, kernel, stride, padding="same", name=f"block{i}")(x)
        x = _norm(x, f"block{i}")
    x = layers.Conv1DTranspose(1, 1, name="block8")(x)
    x = layers.Cropping1D((HOP // 2, HOP - HOP // 2))(x)
    return keras.Model([received, noise, snr_db], layers.Flatten()(x), name="decoder")
