"""Flooding belief propagation with the exact check node, ended by the CRC."""

from itertools import groupby

import numpy as np
import tensorflow as tf
from sionna.phy.fec.crc import CRCEncoder
from sionna.phy.fec.ldpc import LDPC5GEncoder

from linksim.phy.coding.graph_decoder import GraphDecoder

LLR_MAX = 20.0
"""Magnitude to which messages are limited, as in Sionna's decoder."""


class BoxplusDecoder(GraphDecoder):
    """The algorithm of Sionna's `LDPC5GDecoder`, without ragged tensors.

    All checks answer at once, then all bits, in groups of those that have as many edges.
    phi(x) = -ln tanh(x/2) is evaluated with one hyperbolic tangent and one logarithm.

    Parameters
    ----------
    encoder, crc, iterations
        The parameters of `GraphDecoder`.
    """

    def __init__(self, encoder: LDPC5GEncoder, crc: CRCEncoder, iterations: int) -> None:
        super().__init__(encoder, crc, iterations, largest=LLR_MAX, filler=LLR_MAX)
        layers, z = sorted(self._code.layers, key=len), self._code.z
        self._by_degree = [(d, len(list(same))) for d, same in groupby(map(len, layers))]
        edges = np.array([edge for layer in layers for edge in layer])
        i = np.arange(z)
        # Which bit a message, edge after edge, belongs to; which messages each bit gets.
        self._bit = (edges[:, :1] * z + (edges[:, 1:] + i) % z).ravel()
        by_bit = np.argsort(self._bit, kind="stable")
        degree = np.bincount(self._bit, minlength=self._code.width)
        first = np.cumsum(degree) - degree
        members = [np.flatnonzero(degree == d) for d in np.unique(degree)]
        self._messages = [
            by_bit[first[bits, None] + np.arange(degree[bits[0]])] for bits in members
        ]
        self._place = np.argsort(np.concatenate(members))

    def _start(self, received: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return received, tf.zeros([len(self._bit), received.shape[1]])

    def _iterate(
        self, received: tf.Tensor, state: tuple[tf.Tensor, tf.Tensor]
    ) -> tuple[tf.Tensor, tf.Tensor]:
        posterior, to_bits = state
        to_checks = tf.clip_by_value(tf.gather(posterior, self._bit) - to_bits, -LLR_MAX, LLR_MAX)
        to_bits = self._answers(to_checks)
        told = [
            tf.reduce_sum(
                tf.reshape(tf.gather(to_bits, m.ravel()), [*m.shape, received.shape[1]]), axis=1
            )
            for m in self._messages
        ]
        return received + tf.gather(tf.concat(told, axis=0), self._place), to_bits

    def _posterior(self, state: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        return state[0][: self._code.k]

    def _answers(self, to_checks: tf.Tensor) -> tf.Tensor:
        z, answers, start = self._code.z, [], 0
        for degree, layers in self._by_degree:
            end = start + layers * degree * z
            group = tf.reshape(to_checks[start:end], [layers, degree, z, -1])
            answers.append(tf.reshape(boxplus(group), [end - start, -1]))
            start = end
        return tf.concat(answers, axis=0)


def boxplus(messages: tf.Tensor) -> tf.Tensor:
    """Answer each edge of a check by the box-plus of all the others.

    Input
    -----
    messages : tf.float32, [layers, edges of a check, Z, blocks]
        Log-likelihood ratios that bits tell checks.

    Output
    ------
    tf.float32, of the same shape
        Messages from checks to bits.
    """
    size, negative = _phi(tf.abs(messages)), messages < 0.0
    others = tf.reduce_sum(size, axis=1, keepdims=True) - size
    count = tf.reduce_sum(tf.cast(negative, tf.int32), axis=1, keepdims=True)
    sign = tf.where((count % 2 == 1) ^ negative, -1.0, 1.0)
    return tf.clip_by_value(sign * _phi(others), -LLR_MAX, LLR_MAX)


def _phi(x: tf.Tensor) -> tf.Tensor:
    # Beyond these limits float32 cannot tell tanh(x/2) from 0 or from 1.
    x = tf.clip_by_value(x, 8.5e-8, 16.635532)
    return -tf.math.log(tf.tanh(0.5 * x))
