"""Channel estimators: each is a linear map from the pilot estimates to the whole slot.

::

    y at pilots ──÷ p──▶ h_LS [P] ──W(N0)──▶ h_hat [symbols x subcarriers]

The least-squares estimate at the pilots is h_LS = h + n/p. Nearest and linear
interpolation are Sionna's own, taken once as the matrix that they apply; the LMMSE
interpolator is ours because Sionna's does not compile under XLA.
"""

from abc import ABC, abstractmethod

import numpy as np
import tensorflow as tf
from sionna.phy.ofdm import LinearInterpolator, NearestNeighborInterpolator

from linksim.channels import Channel
from linksim.ofdm import Grid
from linksim.seeding import seed_sionna

STATISTICS_DRAWS = 4096
"""Slots drawn from a channel to learn its covariance for LMMSE."""


class Interpolator(ABC):
    """Spread pilot estimates over the slot, and say how wrong the result is."""

    @abstractmethod
    def __call__(self, h_ls: tf.Tensor, no: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Interpolate.

        Input
        -----
        h_ls : tf.complex64, [slots, pilots]
            Least-squares estimates at the (unit-energy) pilots.
        no : tf.float32, scalar or [slots]
            Noise variance N0 per resource element.

        Output
        ------
        h_hat : tf.complex64, [slots, symbols, subcarriers]
            Channel estimate.
        error_variance : tf.float32, [1 or slots, symbols, subcarriers]
            Variance of h_hat - h; that of each slot where each has its own noise.
        """


class FixedInterpolator(Interpolator):
    """Weights that do not depend on the noise: nearest neighbour or linear.

    The error variance is that of the noise, N0 * sum |w|^2; the interpolation error on a
    channel that changes between pilots is not known to this estimator.

    Parameters
    ----------
    weights : np.ndarray
        float32, shape [pilots, symbols, subcarriers].
    """

    def __init__(self, weights: np.ndarray) -> None:
        pilots, *self._shape = weights.shape
        self._weights = tf.constant(weights.reshape(pilots, -1), tf.float32)
        self._noise_gain = tf.constant(np.sum(weights**2, axis=0)[np.newaxis], tf.float32)

    def __call__(self, h_ls: tf.Tensor, no: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        h = tf.complex(
            tf.math.real(h_ls) @ self._weights,
            tf.math.imag(h_ls) @ self._weights,
        )
        return tf.reshape(h, [-1, *self._shape]), tf.reshape(no, [-1, 1, 1]) * self._noise_gain


class LmmseInterpolator(Interpolator):
    """Two-dimensional Wiener filter for known channel statistics.

    W(N0) = R_hp (R_pp + N0 I)^-1. With R_pp = U diag(l) U^H the inverse is a division by
    l + N0, so one decomposition serves every SNR and nothing but products is compiled.

    Parameters
    ----------
    covariance_time : np.ndarray
        complex, [symbols, symbols]; E[h h^H] over the OFDM symbols of a slot.
    covariance_frequency : np.ndarray
        complex, [subcarriers, subcarriers]; unit diagonal.
    pilot_symbols : list of int
        OFDM symbols that carry pilots on every subcarrier.
    """

    def __init__(
        self,
        covariance_time: np.ndarray,
        covariance_frequency: np.ndarray,
        pilot_symbols: list[int],
    ) -> None:
        self._shape = [covariance_time.shape[0], covariance_frequency.shape[0]]
        time_pp = covariance_time[np.ix_(pilot_symbols, pilot_symbols)]
        r_pp = np.kron(time_pp, covariance_frequency)
        r_hp = np.kron(covariance_time[:, pilot_symbols], covariance_frequency)
        eigenvalues, u = np.linalg.eigh(r_pp)
        spread = r_hp @ u
        power = np.outer(np.diag(covariance_time).real, np.diag(covariance_frequency).real)
        self._eigenvalues = tf.constant(np.maximum(eigenvalues, 0.0), tf.float32)
        self._rotate = tf.constant(u.conj(), tf.complex64)
        self._spread = tf.constant(spread.T, tf.complex64)
        self._gain = tf.constant(np.abs(spread.T) ** 2, tf.float32)
        self._power = tf.constant(power.reshape(1, -1), tf.float32)

    def __call__(self, h_ls: tf.Tensor, no: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        shrink = 1.0 / (self._eigenvalues + tf.reshape(no, [-1, 1]))
        h = ((h_ls @ self._rotate) * tf.cast(shrink, tf.complex64)) @ self._spread
        error = self._power - shrink @ self._gain
        return (
            tf.reshape(h, [-1, *self._shape]),
            tf.reshape(tf.maximum(error, 0.0), [-1, *self._shape]),
        )


def make_interpolator(estimator: str, grid: Grid, channel: Channel) -> Interpolator:
    """Build the interpolator of a pilot-based estimator.

    LMMSE is given the second-order statistics of `channel`, averaged over 4096 slots drawn
    from it with a seed of its own.
    """
    pattern = grid.sionna.pilot_pattern
    if estimator == "lmmse":
        time, frequency = channel_covariance(channel, grid)
        return LmmseInterpolator(time, frequency, pilot_symbol_indices(grid))
    interpolation = {"ls-nearest": NearestNeighborInterpolator, "ls-linear": LinearInterpolator}
    return FixedInterpolator(_weights_of(interpolation[estimator](pattern), grid))


def pilot_symbol_indices(grid: Grid) -> list[int]:
    """Return the OFDM symbols of a slot that carry pilots."""
    mask = np.array(grid.sionna.pilot_pattern.mask)[0, 0]
    return [int(i) for i in np.flatnonzero(mask.all(axis=1))]


def channel_covariance(channel: Channel, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Return the time and the frequency covariance of a channel, by simulation.

    Returns
    -------
    tuple of np.ndarray
        complex128, [symbols, symbols] and [subcarriers, subcarriers].
    """
    seed_sionna(20_221)
    h = channel.sample(STATISTICS_DRAWS, 1, grid).numpy().astype(np.complex128)
    symbols, subcarriers = grid.shape
    by_time = h.transpose(1, 0, 2).reshape(symbols, -1)
    by_frequency = h.transpose(2, 0, 1).reshape(subcarriers, -1)
    time = by_time @ by_time.conj().T / by_time.shape[1]
    frequency = by_frequency @ by_frequency.conj().T / by_frequency.shape[1]
    power = np.trace(time).real / symbols
    return time / power, frequency / power


def _weights_of(interpolate: object, grid: Grid) -> np.ndarray:
    """Feed unit vectors through one of Sionna's interpolators to read off its weights."""
    count = int(np.prod(grid.sionna.pilot_pattern.pilots.shape))
    probe = tf.reshape(tf.eye(count, dtype=tf.complex64), [count, 1, 1, 1, 1, count])
    weights, _ = interpolate(probe, tf.zeros_like(tf.math.real(probe)))  # type: ignore[operator]
    return weights.numpy().real.reshape(count, *grid.shape)
