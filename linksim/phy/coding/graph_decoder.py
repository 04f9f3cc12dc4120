"""Base of the LDPC decoders that are one compiled TensorFlow graph."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import tensorflow as tf
from sionna.phy.fec.crc import CRCEncoder
from sionna.phy.fec.ldpc import LDPC5GEncoder

from linksim.phy.coding.base_graph import BaseGraph

MULTIPLE = 64
"""Blocks that are decoded at once are a multiple of this; fewer would take as long on a GPU."""


class GraphDecoder(ABC):
    """Decode 5G LDPC code blocks where they are, on a GPU or a CPU, all of a batch at once.

    An iteration is done for all blocks until the CRC of each has passed once; what a block is
    decoded to is what it was when its own did.

    Parameters
    ----------
    encoder : LDPC5GEncoder
        The code; its rate matching is that of redundancy version 0.
    crc : CRCEncoder
        The CRC that ends each block of k information bits.
    iterations : int
        Most iterations.
    largest, filler : float
        Magnitude to which log-likelihood ratios from the channel are limited, and that of a
        filler bit.
    """

    def __init__(
        self,
        encoder: LDPC5GEncoder,
        crc: CRCEncoder,
        iterations: int,
        *,
        largest: float,
        filler: float,
    ) -> None:
        self._code = BaseGraph(encoder)
        self._iterations = iterations
        self._largest, self._filler = largest, filler
        self._source = np.full(self._code.width, self._code.n)  # n: nothing was received
        self._source[self._code.sent] = np.arange(self._code.n)
        self._checks = crc_parity_matrix(crc, self._code.k).T.astype(np.float32)
        self._run = tf.function(self._decode, jit_compile=True)

    def __call__(self, llr: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Decode received blocks.

        Input
        -----
        llr : tf.float32, [blocks, n]
            Logits, ln P(1)/P(0).

        Output
        ------
        bits : tf.uint8, [blocks, k]
            Hard decisions.
        ok : tf.bool, [blocks]
            Whether the CRC of each passes.
        """
        blocks = int(llr.shape[0])
        # A graph is compiled for each size, so there are few. All-zero words are done at once.
        more = -blocks % MULTIPLE if blocks else MULTIPLE
        padded = tf.pad(llr, [[0, more], [0, 0]], constant_values=-self._largest)
        bits, ok = self._run(padded)
        return bits[:blocks], ok[:blocks]

    @abstractmethod
    def _start(self, received: tf.Tensor) -> Any:
        """Return the state ahead of the first iteration.

        Input
        -----
        received : tf.float32, [width, blocks]
            Log-likelihood ratios ln P(0)/P(1) of the mother code's bits.
        """

    @abstractmethod
    def _iterate(self, received: tf.Tensor, state: Any) -> Any:
        """Return the state after one more iteration."""

    @abstractmethod
    def _posterior(self, state: Any) -> tf.Tensor:
        """Return log-likelihood ratios of the k information bits: tf.float32, [k, blocks]."""

    def _decode(self, llr: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        received, blocks = self._received(llr), llr.shape[0]

        def unfinished(i: tf.Tensor, bits: tf.Tensor, ok: tf.Tensor, state: Any) -> tf.Tensor:
            return (i < self._iterations) & ~tf.reduce_all(ok)

        def iterate(i: tf.Tensor, bits: tf.Tensor, ok: tf.Tensor, state: Any) -> tuple[Any, ...]:
            state = self._iterate(received, state)
            decided = self._posterior(state) < 0.0
            bits = tf.where(ok, bits, tf.cast(decided, tf.uint8))
            return i + 1, bits, ok | self._passes(decided), state

        bits = tf.zeros([self._code.k, blocks], tf.uint8)
        start = 0, bits, tf.zeros([blocks], tf.bool), self._start(received)
        _, bits, ok, _ = tf.while_loop(unfinished, iterate, start)
        return tf.transpose(bits), ok

    def _received(self, llr: tf.Tensor) -> tf.Tensor:
        """Put logits, [blocks, n], in their places of the mother code: [width, blocks]."""
        limited = -tf.clip_by_value(llr, -self._largest, self._largest)
        received = tf.gather(tf.pad(tf.transpose(limited), [[0, 1], [0, 0]]), self._source)
        k, k_ldpc = self._code.k, self._code.k_ldpc
        fillers = tf.fill([k_ldpc - k, llr.shape[0]], self._filler)
        return tf.concat([received[:k], fillers, received[k_ldpc:]], axis=0)

    def _passes(self, bits: tf.Tensor) -> tf.Tensor:
        """Tell which words, [k, blocks], have a CRC that is right."""
        odd = tf.math.floormod(self._checks @ tf.cast(bits, tf.float32), 2.0)
        return tf.reduce_all(odd == 0.0, axis=0)


def crc_parity_matrix(crc: CRCEncoder, k: int) -> np.ndarray:
    """Return H, [k, CRC length], such that u passes the CRC exactly if u H = 0 mod 2."""
    data = k - crc.crc_length
    parity = crc(tf.eye(data)).numpy()[:, data:]
    return np.concatenate([parity, np.eye(crc.crc_length)])
