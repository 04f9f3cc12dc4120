"""OFDM over a channel that changes within a symbol: subcarriers and symbols interfere.

::

    x [symbols, subcarriers] ─guards, IFFT, prefix─▶ ∗ h(n, lag) + n ─FFT, cut─▶ y

One slot is sent after the other, each on its own: what trails out of a slot is lost, and only
symbols of one slot run into one another.
"""

import numpy as np
import tensorflow as tf
from sionna.phy.channel import ApplyTimeChannel
from sionna.phy.ofdm import OFDMDemodulator, OFDMModulator

from linksim.phy.channels import Channel, Multipath, superpose
from linksim.phy.grid import Grid
from linksim.phy.pilots import SYMBOLS_PER_SLOT
from linksim.seeding import seed_sionna

LEAST_FFT = 128
"""Smallest FFT of which the normal cyclic prefix is a whole number of samples."""

OVERSAMPLING = 1.5
"""Sampling rate over the width of the grid, at least. What is above is the roll-off that lets a
pulse be short: the edges of the grid must not be those of the sampled band."""

HALF_WIDTH = 4
"""Half width of the pulse in samples."""

WINDOW = 5.0
"""Kaiser's beta of the pulse: errors in the band of the grid below -45 dB."""

DELAY_DRAWS = 256
"""Bursts drawn from a channel to learn its longest delay."""


class Ofdm:
    """A slot as samples, and the channel's taps between them.

    FFT and prefixes follow TS 38.211, 5.3.1, at 15 kHz: 144 of 2048 samples, and 160 before
    symbols 0 and 7, so that a slot is 15 times the useful symbol. The receiver's window starts
    half a pulse early, within the prefix.

    Parameters
    ----------
    grid : Grid
        Subcarriers and their spacing.
    longest_delay : float
        Delay spread of the channel in s.
    """

    def __init__(self, grid: Grid, longest_delay: float) -> None:
        self.grid = grid
        wanted = max(LEAST_FFT, OVERSAMPLING * grid.subcarriers)
        self.fft = 2 ** int(np.ceil(np.log2(wanted)))
        prefix = np.full(SYMBOLS_PER_SLOT, self.fft * 144 // 2048)
        prefix[[0, 7]] = self.fft * 160 // 2048
        self.rate = self.fft * grid.subcarrier_spacing
        self.samples = int(prefix.sum()) + SYMBOLS_PER_SLOT * self.fft
        longest = min(int(np.ceil(longest_delay * self.rate)), self.fft - 2 * HALF_WIDTH)
        self.lags = np.arange(-HALF_WIDTH, longest + HALF_WIDTH + 1)
        self._first = self.fft // 2 - grid.subcarriers // 2
        starts = np.cumsum(prefix + self.fft) - self.fft
        self._windows = tf.constant(starts[:, None] + np.arange(self.fft), tf.int32)
        self._modulate = OFDMModulator(prefix)
        self._demodulate = OFDMDemodulator(self.fft, -HALF_WIDTH, prefix)
        self._apply = ApplyTimeChannel(self.samples, l_tot=len(self.lags))

    @property
    def steps(self) -> int:
        """Samples of a slot as received, the channel's tail included."""
        return self.samples + len(self.lags) - 1

    def __call__(self, x: tf.Tensor, taps: tf.Tensor, no: tf.Tensor) -> tf.Tensor:
        """Send slots.

        Input
        -----
        x : tf.complex64, [slots, 1, streams, symbols per slot, subcarriers]
            Resource elements.
        taps : tf.complex64, [slots, 1, rx antennas, 1, tx antennas, steps, lags]
            From `Taps`.
        no : tf.float32, scalar or [slots]
            Noise variance N0 per resource element.

        Output
        ------
        tf.complex64, [slots, 1, rx antennas, symbols per slot, subcarriers]
        """
        above = self.fft - self._first - self.grid.subcarriers
        guarded = tf.pad(x, [[0, 0]] * 4 + [[self._first, above]])
        y = self._demodulate(self._apply(self._modulate(guarded), taps, no))
        return y[..., self._first : self._first + self.grid.subcarriers]

    def response(self, taps: tf.Tensor) -> tf.Tensor:
        """Return the mean response over each symbol: what of a subcarrier stays on it.

        Output
        ------
        tf.complex64, [slots, 1, rx antennas, 1, tx antennas, symbols per slot, subcarriers]
        """
        mean = tf.reduce_mean(tf.gather(taps, self._windows, axis=5), axis=6)
        turns = np.outer(self.lags, np.arange(self.grid.subcarriers) - self.grid.subcarriers // 2)
        return tf.tensordot(mean, tf.constant(_turn(turns / self.fft), tf.complex64), 1)

    def pulses(self, tau: tf.Tensor) -> tf.Tensor:
        """Return what a path of each delay gives at each lag, complex64, [bursts, paths, lags].

        A sinc under a Kaiser window. Sionna's `cir_to_time_channel` cuts the sinc off, whose tails
        leave errors of some -30 dB and reach further beyond the prefix.
        """
        away = tf.constant(self.lags, tf.float32) - tau[:, 0, 0, :, tf.newaxis] * self.rate
        inside = tf.maximum(1.0 - (away / (HALF_WIDTH + 1)) ** 2, 0.0)
        window = _bessel_i0(WINDOW * tf.sqrt(inside)) / _bessel_i0(tf.constant(WINDOW))
        pulse = tf.where(inside > 0.0, tf.experimental.numpy.sinc(away) * window, 0.0)
        return tf.cast(pulse, tf.complex64)


class Taps(Channel):
    """A channel's taps, which a `ChannelRealisation` keeps as it does frequency responses.

    Parameters
    ----------
    channel : Multipath
        The paths.
    grid : Grid
        The grid of a slot.
    """

    burst_slots = 16  # taps take some hundred times the memory of responses

    def __init__(self, channel: Multipath, grid: Grid) -> None:
        self._channel = channel
        self.rx_antennas, self.tx_antennas = channel.rx_antennas, channel.tx_antennas
        seed_sionna(20_222)
        _, tau = channel.paths(DELAY_DRAWS, 1, 1.0)
        self.ofdm = Ofdm(grid, float(tf.reduce_max(tau)))

    @property
    def memory_slots(self) -> int | None:
        """Coherence time in slots; None if all those of a burst are correlated."""
        return self._channel.memory_slots

    def sample(self, bursts: int, slots: int, grid: Grid) -> tf.Tensor:
        """Draw from Sionna's random generator.

        Output
        ------
        tf.complex64, [bursts * slots, rx antennas, tx antennas, steps, lags]
        """
        ofdm = self.ofdm
        run = self._channel.run_slots(slots, grid.slot_duration)
        runs = -(-slots // run)
        length = (run - 1) * ofdm.samples + ofdm.steps
        a, tau = self._channel.paths(bursts * runs, length, ofdm.rate)
        taps = superpose(a, ofdm.pulses(tau))
        framed = tf.stack(
            [taps[:, :, :, i * ofdm.samples : i * ofdm.samples + ofdm.steps] for i in range(run)],
            axis=1,
        )
        inner = [self.rx_antennas, self.tx_antennas, ofdm.steps, len(ofdm.lags)]
        whole = tf.reshape(framed, [bursts, runs * run, *inner])[:, :slots]
        return tf.reshape(whole, [bursts * slots, *inner])


def _turn(cycles: np.ndarray) -> np.ndarray:
    return np.exp(-2j * np.pi * cycles)


def _bessel_i0(x: tf.Tensor) -> tf.Tensor:
    """Return the modified Bessel function by its series, which XLA compiles; for x up to 6."""
    term, total = tf.ones_like(x), tf.ones_like(x)
    for k in range(1, 16):
        term = term * (x / (2.0 * k)) ** 2
        total = total + term
    return total
