"""The networks of the audio codec, and what they compute."""

from functools import partial

import tensorflow as tf

from semantic.asc.model import AscModel
from semantic.asc.sizes import SAMPLE_RATE
from semantic.asc.stream import CONTEXT, chunk_frames
from studies.bench.networks.macs import macs
from studies.bench.networks.network import Network, halves


def audio_networks(preset: str) -> list[Network]:
    """Count encoder and decoder as `semantic.asc.stream` runs them, chunks overlapping.

    Parameters
    ----------
    preset : str
        Preset of the codec.

    Returns
    -------
    list of Network
        Encoder and decoder.

    Raises
    ------
    LinksimError
        If there is no such preset.
    """
    model = AscModel(preset=preset)
    chunk = chunk_frames(model.hop)
    seen = chunk + 2 * CONTEXT
    per_second = SAMPLE_RATE / (chunk * model.hop)
    one = tf.TensorSpec((1,))
    sound = [tf.TensorSpec((1, seen * model.hop)), one, one]
    latents = tf.TensorSpec((1, seen + 1, model.latents))
    encode = macs(partial(model.encoder, training=False), sound).total()
    decode = macs(partial(model.decoder, training=False), [latents, latents, one]).total()
    return halves("audio codec", model, encode * per_second, decode * per_second)


def live_networks() -> list[Network]:
    """Count encoder and decoder of the low-delay form, each frame once."""
    model = AscModel(preset="live")
    frames = SAMPLE_RATE // model.hop  # of a second
    one, level = tf.TensorSpec((1,)), tf.TensorSpec((1, frames))
    sound = [tf.TensorSpec((1, (frames - 1) * model.hop)), level, one, one]
    latents = tf.TensorSpec((1, frames, model.latents))
    encode = macs(partial(model.encoder, training=False), sound).total()
    decode = macs(partial(model.decoder, training=False), [latents, latents, level, one]).total()
    return halves("audio codec, low delay", model, encode, decode)
