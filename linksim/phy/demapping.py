"""Exact soft demapping of square Gray-labelled QAM, a dimension at a time."""

from functools import reduce

import numpy as np
import tensorflow as tf
from sionna.phy.mapping import Constellation


class QamDemapper:
    """A posteriori log-likelihood ratios of the bits of QAM symbols in white Gaussian noise.

    The labels of TS 38.211, clause 5.1, give the even bits to the real part and the odd ones to
    the imaginary part. So a bit's likelihood is a sum over the sqrt(M) levels of one dimension,
    and not over M points: the result is that of Sionna's ``Demapper("app", "qam", …)``.

    Parameters
    ----------
    bits_per_symbol : int
        log2 M, even.
    """

    def __init__(self, bits_per_symbol: int) -> None:
        self._order, self._half = bits_per_symbol, bits_per_symbol // 2
        points = Constellation("qam", bits_per_symbol).points.numpy()
        # The labels whose odd bits are all zero, in the order of their even bits.
        patterns = np.arange(2**self._half)
        spread = sum(((patterns >> i) & 1) << (2 * i + 1) for i in range(self._half))
        self._levels = [float(level) for level in points[spread].real]

    def __call__(self, symbols: tf.Tensor, noise_variance: tf.Tensor) -> tf.Tensor:
        """Demap.

        Input
        -----
        symbols : tf.complex64, [..., n]
            Received symbols.
        noise_variance : tf.float32, [..., n]
            Variance of the complex noise of each.

        Output
        ------
        tf.float32, [..., n * bits per symbol]
            Logits ln P(1)/P(0).
        """
        parts = tf.stack([tf.math.real(symbols), tf.math.imag(symbols)], axis=-1)
        precision = 1.0 / noise_variance[..., tf.newaxis]
        metrics = [-tf.square(parts - level) * precision for level in self._levels]
        llr = tf.stack([self._logit(metrics, bit) for bit in range(self._half)], axis=-2)
        width = symbols.shape[-1] * self._order
        return tf.reshape(llr, tf.concat([tf.shape(symbols)[:-1], [width]], axis=0))

    def _logit(self, metrics: list[tf.Tensor], bit: int) -> tf.Tensor:
        mask = 1 << (self._half - 1 - bit)
        zero, one = (
            _log_sum_exp([m for i, m in enumerate(metrics) if bool(i & mask) is value])
            for value in (False, True)
        )
        return one - zero


def _log_sum_exp(terms: list[tf.Tensor]) -> tf.Tensor:
    most = reduce(tf.maximum, terms)
    return most + tf.math.log(tf.add_n([tf.exp(term - most) for term in terms]))
