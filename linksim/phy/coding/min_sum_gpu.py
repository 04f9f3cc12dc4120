"""The layered min-sum decoder of `linksim.phy.coding.min_sum` as one graph, for a GPU.

The same operations in the same order, on all blocks at once instead of one after the other: what
comes out is the same bit for bit. Each column of the base graph is a tensor [Z, blocks] and stays
turned as the last layer that read it wanted it, so that an edge costs one rotation, not two.
"""

from typing import NamedTuple

import tensorflow as tf
from sionna.phy.fec.crc import CRCEncoder
from sionna.phy.fec.ldpc import LDPC5GEncoder

from linksim.phy.coding.graph_decoder import GraphDecoder
from linksim.phy.coding.min_sum import (
    CERTAIN,
    FACTOR,
    FACTOR_LEAST,
    LARGEST,
    LN2,
    MAGNITUDE,
    SIGN,
    SLOPE,
)


class _State(NamedTuple):
    """Posteriors of each column, and what each edge was told last: [Z, blocks] all."""

    columns: tuple[tf.Tensor, ...]
    to_bits: tuple[tf.Tensor, ...]


class GraphMinSumDecoder(GraphDecoder):
    """Decode 5G LDPC code blocks as `linksim.phy.coding.min_sum.MinSumDecoder` does, on a GPU.

    Parameters
    ----------
    encoder, crc, iterations
        The parameters of `GraphDecoder`.
    """

    def __init__(self, encoder: LDPC5GEncoder, crc: CRCEncoder, iterations: int) -> None:
        super().__init__(encoder, crc, iterations, largest=float(LARGEST), filler=float(CERTAIN))
        # How far each column is turned between two iterations: as its last layer leaves it.
        self._turned = dict.fromkeys(range(self._code.width // self._code.z), 0)
        self._turned |= {column: shift for layer in self._code.layers for column, shift in layer}

    def _start(self, received: tf.Tensor) -> _State:
        columns = tf.unstack(tf.reshape(received, [-1, self._code.z, received.shape[1]]))
        edges = sum(map(len, self._code.layers))
        return _State(
            tuple(_turn(x, self._turned[c]) for c, x in enumerate(columns)),
            (tf.zeros_like(columns[0]),) * edges,
        )

    def _iterate(self, received: tf.Tensor, state: _State) -> _State:
        columns, turned = list(state.columns), dict(self._turned)
        told, to_bits = iter(state.to_bits), list[tf.Tensor]()
        for layer in self._code.layers:
            to_checks = [_turn(columns[c], s - turned[c]) - next(told) for c, s in layer]
            answers = _answers(tf.stack(to_checks))
            for (column, shift), asked, answer in zip(layer, to_checks, answers, strict=True):
                columns[column], turned[column] = asked + answer, shift
            to_bits.extend(answers)
        return _State(tuple(columns), tuple(to_bits))

    def _posterior(self, state: _State) -> tf.Tensor:
        systematic = range(self._code.k_ldpc // self._code.z)
        columns = [_turn(state.columns[c], -self._turned[c]) for c in systematic]
        return tf.concat(columns, axis=0)[: self._code.k]


def _turn(x: tf.Tensor, by: int) -> tf.Tensor:
    by %= x.shape[0]
    return tf.concat([x[by:], x[:by]], axis=0) if by else x


def _answers(messages: tf.Tensor) -> list[tf.Tensor]:
    """Answer the edges of a layer, [edges, Z, blocks]; see `linksim.phy.coding.min_sum`."""
    word = tf.bitcast(messages, tf.int32)
    # Magnitudes of floats are ordered as the integers that they are stored as.
    magnitude = tf.bitwise.bitwise_and(word, MAGNITUDE)
    least = tf.reduce_min(magnitude, axis=0)
    is_least = magnitude == least
    second = tf.reduce_min(tf.where(is_least, MAGNITUDE, magnitude), axis=0)
    several = tf.reduce_sum(tf.cast(is_least, tf.int32), axis=0) > 1
    a, b = tf.bitcast(least, tf.float32), tf.bitcast(tf.where(several, least, second), tf.float32)
    near = tf.maximum(LN2 - SLOPE * (b - a), 0.0)
    far = tf.maximum(LN2 - SLOPE * (b + a), 0.0)
    size = tf.where(is_least, FACTOR_LEAST * b, FACTOR * (a - near + far))
    negative = tf.reduce_sum(tf.cast(word < 0, tf.int32), axis=0)
    sign = tf.bitwise.bitwise_xor(
        tf.bitwise.left_shift(negative, 31), tf.bitwise.bitwise_and(word, SIGN)
    )
    return tf.unstack(
        tf.bitcast(tf.bitwise.bitwise_xor(tf.bitcast(size, tf.int32), sign), tf.float32)
    )
