"""Rate matching of 5G LDPC with redundancy versions, and its inverse (TS 38.212, 5.4.2).

::

    mother code   | 2Z never sent | information | filler | parity ....................|
    buffer                        ^k0(0)             ^k0(1)       ^k0(2)      ^k0(3)
    sent          n bits from k0 on, around the end, without fillers; then bit interleaving

Sionna's encoder has redundancy version 0 of it, without the way around the end.
"""

import numpy as np
import tensorflow as tf
from sionna.phy.fec.ldpc import LDPC5GEncoder

from linksim.link_config import MIN_CODE_RATE

STARTS = {68: (0, 17, 33, 56), 52: (0, 13, 25, 43)}
"""k0 of redundancy versions 0 to 3 in units of Z, by the columns of the base graph: Table
5.4.2.1-2 for a buffer of full length, N_cb = N."""


class MotherEncoder(LDPC5GEncoder):
    """Sionna's encoder without its rate matching.

    Parameters
    ----------
    k : int
        Information bits.
    n : int
        Coded bits of one transmission. With k it decides on the base graph; below rate 1/5,
        where bits are repeated, that is base graph 2.

    Input
    -----
    bits : tf.float32, [blocks, k]

    Output
    ------
    tf.float32, [blocks, n_ldpc]
        Code words with the 2Z bits that are never sent and with fillers, which are 0.
    """

    def __init__(self, k: int, n: int) -> None:
        super().__init__(k, min(n, int(k / MIN_CODE_RATE)))

    def call(self, bits: tf.Tensor) -> tf.Tensor:
        """Encode."""
        filled = tf.pad(bits, [[0, 0], [0, self.k_ldpc - self.k]])
        return self._encode_fast(filled)[..., 0]


class RateMatcher:
    """Choose the bits of a transmission, and bring what was received of them together.

    Parameters
    ----------
    encoder : LDPC5GEncoder
        Of the mother code.
    coded_bits : int
        n, bits of one transmission; more than the buffer holds are repeated.
    order : int
        Bits per symbol; n is a multiple of it.
    """

    def __init__(self, encoder: LDPC5GEncoder, coded_bits: int, order: int) -> None:
        self._encoder, self._bits, self._order = encoder, coded_bits, order
        self._positions = [self._select(start) for start in STARTS[encoder.n_ldpc // encoder.z]]

    def positions(self, version: int) -> np.ndarray:
        """Return the place in the mother code of each bit sent, int64, [n]."""
        return self._positions[version].reshape(self._order, -1).T.reshape(-1)

    def send(self, mother: np.ndarray, version: int) -> np.ndarray:
        """Return the bits of a redundancy version, [blocks, n], of code words [blocks, n_ldpc]."""
        return mother[:, self.positions(version)]

    def combine(self, buffer: np.ndarray, llr: np.ndarray, version: int) -> None:
        """Add what was received of a redundancy version to a soft buffer.

        Parameters
        ----------
        buffer : np.ndarray
            float32, [blocks, n_ldpc]; logits of the mother code, 0 where nothing was received.
        llr : np.ndarray
            float32, [blocks, n]; logits in the order sent.
        version : int
            Redundancy version, 0 to 3.
        """
        selected = llr.reshape(len(llr), -1, self._order).transpose(0, 2, 1).reshape(llr.shape)
        period = self._sendable.size
        for first in range(0, self._bits, period):  # within one turn no bit comes twice
            turn = slice(first, first + period)
            buffer[:, self._positions[version][turn]] += selected[:, turn]

    @property
    def _sendable(self) -> np.ndarray:
        """Places in the mother code that may be sent: not the first 2Z, and no fillers."""
        places = np.arange(2 * self._encoder.z, self._encoder.n_ldpc)
        return places[(places < self._encoder.k) | (places >= self._encoder.k_ldpc)]

    def _select(self, start: int) -> np.ndarray:
        """Return the places of n bits from `start`, in units of Z, on."""
        places = self._sendable
        first = np.searchsorted(places, (start + 2) * self._encoder.z)
        return np.resize(np.roll(places, -first), self._bits)
