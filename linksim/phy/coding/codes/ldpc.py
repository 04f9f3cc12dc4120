"""The LDPC codes of 5G (TS 38.212, clauses 5.2.2, 5.3.2 and 5.4.2)."""

from __future__ import annotations

import typing

from linksim.phy.coding.codes.code import Code, Codec
from linksim.phy.coding.decoders import DECODERS

if typing.TYPE_CHECKING:
    from sionna.phy.fec.crc import CRCEncoder

MAX_CODE_BLOCK_BITS = {1 / 4: 3840, 1 / 3: 3824, 1.0: 8448}
"""Longest code block up to each rate (5.2.2). Between rates 1/4 and 1/3 base graph 1, which starts
at 3825 bits, has no code."""


class Ldpc(Code):
    """5G LDPC with its rate matching and bit interleaving.

    Below rate 1/5, the least of base graph 2, coded bits are repeated.
    """

    name = "ldpc"
    min_rate, max_rate = 0.2, 0.95
    retransmits = repeats = True

    def max_info_bits(self, rate: float) -> int:
        """Return the length in bits of the longest code block at a rate (TS 38.212, 5.2.2)."""
        return next(bits for limit, bits in MAX_CODE_BLOCK_BITS.items() if rate <= limit)

    def build(
        self,
        info_bits: int,
        coded_bits: int,
        bits_per_symbol: int,
        crc: CRCEncoder,
        *,
        decoder: str,
        iterations: int,
    ) -> Codec:
        """Return Sionna's encoder and the decoder that is asked for."""
        from sionna.phy.fec.ldpc import LDPC5GEncoder

        least = int(info_bits / self.min_rate)
        if coded_bits > least:
            encoder = LDPC5GEncoder(info_bits, least)
            decode = DECODERS[decoder].build(encoder, crc, iterations)
            return _repeated(Codec(encoder, decode), least, coded_bits, bits_per_symbol)
        encoder = LDPC5GEncoder(info_bits, coded_bits, num_bits_per_symbol=bits_per_symbol)
        return Codec(encoder, DECODERS[decoder].build(encoder, crc, iterations))


def _repeated(codec: Codec, bits: int, coded_bits: int, bits_per_symbol: int) -> Codec:
    """Return a codec whose words of so many bits are sent around and around, and interleaved."""
    import numpy as np
    import tensorflow as tf

    turns = -(-coded_bits // bits)
    order = np.arange(coded_bits).reshape(bits_per_symbol, -1).T.reshape(-1)  # clause 5.4.2.2
    back = np.argsort(order)

    def encode(info: tf.Tensor) -> tf.Tensor:
        return tf.gather(codec.encode(info), order % bits, axis=1)

    def decode(llr: tf.Tensor) -> tuple[np.ndarray, np.ndarray]:
        in_turn = tf.pad(tf.gather(llr, back, axis=1), [[0, 0], [0, turns * bits - coded_bits]])
        return codec.decode(tf.reduce_sum(tf.reshape(in_turn, [-1, turns, bits]), axis=1))

    return Codec(encode, decode)


LDPC = Ldpc()
