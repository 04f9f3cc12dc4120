"""Uncoded QAM over the shared transceiver, for tests against closed forms."""

import tensorflow as tf
from sionna.phy.mapping import BinarySource

from linksim.link.config import LinkConfig
from linksim.link.transceiver import OfdmTransceiver, noise_variance
from linksim.montecarlo import Counts, Tally
from linksim.phy.modulations import MODULATIONS
from linksim.seeding import seed_sionna


class UncodedLink:
    """Hard-decided symbols over the shared transceiver.

    Parameters
    ----------
    config : LinkConfig
        Its modulation is used.
    transceiver : OfdmTransceiver
        The transceiver.
    """

    def __init__(self, config: LinkConfig, transceiver: OfdmTransceiver) -> None:
        modulation = MODULATIONS[config.modulation]
        self._transceiver = transceiver
        self._bits = transceiver.symbols_per_frame * modulation.bits
        self._map, self._demap = modulation.mapper(), modulation.slicer()
        self._source = BinarySource()
        self._measure = tf.function(self._measure_batch, jit_compile=True)

    def measure(self, snr_db: float, seed: int, frames: int) -> Counts:
        """Send one batch of random bits and count errors; a block here is a frame."""
        seed_sionna(seed)
        errors = self._measure(noise_variance(snr_db), frames).numpy()
        return Counts(bits=Tally.of(errors, self._bits), blocks=Tally.of(errors > 0, 1))

    def _measure_batch(self, no: tf.Tensor, frames: int) -> tf.Tensor:
        bits = self._source([frames, self._bits])
        equalised = self._transceiver(self._map(bits), self._transceiver.draw(frames), no)
        decided = self._demap(equalised.symbols, equalised.noise_variance)
        return tf.reduce_sum(tf.cast(tf.not_equal(decided, bits), tf.int32), axis=1)
