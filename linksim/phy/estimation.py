"""Channel estimators: each is a linear map from the pilot estimates to the whole slot.

::

    y at pilots ──÷ p──▶ h_LS [P] ──W(N0)──▶ h_hat [symbols x subcarriers]

The least-squares estimate at the pilots is h_LS = h + n/p. Nearest and linear
interpolation are Sionna's own, taken once as the matrix that they apply; the LMMSE
interpolator is ours because Sionna's does not compile under XLA.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
from sionna.phy.ofdm import PilotPattern

from linksim.phy.channels import Channel
from linksim.phy.grid import Grid
from linksim.seeding import seed_sionna

NOISE_FLOOR = 1e-9
"""Least noise variance that is estimated; a slot without any noise would leave 0."""

GAIN_FLOOR = 1e-9
"""Least variance of an estimate; where pilots tell nothing there is next to none."""

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
        self._shape = [covariance_time.shape[0], covariance_frequency.shape[0]]
        to_pilots = covariance_time[:, pilot_symbols], covariance_frequency[:, pilot_subcarriers]
        places = np.arange(np.prod(self._shape)).reshape(self._shape)
        pilots = places[np.ix_(pilot_symbols, pilot_subcarriers)].ravel()
        self._filter = _Filter(np.kron(*to_pilots), pilots)
        power = np.outer(np.diag(covariance_time).real, np.diag(covariance_frequency).real)
        self._power = tf.constant(power.reshape(1, -1), tf.float32)

    def __call__(self, h_ls: tf.Tensor, no: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        shrink, gain = self._filter.weigh(tf.reshape(no, [-1, 1]))
        error = tf.maximum(self._power - gain, 0.0)
        h = self._filter.apply(h_ls, shrink)
        return tf.reshape(h, [-1, *self._shape]), tf.reshape(error, [-1, *self._shape])


class TwoPassInterpolator(Interpolator):
    """Wiener filters over frequency, then over time: what Sionna's `LMMSEInterpolator` computes.

    ::

        h_LS ─A(N0)─▶ scale to unit gain, error s ─B(s)─▶ h_hat

    The first pass gives each subcarrier k of a pilot symbol an estimate of variance g_k and of
    error r_k - g_k, with r the diagonal of the frequency covariance. Scaled by r / g it is the
    channel plus an error of variance s_k = r_k (r_k - g_k) / g_k, which the second pass takes for
    noise that is white over time. It is an approximation of the joint filter that
    `LmmseInterpolator` is, by far smaller products. As there, eigenvectors turn each inverse into
    a division, so that it compiles under XLA.

    Parameters
    ----------
    covariance_time, covariance_frequency, pilot_symbols, pilot_subcarriers
        The parameters of `LmmseInterpolator`.
    """

    def __init__(
        self,
        covariance_time: np.ndarray,
        covariance_frequency: np.ndarray,
        pilot_symbols: Sequence[int],
        pilot_subcarriers: Sequence[int],
    ) -> None:
        self._power = [np.diag(c).real for c in (covariance_time, covariance_frequency)]
        self._frequency = _Filter(covariance_frequency[:, pilot_subcarriers], pilot_subcarriers)
        self._time = _Filter(covariance_time[:, pilot_symbols], pilot_symbols)

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
        self._eigenvalues = tf.constant(np.maximum(eigenvalues, 0.0), tf.float32)
        self._rotate = tf.constant(u.conj(), tf.complex64)
        self._spread = tf.constant(spread, tf.complex64)
        self._gain = tf.constant(np.abs(spread) ** 2, tf.float32)

    def weigh(self, noise: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return 1 / (l + n), [..., pilots], and the variance of the estimate, [..., outputs]."""
        shrink = 1.0 / (self._eigenvalues + noise)
        return shrink, tf.tensordot(shrink, self._gain, 1)

    def apply(self, pilots: tf.Tensor, shrink: tf.Tensor) -> tf.Tensor:
        """Filter along the last axis."""
        rotated = tf.tensordot(pilots, self._rotate, 1)
        return tf.tensordot(rotated * tf.cast(shrink, tf.complex64), self._spread, 1)


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
    return [build(time, frequency, grid.layout.symbols, mine) for mine in _combs(grid)]


def fixed_interpolators(rule: type, grid: Grid) -> list[Interpolator]:
    """Build an interpolator that follows one of Sionna's rules for each stream.

    Parameters
    ----------
    rule : type
        `sionna.phy.ofdm.LinearInterpolator` or `NearestNeighborInterpolator`.
    grid : Grid
        Resource grid of a slot, with its pilots.
    """
    return [FixedInterpolator(_weights_of(rule, grid, mine)) for mine in _combs(grid)]


def _combs(grid: Grid) -> list[np.ndarray]:
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


def channel_covariance(channel: Channel, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Return the time and the frequency covariance of a channel, by simulation.

    Returns
    -------
    tuple of np.ndarray
        complex128, [symbols, symbols] and [subcarriers, subcarriers].
    """
    seed_sionna(20_221)
    draws = STATISTICS_DRAWS // (channel.rx_antennas * channel.tx_antennas)
    symbols, subcarriers = grid.shape
    h = channel.sample(draws, 1, grid).numpy().astype(np.complex128)
    h = h.reshape(-1, symbols, subcarriers)
    by_time = h.transpose(1, 0, 2).reshape(symbols, -1)
    by_frequency = h.transpose(2, 0, 1).reshape(subcarriers, -1)
    time = by_time @ by_time.conj().T / by_time.shape[1]
    frequency = by_frequency @ by_frequency.conj().T / by_frequency.shape[1]
    power = np.trace(time).real / symbols
    return time / power, frequency / power


def _weights_of(interpolator: type, grid: Grid, subcarriers: np.ndarray) -> np.ndarray:
    """Feed unit vectors through one of Sionna's interpolators to read off its weights."""
    mask = np.zeros([1, 1, *grid.shape], bool)
    mask[:, :, np.array(grid.layout.symbols)[:, None], subcarriers] = True
    count = int(mask.sum())
    interpolate = interpolator(PilotPattern(mask, np.ones([1, 1, count], np.complex64)))
    probe = tf.reshape(tf.eye(count, dtype=tf.complex64), [count, 1, 1, 1, 1, count])
    weights, _ = interpolate(probe, tf.zeros_like(tf.math.real(probe)))
    return weights.numpy().real.reshape(count, *grid.shape)
