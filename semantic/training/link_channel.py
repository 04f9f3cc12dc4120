"""The link itself as a channel to train through, where TensorFlow is Keras' backend."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from sionna.phy import config as sionna_config

from linksim.errors import LinksimError
from linksim.link.config import LinkConfig
from linksim.link.symbol_link import SymbolLink
from linksim.link.transceiver import OfdmTransceiver


class LinkChannel(keras.layers.Layer):
    """The link itself, a `SymbolLink`, in place of `semantic.training.channel.TrainingChannel`.

    ::

        latents ─ pack ─▶ grid+pilots ─▶ h·x+n ─▶ estimate ─▶ equalise ─▶ unpack ─▶ latents', noise

    Any channel, estimator, equaliser and interleaving depth of the link; each row goes through
    frames and a channel realisation of its own, at an SNR of its own.

    Parameters
    ----------
    link : LinkConfig
        The link. Its modulation, code and feedback are not used.
    seed : int
        Seed of fading and noise. Every call puts a state of its own into Sionna's generators, so
        that nothing else that draws from them matters.

    Raises
    ------
    LinksimError
        If Keras runs on another backend than TensorFlow.
    """

    def __init__(self, link: LinkConfig, *, seed: int = 0, **kwargs: Any) -> None:
        if keras.backend.backend() != "tensorflow":
            raise LinksimError(
                "training through the link needs KERAS_BACKEND=tensorflow, not "
                f"{keras.backend.backend()}"
            )
        super().__init__(**kwargs)
        self.link = link
        self.seed = seed
        self._symbol_link = SymbolLink(OfdmTransceiver(link))
        self._seeds = keras.random.SeedGenerator(seed)
        self._generator = sionna_config.tf_rng  # made here, since a graph must not make it

    def call(
        self, latents: Any, snr_db: Any, energy: Any = None, sent: Any = None
    ) -> tuple[Any, Any]:
        """Send a batch.

        Input
        -----
        latents : float32, [batch, n]
            n known when traced.
        snr_db : float32, [batch]
            Mean Es/N0 per resource element in dB.
        energy : float32, [batch], optional
            Es, the mean energy of a pair of latents; measured where it is not given.
        sent : float32, [batch], optional
            Share of the latents that is sent. Where it is given, latents of 0 are those left
            out, and the others follow one another without gaps. All, where it is not given.

        Output
        ------
        latents : float32, [batch, n]
            Equalised, in the units of the input.
        noise_variance : float32, [batch, n]
            Effective noise variance of each, in those units squared.
        """
        latents = tf.convert_to_tensor(latents)
        no = 10.0 ** (-tf.convert_to_tensor(snr_db) / 10.0)
        self._generator.reset(_philox_state(self._seeds.next()))
        if sent is None:
            return self._symbol_link(latents, no, energy)
        order = tf.argsort(tf.cast(latents == 0.0, tf.int32), axis=1, stable=True)
        packed = tf.gather(latents, order, batch_dims=1)
        back = tf.argsort(order, axis=1)
        received, variance = self._symbol_link(packed, no, energy)
        return tf.gather(received, back, batch_dims=1), tf.gather(variance, back, batch_dims=1)

    @property
    def random_state(self) -> np.ndarray:
        """The state of the layer's own generator, so that it can be put back."""
        return self._seeds.state.numpy()

    @random_state.setter
    def random_state(self, state: np.ndarray) -> None:
        self._seeds.state.assign(state)


def _philox_state(seed: Any) -> Any:
    """Return the state of a Philox generator: a counter of 0, and as its key both words of a seed.

    Neighbouring counters would give shifted copies of one sequence; keys do not.

    Input
    -----
    uint32, [2]

    Output
    ------
    int64, [3]
    """
    high, low = tf.unstack(tf.cast(seed, tf.int64))
    key = tf.bitwise.left_shift(high, tf.constant(32, tf.int64)) + low
    return tf.stack([tf.zeros_like(key), tf.zeros_like(key), key])
