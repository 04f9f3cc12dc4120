"""Channels that are given by paths, each with a coefficient over time and a delay."""

import typing
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from linksim.phy.channels.channel import Channel

if typing.TYPE_CHECKING:
    import tensorflow as tf

    from linksim.phy.grid import Grid


@dataclass(frozen=True)
class Clock:
    """A sampling frequency whose instants begin at a time.

    Sionna's models number their instants from 0 on and divide by the sampling frequency; what they
    draw does not depend on either. So one seed gives one burst, resumed wherever this clock begins.

    Parameters
    ----------
    rate : float
        Instants a second, in Hz.
    start : float
        Time of the first in s.
    run_s : float, optional
        Length of the whole burst in s, where the channel is recorded.
    """

    rate: float
    start: float
    run_s: float | None = None

    def __rtruediv__(self, numbers: Any) -> Any:
        return self.start + numbers / self.rate


@dataclass(frozen=True, kw_only=True)
class Multipath(Channel):
    """A channel of paths.

    ::

        a(t), tau [paths] ─▶ h(t, f) = sum a(t) exp(-j 2 pi f tau)
    """

    rays: ClassVar[int] = 32
    """Terms that a pair of antennas has at each instant while paths are drawn, about."""

    @property
    def memory_slots(self) -> int | None:
        """All slots of a burst are correlated, by the Doppler spectrum."""
        return None

    @abstractmethod
    def paths(self, bursts: int, steps: int, rate: float | Clock) -> "tuple[tf.Tensor, tf.Tensor]":
        """Draw coefficients and delays from Sionna's random generator.

        Input
        -----
        bursts : int
            Independent of one another.
        steps : int
            Instants of a burst.
        rate : float or Clock
            Instants a second, in Hz. A channel that is endless or recorded is given a `Clock` where
            a burst is resumed; it computes in double precision then, as phases grow with time.

        Output
        ------
        a : tf.complex64, [bursts, 1, rx antennas, 1, tx antennas, paths, steps]
            Coefficients; their powers add up to 1 over the paths, in expectation.
        tau : tf.float32, [bursts, 1, 1, paths]
            Delays in s.
        """

    def run_slots(self, slots: int, slot_duration: float) -> int:
        """Return the length of what is continuous in a burst of so many slots."""
        return slots

    def amplitude(self, grid: "Grid") -> float:
        """Return what paths are multiplied by on a grid, so that E|h|^2 = 1."""
        return 1.0

    def sample(self, bursts: int, slots: int, grid: "Grid") -> "tf.Tensor":
        return self._stretch(bursts, slots, grid, 1.0 / grid.symbol_duration)

    def resume(self, first: int, slots: int, grid: "Grid", run: int | None = None) -> "tf.Tensor":
        clock = burst_clock(1.0 / grid.symbol_duration, first, run, grid)
        return self._stretch(1, slots, grid, clock)

    def slot_size(self, grid: "Grid") -> int:
        symbols, subcarriers = grid.shape
        return symbols * max(subcarriers, 2 * self.rays)

    def _stretch(self, bursts: int, slots: int, grid: "Grid", rate: float | Clock) -> "tf.Tensor":
        import tensorflow as tf

        symbols, subcarriers = grid.shape
        run = self.run_slots(slots, grid.slot_duration)
        runs = -(-slots // run)
        a, tau = self.paths(bursts * runs, run * symbols, rate)
        antennas = [] if self.siso else [self.rx_antennas, self.tx_antennas]
        h = superpose(self.amplitude(grid) * a, fourier(tau[:, 0, 0], grid.frequencies))
        h = tf.reshape(h, [bursts * runs, *antennas, run, symbols, subcarriers])
        if antennas:
            h = tf.transpose(h, [0, 3, 1, 2, 4, 5])
        h = tf.reshape(h, [bursts, runs * run, *antennas, symbols, subcarriers])[:, :slots]
        return tf.reshape(h, [bursts * slots, *antennas, symbols, subcarriers])


def burst_clock(rate: float, first: int, run: int | None, grid: "Grid") -> Clock:
    """Return the clock of a burst of `run` slots, or of any number, from slot `first` on."""
    run_s = None if run is None else run * grid.slot_duration
    return Clock(rate, first * grid.slot_duration, run_s)


def superpose(a: "tf.Tensor", basis: "tf.Tensor") -> "tf.Tensor":
    """Add up paths, each with its coefficient times its row of a basis.

    As Sionna's `cir_to_ofdm_channel` does, but by a product of matrices: it holds paths x instants
    x subcarriers at once.

    Input
    -----
    a : tf.complex64, [bursts, 1, rx antennas, 1, tx antennas, paths, steps]
        Coefficients.
    basis : tf.complex64, [bursts, paths, columns]
        Response to a path of coefficient 1.

    Output
    ------
    tf.complex64, [bursts, rx antennas, tx antennas, steps, columns]
    """
    import tensorflow as tf

    return tf.linalg.matmul(a[:, 0, :, 0], basis[:, tf.newaxis, tf.newaxis], transpose_a=True)


def fourier(tau: "tf.Tensor", frequencies: "tf.Tensor") -> "tf.Tensor":
    """Return exp(-j 2 pi f tau), complex64, [bursts, paths, frequencies], of delays by path."""
    import tensorflow as tf

    phase = -2.0 * 3.141592653589793 * tau[..., tf.newaxis] * frequencies
    return tf.complex(tf.cos(phase), tf.sin(phase))
