"""Channels that are given by paths, each with a coefficient over time and a delay."""

import typing
from abc import abstractmethod
from dataclasses import dataclass

from linksim.phy.channels.channel import Channel

if typing.TYPE_CHECKING:
    import tensorflow as tf

    from linksim.phy.grid import Grid


@dataclass(frozen=True, kw_only=True)
class Multipath(Channel):
    """A channel of paths.

    ::

        a(t), tau [paths] ─▶ h(t, f) = sum a(t) exp(-j 2 pi f tau)
    """

    @property
    def memory_slots(self) -> int | None:
        """All slots of a burst are correlated, by the Doppler spectrum."""
        return None

    @abstractmethod
    def paths(self, bursts: int, steps: int, rate: float) -> "tuple[tf.Tensor, tf.Tensor]":
        """Draw coefficients and delays from Sionna's random generator.

        Input
        -----
        bursts : int
            Independent of one another.
        steps : int
            Instants of a burst.
        rate : float
            Instants a second, in Hz.

        Output
        ------
        a : tf.complex64, [bursts, 1, rx antennas, 1, tx antennas, paths, steps]
            Coefficients; their powers add up to 1 over the paths, in expectation.
        tau : tf.float32, [bursts, 1, 1, paths]
            Delays in s.
        """

    def run_slots(self, slots: int, slot_duration: float) -> int:
        """Return over how many of so many slots the fading can be continuous."""
        return slots

    def sample(self, bursts: int, slots: int, grid: "Grid") -> "tf.Tensor":
        import tensorflow as tf

        symbols, subcarriers = grid.shape
        run = self.run_slots(slots, grid.slot_duration)
        runs = -(-slots // run)
        a, tau = self.paths(bursts * runs, run * symbols, 1.0 / grid.symbol_duration)
        antennas = [] if self.siso else [self.rx_antennas, self.tx_antennas]
        h = self._response(a, tau, grid)
        h = tf.reshape(h, [bursts * runs, *antennas, run, symbols, subcarriers])
        if antennas:
            h = tf.transpose(h, [0, 3, 1, 2, 4, 5])
        h = tf.reshape(h, [bursts, runs * run, *antennas, symbols, subcarriers])[:, :slots]
        return tf.reshape(h, [bursts * slots, *antennas, symbols, subcarriers])

    def _response(self, a: "tf.Tensor", tau: "tf.Tensor", grid: "Grid") -> "tf.Tensor":
        from sionna.phy.channel import cir_to_ofdm_channel

        if self.siso:
            return cir_to_ofdm_channel(grid.frequencies, a, tau, normalize=False)
        return superpose(a, fourier(tau, grid.frequencies))


def superpose(a: "tf.Tensor", basis: "tf.Tensor") -> "tf.Tensor":
    """Add up paths, each with its coefficient times its row of a basis.

    As Sionna's `cir_to_ofdm_channel` and `cir_to_time_channel` do, but by a product of matrices:
    theirs hold paths x instants x columns for all antennas at once.

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
    """Return exp(-j 2 pi f tau), complex64, [bursts, paths, frequencies]."""
    import tensorflow as tf

    phase = -2.0 * 3.141592653589793 * tau[:, 0, 0, :, tf.newaxis] * frequencies
    return tf.complex(tf.cos(phase), tf.sin(phase))
