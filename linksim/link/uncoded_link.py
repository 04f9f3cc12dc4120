"""Uncoded symbols over the shared transceiver, for closed forms and codes of one's own."""

import numpy as np
import tensorflow as tf
from sionna.phy.mapping import BinarySource
from sionna.phy.nr.utils import generate_prng_seq

from linksim.link.config import LinkConfig
from linksim.link.transceiver import OfdmTransceiver, noise_variance
from linksim.montecarlo import Counts, Tally
from linksim.phy.coding.harq import SCRAMBLING_INIT
from linksim.phy.graphs import compiled
from linksim.phy.modulations import MODULATIONS
from linksim.seeding import derive_seed, seed_sionna


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
        self._soft = modulation.demapper()
        self._source = BinarySource()
        self._measure = compiled(self._measure_batch)

    def transmit(self, bits: np.ndarray, snr_db: float, seed: int) -> tuple[np.ndarray, int]:
        """Send bits as they are, as for a code of one's own.

        Parameters
        ----------
        bits : np.ndarray
            uint8, [n]; 0 or 1. They are scrambled, so that runs of one value have unit energy.
        snr_db : float
            Mean Es/N0 per resource element in dB.
        seed : int
            Seed of channel and noise.

        Returns
        -------
        llr : np.ndarray
            float32, [n]; logits ln P(1)/P(0), with the noise variance that the receiver states.
        channel_uses : int
            Data resource elements, padding included.
        """
        frames = -(-bits.size // self._bits)
        slots = frames * self._transceiver.slots_per_frame
        h = self._transceiver.realisation(seed).slots(0, slots)
        seed_sionna(derive_seed(seed, "noise"))
        sequence = generate_prng_seq(self._bits, SCRAMBLING_INIT).astype(np.float32)
        padded = np.pad(bits, (0, frames * self._bits - bits.size)).reshape(frames, -1)
        sent = self._map(tf.constant(np.abs(padded - sequence), tf.float32))
        out = self._transceiver(sent, h, noise_variance(snr_db))
        llr = self._soft(out.symbols, out.noise_variance).numpy() * (1.0 - 2.0 * sequence)
        return llr.reshape(-1)[: bits.size], frames * self._transceiver.uses_per_frame

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
