"""OFDM over a channel that changes within a symbol: subcarriers and symbols interfere.

::

    x [symbols, subcarriers] ─delay of a path, IFFT─▶ · a(t) ─sum of paths─▶ FFT, cut ─▶ y + n

A delay turns each subcarrier by a phase, exactly, as long as it lies within the cyclic prefix; of
a later path, the receiver's window holds the end of the symbol before as well. So no pulse stands
between the paths and the samples, and the whole prefix is left to them. One slot is sent after the
other, each on its own: what trails out of a slot is lost.
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf
from sionna.phy import config

from linksim.phy.channels import Channel, Clock, Multipath, burst_clock, fourier
from linksim.phy.grid import Grid
from linksim.phy.pilots import SYMBOLS_PER_SLOT

LEAST_FFT = 128
"""Smallest FFT of which the normal cyclic prefix is a whole number of samples."""

OVERSAMPLING = 1.2
"""Sampling rate over the width of the grid, at least, so that what Doppler shifts beyond one edge
of the band does not come back at the other."""

KNOTS = 16
"""Instants of a symbol at which paths are drawn; between them they follow a cubic."""

AROUND = (-1, 0, 1, 2)
"""Instants that a cubic goes through, as counted from the one before a sample."""

PROBES = 16
"""Subcarriers on which interference is reckoned."""

AT_ONCE = 2**16
"""Samples of a slot times antenna pairs and paths that are held at once; bounds memory."""


class Ofdm:
    """A slot as samples of each path.

    FFT and prefixes follow TS 38.211, 5.3.1, at 15 kHz: 144 of 2048 samples, and 160 before
    symbols 0 and 7, so that a slot is 15 times the useful symbol. The receiver's windows start
    where the prefixes of a path without delay end.

    Parameters
    ----------
    grid : Grid
        Subcarriers and their spacing.
    """

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        wanted = max(LEAST_FFT, OVERSAMPLING * grid.subcarriers)
        self.fft = 2 ** int(np.ceil(np.log2(wanted)))
        self.prefix = np.full(SYMBOLS_PER_SLOT, self.fft * 144 // 2048)
        self.prefix[[0, 7]] = self.fft * 160 // 2048
        self.samples = int(self.prefix.sum()) + SYMBOLS_PER_SLOT * self.fft
        self._first = self.fft // 2 - grid.subcarriers // 2
        self._starts, self._weights = self._cubics()

    @property
    def columns(self) -> int:
        """Instants of a slot, one before it and two after it included."""
        return SYMBOLS_PER_SLOT * KNOTS + len(AROUND) - 1

    def __call__(self, x: tf.Tensor, paths: tf.Tensor, no: tf.Tensor) -> tf.Tensor:
        """Send slots.

        Input
        -----
        x : tf.complex64, [slots, 1, streams, symbols per slot, subcarriers]
            Resource elements.
        paths : tf.complex64, [slots, 1, rx antennas, 1, tx antennas, paths, columns + 1]
            From `SampledPaths`.
        no : tf.float32, scalar or [slots]
            Noise variance N0 per resource element.

        Output
        ------
        tf.complex64, [slots, 1, rx antennas, symbols per slot, subcarriers]
        """
        above = self.fft - self._first - self.grid.subcarriers

        def received(a: tf.Tensor, tau: tf.Tensor) -> tf.Tensor:
            turns = fourier(tau, self._subcarriers)[:, tf.newaxis, :, tf.newaxis]
            turned = x[:, 0, :, tf.newaxis] * turns
            guarded = tf.pad(turned, [[0, 0]] * 4 + [[self._first, above]])
            own = self.fft * tf.signal.ifft(tf.signal.ifftshift(guarded, axes=-1))
            share = tf.cast(self._own_share(tau), own.dtype)[:, tf.newaxis]
            sent = share * own + (1.0 - share) * self._before(own)
            return tf.reduce_sum(self._coefficients(a) * sent[:, tf.newaxis], axis=[2, 3])

        total = self._sum(paths, received)
        y = tf.signal.fftshift(tf.signal.fft(total), axes=-1) / self.fft
        y = y[:, tf.newaxis, ..., self._first : self._first + self.grid.subcarriers]
        deviation = tf.sqrt(tf.reshape(no, [-1, 1, 1, 1, 1]) / 2.0)
        noise = config.tf_rng.normal(tf.concat([[2], tf.shape(y)], axis=0)) * deviation
        return y + tf.complex(noise[0], noise[1])

    def response(self, paths: tf.Tensor) -> tf.Tensor:
        """Return the mean response over each symbol: what of a subcarrier stays on it.

        Output
        ------
        tf.complex64, [slots, 1, rx antennas, 1, tx antennas, symbols per slot, subcarriers]
        """

        def kept(a: tf.Tensor, tau: tf.Tensor) -> tf.Tensor:
            share = tf.cast(self._own_share(tau), a.dtype)[:, tf.newaxis, tf.newaxis]
            mean = tf.reduce_mean(self._coefficients(a) * share, axis=-1)
            return tf.einsum("brtps,bpf->brtsf", mean, fourier(tau, self._subcarriers))

        total = self._sum(paths, kept)
        return total[:, tf.newaxis, :, tf.newaxis]

    def interference(self, paths: tf.Tensor) -> tf.Tensor:
        """Return the power that meets a resource element from others, of antennas of unit energy.

        The mean over a slot and its receive antennas. A subcarrier loses to others the variance of
        its response over the symbol; what is d subcarriers away falls as 1/d^2, by which the share
        is reckoned that stays within the grid. Of a path that is later than the prefix by a share e
        of the symbol, e (1 - e) is lost to others, and e comes from the symbol before.

        Output
        ------
        tf.float32, [slots]
        """
        a, tau = paths[:, 0, :, 0, :, :, :-1], tf.math.real(paths[:, 0, 0, 0, 0, :, -1])
        span = self._weights.shape[1]
        windows = tf.stack([a[..., start : start + span] for start in self._starts], axis=4)
        some = np.unique(np.linspace(0, self.grid.subcarriers - 1, PROBES).astype(int))
        turns = fourier(tau, tf.gather(self._subcarriers, some))
        h = tf.einsum("brtpsc,bpf->brtfsc", windows, turns)
        weights = tf.constant(self._weights.mean(axis=2))
        away = h - tf.reduce_sum(h * tf.cast(weights, h.dtype), axis=-1, keepdims=True)
        lost = tf.reduce_sum(weights * tf.abs(away) ** 2, axis=-1)
        prefix = (self.prefix / self.fft).astype(np.float32)
        late = tf.clip_by_value(tau[..., tf.newaxis] - prefix, 0.0, 1.0)
        before = np.minimum(np.arange(SYMBOLS_PER_SLOT, dtype=np.float32), 1.0)
        late = tf.reduce_mean(late * (1.0 - late) + late * before, axis=-1)
        power = tf.reduce_mean(tf.abs(a) ** 2, axis=[1, 4])
        total = tf.reduce_sum(tf.reduce_mean(lost, axis=[1, 3, 4]), axis=1)
        total += tf.reduce_sum(power * late[:, tf.newaxis], axis=[1, 2])
        return self._share_within * tf.maximum(total, 0.0)

    @property
    def _share_within(self) -> float:
        """Share of what leaves a subcarrier that meets another one of the grid."""
        apart = np.arange(1, self.grid.subcarriers)
        pairs = 2.0 * (self.grid.subcarriers - apart) / self.grid.subcarriers
        return float(np.sum(pairs / apart**2) / (np.pi**2 / 3.0))

    @property
    def _subcarriers(self) -> tf.Tensor:
        """Frequencies in subcarrier spacings, as delays here are in useful symbols."""
        return self.grid.frequencies / self.grid.subcarrier_spacing

    def _sum(
        self, paths: tf.Tensor, give: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    ) -> tf.Tensor:
        """Return the sum over paths, some at a time, in graphs too; delays in useful symbols."""
        rx, _, tx, count = paths.shape[2:6]
        size = max(1, AT_ONCE // (SYMBOLS_PER_SLOT * self.fft * rx * tx))
        a, tau = paths[:, 0, :, 0, ..., :-1], tf.math.real(paths[:, 0, 0, 0, 0, :, -1])
        if size >= count:
            return give(a, tau)
        parts = -(-count // size)
        absent = [0, parts * size - count]  # paths of no power
        a, tau = tf.pad(a, [[0, 0]] * 3 + [absent, [0, 0]]), tf.pad(tau, [[0, 0], absent])
        a = tf.reshape(a, [-1, rx, tx, parts, size, a.shape[-1]])
        tau = tf.reshape(tau, [-1, parts, size])

        def part(i: tf.Tensor | int) -> tf.Tensor:
            return give(tf.gather(a, i, axis=3), tf.gather(tau, i, axis=1))

        more = (lambda i, _: i < parts), (lambda i, total: (i + 1, total + part(i)))
        return tf.while_loop(*more, (tf.constant(1), part(0)), maximum_iterations=parts - 1)[1]

    def _own_share(self, tau: tf.Tensor) -> tf.Tensor:
        """Return how far each sample is of its own symbol and not of the one before.

        Output
        ------
        tf.float32, [slots, paths, symbols per slot, samples of a window]
        """
        late = tau[..., tf.newaxis] * self.fft - self.prefix.astype(np.float32)
        count = np.arange(1, self.fft + 1, dtype=np.float32)
        return tf.clip_by_value(count - late[..., tf.newaxis], 0.0, 1.0)

    def _before(self, own: tf.Tensor) -> tf.Tensor:
        """Return the symbol before, [..., symbols, samples] of each window; 0 for the first."""
        earlier = [tf.zeros_like(own[..., :1, :])]
        for symbols, prefix in ((slice(0, 6), 1), (slice(6, 7), 7), (slice(7, 13), 8)):
            earlier.append(tf.roll(own[..., symbols, :], -int(self.prefix[prefix]), axis=-1))
        return tf.concat(earlier, axis=-2)

    def _coefficients(self, a: tf.Tensor) -> tf.Tensor:
        """Return coefficients at the samples of each window, [..., symbols, samples]."""
        rows = tf.reshape(tf.stack([tf.math.real(a), tf.math.imag(a)]), [-1, a.shape[-1]])
        span = self._weights.shape[1]
        windows = [
            rows[:, start : start + span] @ weights
            for start, weights in zip(self._starts, self._weights, strict=True)
        ]
        shape = [2, -1, *a.shape[1:-1], SYMBOLS_PER_SLOT, self.fft]
        both = tf.reshape(tf.stack(windows, axis=1), shape)
        return tf.complex(both[0], both[1])

    def _cubics(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the first column of each window and weights, [symbols, columns, samples]."""
        windows = np.cumsum(self.prefix + self.fft) - self.fft
        at = (windows[:, None] + np.arange(self.fft)) / self.samples
        at = at * SYMBOLS_PER_SLOT * KNOTS - AROUND[0]
        base = np.floor(at).astype(int)
        starts = base[:, 0] + AROUND[0]
        span = int((base[:, -1] + AROUND[-1] + 1 - starts).max())
        starts = np.minimum(starts, self.columns - span)
        weights = np.zeros([SYMBOLS_PER_SLOT, span, self.fft], np.float32)
        symbols, samples = np.indices(at.shape)
        for knot in AROUND:
            others = [other for other in AROUND if other != knot]
            weight = np.prod([(at - base - other) / (knot - other) for other in others], axis=0)
            weights[symbols, base + knot - starts[:, None], samples] = weight
        return starts, weights


class SampledPaths(Channel):
    """A channel's paths at the instants of `Ofdm`, which a `ChannelRealisation` keeps.

    Parameters
    ----------
    channel : Multipath
        The paths.
    grid : Grid
        The grid of a slot.
    """

    def __init__(self, channel: Multipath, grid: Grid) -> None:
        self._channel = channel
        self.rx_antennas, self.tx_antennas = channel.rx_antennas, channel.tx_antennas
        self.ofdm = Ofdm(grid)

    @property
    def memory_slots(self) -> int | None:
        """Coherence time in slots; None if all those of a burst are correlated."""
        return self._channel.memory_slots

    @property
    def endless(self) -> bool:  # type: ignore[override]
        """Whether a burst may be resumed after any number of slots."""
        return self._channel.endless

    @property
    def recorded(self) -> bool:  # type: ignore[override]
        """Whether realisations were recorded, of some length each."""
        return self._channel.recorded

    def slot_size(self, grid: Grid) -> int:
        """Return the complex numbers that a slot takes while it is drawn, of a pair of antennas."""
        return 2 * self._channel.rays * self.ofdm.columns

    def run_slots(self, slots: int, slot_duration: float) -> int:
        """Return the length of what is continuous in a burst of so many slots."""
        return self._channel.run_slots(slots, slot_duration)

    def sample(self, bursts: int, slots: int, grid: Grid) -> tf.Tensor:
        """Draw from Sionna's random generator.

        Output
        ------
        tf.complex64, [bursts * slots, rx antennas, tx antennas, paths, columns + 1]
            Coefficients at the instants of `Ofdm`, and last the delay times the subcarrier spacing.
        """
        return self._frames(bursts, slots, grid, SYMBOLS_PER_SLOT * KNOTS / grid.slot_duration)

    def resume(self, first: int, slots: int, grid: Grid, run: int | None = None) -> tf.Tensor:
        """Return slots of one burst from slot `first` on, as `sample` gives them."""
        rate = SYMBOLS_PER_SLOT * KNOTS / grid.slot_duration
        return self._frames(1, slots, grid, burst_clock(rate, first, run, grid))

    def _frames(self, bursts: int, slots: int, grid: Grid, rate: float | Clock) -> tf.Tensor:
        run = self._channel.run_slots(slots, grid.slot_duration)
        runs = -(-slots // run)
        apart = SYMBOLS_PER_SLOT * KNOTS
        columns = self.ofdm.columns
        a, tau = self._channel.paths(bursts * runs, (run - 1) * apart + columns, rate)
        a = self._channel.amplitude(grid) * a[:, 0, :, 0]
        tau = tf.cast(tau[:, 0, 0] * grid.subcarrier_spacing, a.dtype)
        framed = tf.stack([a[..., i * apart : i * apart + columns] for i in range(run)], axis=1)
        delays = tf.broadcast_to(
            tau[:, tf.newaxis, tf.newaxis, tf.newaxis, :, tf.newaxis], [*framed.shape[:-1], 1]
        )
        inner = [self.rx_antennas, self.tx_antennas, tau.shape[1], columns + 1]
        whole = tf.reshape(tf.concat([framed, delays], axis=-1), [bursts, runs * run, *inner])
        return tf.reshape(whole[:, :slots], [bursts * slots, *inner])
