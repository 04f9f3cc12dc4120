"""The networks of the text codec, and what they compute."""

from functools import partial

import tensorflow as tf

from semantic.text.model import TextModel
from semantic.text.sizes import CHUNK
from studies.bench.networks.macs import macs
from studies.bench.networks.network import Network, halves

CHARACTERS = 15.0
"""Characters in a second of speech: 150 words a minute of five letters and a space."""


def text_networks(preset: str) -> list[Network]:
    """Count encoder and decoder as scheme ``text`` runs them, for chunks that are full.

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
    model = TextModel(preset=preset)
    per_second = CHARACTERS / CHUNK
    tokens = tf.TensorSpec((1, CHUNK), tf.int32)
    latents = tf.TensorSpec((1, CHUNK, model.latents))
    arrived = [latents, latents, tf.TensorSpec((1, CHUNK), tf.bool)]
    encode = macs(partial(model.encoder, training=False), tokens).total()
    decode = macs(partial(model.decoder, training=False), arrived).total()
    return halves("text codec", model, encode * per_second, decode * per_second)
