"""Rate matching of 5G LDPC with redundancy versions, and its inverse (TS 38.212, 5.4.2).

::

    mother code   | 2Z never sent | information | filler | parity ....................|
    buffer                        ^k0(0)             ^k0(1)       ^k0(2)      ^k0(3)
    sent          n bits from k0 on, around the end, without fillers; then bit interleaving

Sionna's encoder has redundancy version 0 of it, without the way around the end.
"""

from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO

import numpy as np
import tensorflow as tf
from sionna.phy.fec.ldpc import LDPC5GEncoder

from linksim.phy.coding.codes.ldpc import LDPC

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
        Coded bits of one transmission.
    graph : str, optional
        Base graph, ``"bg1"`` or ``"bg2"``; k and n decide where it is not given. Below its least
        rate, 1/3 or 1/5, bits are repeated.

    Input
    -----
    bits : tf.float32, [blocks, k]

    Output
    ------
    tf.float32, [blocks, n_ldpc]
        Code words with the 2Z bits that are never sent and with fillers, which are 0.
    """

    def __init__(self, k: int, n: int, graph: str | None = None) -> None:
        most = 3 * k if graph == "bg1" else int(k / LDPC.min_rate)
        with redirect_stdout(StringIO()):  # it prints where the rate is above 948/1024
            super().__init__(k, min(n, most), bg=graph)

    def call(self, bits: tf.Tensor) -> tf.Tensor:
        """Encode."""
        filled = tf.pad(bits, [[0, 0], [0, self.k_ldpc - self.k]])
        return self._encode_fast(filled)[..., 0]


def select(encoder: LDPC5GEncoder, version: int, coded_bits: int) -> np.ndarray:
    """Return the places in the mother code of the bits that a redundancy version selects.

    Parameters
    ----------
    encoder : LDPC5GEncoder
        Encoder of the mother code.
    version : int
        Redundancy version, 0 to 3.
    coded_bits : int
        n; more than the buffer holds are repeated.

    Returns
    -------
    np.ndarray
        int64, [n]; in the order of the buffer, from the version's start on.
    """
    places = _sendable(encoder)
    start = STARTS[encoder.n_ldpc // encoder.z][version]
    first = np.searchsorted(places, (start + 2) * encoder.z)
    return np.resize(np.roll(places, -first), coded_bits)


def gather(selections: Sequence[np.ndarray]) -> np.ndarray:
    """Return the places of several selections as one selection.

    The same bits, each as often, but in the order in which one transmission would have them: that
    of the buffer from its beginning on, and what comes again in further turns.
    """
    places = np.sort(np.concatenate(selections))
    return places[np.argsort(_occurrence(places), kind="stable")]


class RateMatcher:
    """Send selected bits of a mother code, and bring what was received of them together.

    Parameters
    ----------
    selected : np.ndarray
        int64, [n]; places in the mother code, in the order before bit interleaving.
    order : int
        Bits per symbol; n is a multiple of it.

    Attributes
    ----------
    positions : np.ndarray
        int64, [n]; the place in the mother code of each bit, in the order sent.
    """

    def __init__(self, selected: np.ndarray, order: int) -> None:
        self.positions = _interleave(selected, order)
        turn = _interleave(_occurrence(selected), order)
        self._turns = [np.flatnonzero(turn == t) for t in range(turn.max() + 1)]

    def send(self, mother: np.ndarray) -> np.ndarray:
        """Return the bits to send, [blocks, n], of code words [blocks, n_ldpc]."""
        return mother[:, self.positions]

    def combine(self, buffer: np.ndarray, llr: np.ndarray) -> None:
        """Add what was received to a soft buffer.

        Parameters
        ----------
        buffer : np.ndarray
            float32, [blocks, n_ldpc]; logits of the mother code, 0 where nothing was received.
        llr : np.ndarray
            float32, [blocks, n]; logits in the order sent.
        """
        for turn in self._turns:  # within one turn no bit comes twice
            buffer[:, self.positions[turn]] += llr[:, turn]


def _sendable(encoder: LDPC5GEncoder) -> np.ndarray:
    """Return the places that may be sent: not the first 2Z, and no fillers."""
    places = np.arange(2 * encoder.z, encoder.n_ldpc)
    return places[(places < encoder.k) | (places >= encoder.k_ldpc)]


def _occurrence(places: np.ndarray) -> np.ndarray:
    """Return how often each place was there before."""
    order = np.argsort(places, kind="stable")
    _, first, count = np.unique(places[order], return_index=True, return_counts=True)
    before = np.empty_like(places)
    before[order] = np.arange(places.size) - np.repeat(first, count)
    return before


def _interleave(selected: np.ndarray, order: int) -> np.ndarray:
    """Interleave over symbols: what comes first gets the most reliable bits of each (5.4.2.2)."""
    return selected.reshape(order, -1).T.reshape(-1)
