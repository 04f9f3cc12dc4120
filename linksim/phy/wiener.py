"""Wiener filters from the pilots to the whole slot, for known statistics of the channel (LMMSE).

::

    h_LS [pilot symbols x pilot subcarriers] ─U*─▶ / (l + N0) ─R_hp U─▶ h_hat [slot]

Ours because Sionna's does not compile under XLA. Time and frequency have a covariance each, and
that of a slot is their Kronecker product, which is never formed: its eigenvectors are products.
"""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from linksim.phy.channels import Channel
from linksim.phy.estimation import Interpolator, combs
from linksim.phy.grid import Grid
from linksim.phy.statistics import channel_covariance

GAIN_FLOOR = 1e-9
"""Least variance of an estimate; where pilots tell nothing there is next to none."""


class _SeparableInterpolator(Interpolator):
    """Wiener filters along time and along frequency, and the power of each output.

    Parameters
    ----------
    covariance_time : np.ndarray
        complex, [symbols, symbols]; E[h h^H] over the OFDM symbols of a slot.
    covariance_frequency : np.ndarray
        complex, [subcarriers, subcarriers]; unit diagonal.
    pilot_symbols : sequence of int
        OFDM symbols that carry pilots.
    pilot_subcarriers : sequence of int
        Subcarriers that carry pilots in each of them.
    """

    def __init__(
        self,
        covariance_time: np.ndarray,
        covariance_frequency: np.ndarray,
        pilot_symbols: Sequence[int],
        pilot_subcarriers: Sequence[int],
    ) -> None:
        self._power = [np.diag(c).real for c in (covariance_time, covariance_frequency)]
        self._time = _Filter(covariance_time[:, pilot_symbols], pilot_symbols)
        self._frequency = _Filter(covariance_frequency[:, pilot_subcarriers], pilot_subcarriers)


class LmmseInterpolator(_SeparableInterpolator):
    """Two-dimensional Wiener filter for known channel statistics.

    W(N0) = R_hp (R_pp + N0 I)^-1. With R_pp = U diag(l) U^H the inverse is a division by
    l + N0, so one decomposition serves every SNR and nothing but products is compiled. The pilots
    are a comb in some symbols, so U and l are those of time times those of frequency.
    """

    def __call__(self, h_ls: tf.Tensor, no: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        time, frequency = self._time, self._frequency
        power = tf.constant(np.outer(*self._power), tf.float32)
        eigenvalues = time.eigenvalues[:, tf.newaxis] * frequency.eigenvalues
        shrink = 1.0 / (eigenvalues + tf.reshape(no, [-1, 1, 1]))
        rows = tf.reshape(h_ls, [-1, time.pilots, frequency.pilots])
        rotated = _along_time(tf.tensordot(rows, frequency.rotate, 1), time.rotate)
        rotated *= tf.cast(shrink, tf.complex64)
        h = _along_time(tf.tensordot(rotated, frequency.spread, 1), time.spread)
        gain = _along_time(tf.tensordot(shrink, frequency.gain, 1), time.gain)
        return h, tf.maximum(power - gain, 0.0)


class TwoPassInterpolator(_SeparableInterpolator):
    """Wiener filters over frequency, then over time: what Sionna's `LMMSEInterpolator` computes.

    ::

        h_LS ─A(N0)─▶ scale to unit gain, error s ─B(s)─▶ h_hat

    The first pass gives each subcarrier k of a pilot symbol an estimate of variance g_k and of
    error r_k - g_k, with r the diagonal of the frequency covariance. Scaled by r / g it is the
    channel plus an error of variance s_k = r_k (r_k - g_k) / g_k, which the second pass takes for
    noise that is white over time. It is an approximation of the joint filter that
    `LmmseInterpolator` is, by far smaller products. As there, eigenvectors turn each inverse into
    a division, so that it compiles under XLA.
    """

    def __call__(self, h_ls: tf.Tensor, no: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        symbols, subcarriers = (tf.constant(p, tf.float32) for p in self._power)
        rows = tf.reshape(h_ls, [-1, self._time.pilots, self._frequency.pilots])
        noise = tf.reshape(no, [-1, 1])
        shrink, gain = self._frequency.weigh(noise)
        gain = tf.maximum(gain, GAIN_FLOOR)
        first = self._frequency.apply(rows, shrink[:, tf.newaxis])
        first *= tf.cast(subcarriers / gain, tf.complex64)[:, tf.newaxis]
        shrink, gain = self._time.weigh(
            (subcarriers * (subcarriers - gain) / gain)[..., tf.newaxis]
        )
        h = self._time.apply(tf.transpose(first, [0, 2, 1]), shrink)
        error = tf.maximum(symbols - gain, 0.0)
        return tf.transpose(h, [0, 2, 1]), tf.transpose(error, [0, 2, 1])


class _Filter:
    """A Wiener filter along one axis: R_hp (R_pp + n I)^-1 for any noise variance n.

    Parameters
    ----------
    to_pilots : np.ndarray
        complex, [outputs, pilots]; R_hp.
    pilots : sequence of int
        Indices of the outputs that are pilots.
    """

    def __init__(self, to_pilots: np.ndarray, pilots: Sequence[int] | np.ndarray) -> None:
        self.pilots = len(pilots)
        eigenvalues, u = np.linalg.eigh(to_pilots[pilots, :])
        spread = (to_pilots @ u).T
        self.eigenvalues = tf.constant(np.maximum(eigenvalues, 0.0), tf.float32)
        self.rotate = tf.constant(u.conj(), tf.complex64)
        self.spread = tf.constant(spread, tf.complex64)
        self.gain = tf.constant(np.abs(spread) ** 2, tf.float32)

    def weigh(self, noise: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return 1 / (l + n), [..., pilots], and the variance of the estimate, [..., outputs]."""
        shrink = 1.0 / (self.eigenvalues + noise)
        return shrink, tf.tensordot(shrink, self.gain, 1)

    def apply(self, pilots: tf.Tensor, shrink: tf.Tensor) -> tf.Tensor:
        """Filter along the last axis."""
        rotated = tf.tensordot(pilots, self.rotate, 1)
        return tf.tensordot(rotated * tf.cast(shrink, tf.complex64), self.spread, 1)


def _along_time(rows: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Weigh pilot symbols, the last axis but one of three: [.., p, f] by [p, s] to [.., s, f]."""
    return tf.einsum("npf,ps->nsf", rows, weights)


def wiener_interpolators(
    build: Callable[..., Interpolator], grid: Grid, channel: Channel
) -> list[Interpolator]:
    """Build a Wiener filter for each stream.

    It is given the second-order statistics of `channel`, averaged over 4096 slots drawn
    from it with a seed of its own, those of several antennas together.

    Parameters
    ----------
    build : callable
        `LmmseInterpolator` or `TwoPassInterpolator`.
    grid : Grid
        Resource grid of a slot, with its pilots.
    channel : Channel
        The model.
    """
    time, frequency = channel_covariance(channel, grid)
    return [build(time, frequency, grid.layout.symbols, mine) for mine in combs(grid)]
