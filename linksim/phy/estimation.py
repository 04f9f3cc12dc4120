"""Channel estimators: each is a linear map from the pilot estimates to the whole slot.

::

    y at pilots ──÷ p──▶ h_LS [P] ──W(N0)──▶ h_hat [symbols x subcarriers]

The least-squares estimate at the pilots is h_LS = h + n/p. Nearest and linear
interpolation are Sionna's own, taken once as the weights that they apply.
"""

from abc import ABC, abstractmethod

import numpy as np
import tensorflow as tf
from sionna.phy.ofdm import PilotPattern

from linksim.phy.channels import Channel
from linksim.phy.grid import Grid
from linksim.phy.pilots import LEAST_PILOTS
from linksim.phy.statistics import channel_covariance

NOISE_FLOOR = 1e-9
"""Least noise variance that is estimated; a slot without any noise would leave 0."""


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
    """Weights that do not depend on the noise, over frequency and over time: nearest or linear.

    The error variance is that of the noise, N0 * sum |w|^2, and that of the interpolation, by the
    statistics of the channel.

    Parameters
    ----------
    over_time : np.ndarray
        float, [pilot symbols, symbols].
    over_frequency : np.ndarray
        float, [pilot subcarriers, subcarriers].
    interpolation_error : np.ndarray
        float, [symbols, subcarriers]; E|h_hat - h|^2 without noise.
    """

    def __init__(
        self, over_time: np.ndarray, over_frequency: np.ndarray, interpolation_error: np.ndarray
    ) -> None:
        self._time = tf.constant(over_time, tf.float32)
        self._frequency = tf.constant(over_frequency, tf.float32)
        gain = np.outer(np.sum(over_time**2, axis=0), np.sum(over_frequency**2, axis=0))
        self._noise_gain = tf.constant(gain[np.newaxis], tf.float32)
        self._error = tf.constant(interpolation_error[np.newaxis], tf.float32)

    def __call__(self, h_ls: tf.Tensor, no: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        shape = [-1, self._time.shape[0], self._frequency.shape[0]]
        h = tf.complex(
            *(self._weigh(tf.reshape(part(h_ls), shape)) for part in (tf.math.real, tf.math.imag))
        )
        return h, tf.reshape(no, [-1, 1, 1]) * self._noise_gain + self._error

    def _weigh(self, rows: tf.Tensor) -> tf.Tensor:
        return tf.einsum("bpk,ps->bsk", tf.tensordot(rows, self._frequency, 1), self._time)


def fixed_interpolators(rule: type, grid: Grid, channel: Channel) -> list[Interpolator]:
    """Build an interpolator that follows one of Sionna's rules for each stream.

    Parameters
    ----------
    rule : type
        `sionna.phy.ofdm.LinearInterpolator` or `NearestNeighborInterpolator`.
    grid : Grid
        Resource grid of a slot, with its pilots.
    channel : Channel
        The model, by whose statistics the error of the interpolation is stated.
    """
    symbols = np.array(grid.layout.symbols)
    first = np.arange(LEAST_PILOTS)  # one subcarrier would be no line
    time = _weights_of(rule, [grid.shape[0], first.size], symbols, first)
    over_time = time.reshape(symbols.size, first.size, -1, first.size)[:, 0, :, 0]
    statistics = None if channel.flat else channel_covariance(channel, grid)
    built: list[Interpolator] = []
    for mine in combs(grid):
        over_frequency = _weights_of(rule, [1, grid.subcarriers], np.zeros(1, int), mine)[:, 0]
        error = np.zeros(grid.shape)
        if statistics:
            axes = zip((over_time, over_frequency), statistics, (symbols, mine), strict=True)
            error = _interpolation_error(*(_moments(*axis) for axis in axes))
        built.append(FixedInterpolator(over_time, over_frequency, error))
    return built


def _moments(
    weights: np.ndarray, covariance: np.ndarray, pilots: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return E|h|^2, E[h_hat h*] and E|h_hat|^2 of an interpolation along one axis."""
    cross = np.sum(weights * covariance[pilots], axis=0)
    square = np.sum(weights * (covariance[np.ix_(pilots, pilots)] @ weights), axis=0)
    return np.diag(covariance).real, cross, square.real


def _interpolation_error(*moments: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    """Return E|h_hat - h|^2 where the covariance is that of time times that of frequency."""
    power, cross, square = (np.outer(*pair) for pair in zip(*moments, strict=True))
    return np.maximum(power - 2.0 * cross.real + square, 0.0)


def combs(grid: Grid) -> list[np.ndarray]:
    """Return the subcarriers with pilots of each stream."""
    layout = grid.layout
    return [layout.subcarriers(grid.subcarriers, stream) for stream in range(layout.streams)]


def estimate_noise(h_ls: list[tf.Tensor], symbols: int) -> tf.Tensor:
    """Estimate the noise variance of each slot from its pilots.

    Third differences over the neighbouring pilots of an OFDM symbol, 1 -3 3 -1, whose squares add
    up to 20: a channel that a parabola follows over four pilots leaves none of itself in them,
    and white noise all of its variance. A path at delay t leaves (2 sin(pi d t))^6 / 20 of its
    power, with d the distance of a stream's pilots in Hz. So the floor is some E[(2 pi d t)^6] / 20
    of the channel's power: 720 (2 pi d s)^6 / 20 where powers fall exponentially with spread s.

    Input
    -----
    h_ls : list of tf.complex64, [slots, rx antennas, pilots]
        Least-squares estimates of each stream at its unit-energy pilots, symbol by symbol.
    symbols : int
        OFDM symbols of a slot that carry them.

    Output
    ------
    tf.float32, [slots]
        Estimate of N0; averaged over streams and antennas.
    """
    kernel = (1.0, -3.0, 3.0, -1.0)
    squares = []
    for mine in h_ls:
        rows = tf.reshape(mine, [-1, mine.shape[1] * symbols, mine.shape[2] // symbols])
        width = rows.shape[2] - len(kernel) + 1
        difference = tf.add_n([w * rows[:, :, i : i + width] for i, w in enumerate(kernel)])
        squares.append(tf.reduce_mean(tf.abs(difference) ** 2, axis=[1, 2]))
    energy = sum(w * w for w in kernel)
    return tf.maximum(tf.add_n(squares) / (len(squares) * energy), NOISE_FLOOR)


def _weights_of(
    rule: type, shape: list[int], symbols: np.ndarray, subcarriers: np.ndarray
) -> np.ndarray:
    """Feed unit vectors through one of Sionna's interpolators; float, [pilots, *shape]."""
    mask = np.zeros([1, 1, *shape], bool)
    mask[:, :, symbols[:, None], subcarriers] = True
    count = int(mask.sum())
    interpolate = rule(PilotPattern(mask, np.ones([1, 1, count], np.complex64)))
    probe = tf.reshape(tf.eye(count, dtype=tf.complex64), [count, 1, 1, 1, 1, count])
    weights, _ = interpolate(probe, tf.zeros_like(tf.math.real(probe)))
    return weights.numpy().real.reshape(count, *shape)
