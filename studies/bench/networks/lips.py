"""The networks of lip synchronisation, and what they compute."""

import tensorflow as tf

from semantic.wav2lip.networks.discriminator import Discriminator
from semantic.wav2lip.networks.expert import SyncExpert
from semantic.wav2lip.networks.generator import Generator
from semantic.wav2lip.networks.mouth_codec import LATENTS, MouthCodec
from semantic.wav2lip.networks.sizes import BANDS, COLUMNS, FPS, SIDE, WINDOW
from studies.bench.networks.macs import macs
from studies.bench.networks.network import Network, halves, parameters_of

FACE, VOICE = (SIDE, SIDE, 3), (BANDS, COLUMNS, 1)


def lip_networks(preset: str, fps: float) -> list[Network]:
    """Count the generator, which animates each frame of a call, and who judges it in training.

    Parameters
    ----------
    preset : str
        Preset of all three networks.
    fps : float
        Faces per second of the call. Training has 25, and each window of five is judged once.

    Returns
    -------
    list of Network
        Both ends of the mouth codec, which has no other preset than ``"compact"``, generator, sync
        expert and discriminator.

    Raises
    ------
    LinksimError
        If there is no such preset.
    """
    generator, expert = Generator(preset=preset), SyncExpert(preset=preset)
    discriminator = Discriminator(preset=preset)
    face, voice = tf.TensorSpec((1, *FACE)), tf.TensorSpec((1, *VOICE))
    window = {"faces": tf.TensorSpec((1, 1, WINDOW, *FACE)), "mel": tf.TensorSpec((1, 1, *VOICE))}
    made = macs(generator, {"face": face, "reference": face, "mel": voice}).total()
    return [
        *(_mouth_codec(fps) if preset == "compact" else []),
        Network(
            codec="lip synchronisation",
            name="generator",
            parameters=parameters_of(generator),
            receiver=made * fps,
        ),
        Network(
            codec="lip synchronisation",
            name="sync expert",
            parameters=parameters_of(expert),
            training=macs(expert, window).total() * FPS / WINDOW,
        ),
        Network(
            codec="lip synchronisation",
            name="discriminator",
            parameters=parameters_of(discriminator),
            training=macs(discriminator, face).total() * FPS,
        ),
    ]


def _mouth_codec(fps: float) -> list[Network]:
    codec, face = MouthCodec(), tf.TensorSpec((1, *FACE))
    latents = tf.TensorSpec((1, LATENTS))
    sent = macs(codec.encoder, {"target": face, "reference": face}).total()
    drawn = macs(codec.decoder, {"reference": face, "latents": latents, "noise": latents}).total()
    return halves("coded lips", codec, sent * fps, drawn * fps)
