"""The part of the link that both pipes share: grid, channel, estimator, equaliser."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from sionna.phy.channel import ApplyOFDMChannel
from sionna.phy.mimo import StreamManagement
from sionna.phy.ofdm import LMMSEEqualizer, ResourceGridMapper, ZFEqualizer

from linksim.accounting import frame_pilots, frame_uses
from linksim.channels import parse_channel
from linksim.estimation import make_interpolator
from linksim.fading import Fading, burst_slots
from linksim.link_config import LinkConfig
from linksim.ofdm import Grid
from linksim.seeding import derive_seed

VARIANCE_FLOOR = 1.2e-7
"""The unbiased LMMSE noise is 1/d - 1 with d near 1; below this float32 gives noise, or less."""


@dataclass(frozen=True)
class Equalised:
    """What the front end returns.

    Parameters
    ----------
    symbols : tf.Tensor
        complex64, [frames, symbols]; equalised, unbiased.
    noise_variance : tf.Tensor
        float32, [frames, symbols]; effective noise variance of each complex symbol. It
        includes the estimation error that the estimator knows of: for least squares the
        noise, but not the interpolation error where the channel changes between pilots.
    snr : tf.Tensor
        float32, [frames * slots]; Es/N0 of each slot measured from its pilots, linear.
    """

    symbols: tf.Tensor
    noise_variance: tf.Tensor
    snr: tf.Tensor


class FrontEnd:
    """Carry complex symbols over the resource grid.

    ::

        symbols ─interleave─▶ grid+pilots ─▶ h·x+n ─▶ estimate ─▶ equalise ─deinterleave─▶ symbols'
                                              ▲                      │
                                       channel.sample                └─▶ effective noise, SNR

    Parameters
    ----------
    config : LinkConfig
        Its channel, grid, estimator, equaliser and interleaving depth are used.
    """

    def __init__(self, config: LinkConfig) -> None:
        self.grid = Grid(config.subcarriers, config.subcarrier_spacing)
        self.channel = parse_channel(config.channel)
        self.slots_per_frame = config.interleave_slots
        self.symbols_per_frame, self.pilots_per_frame = frame_uses(config), frame_pilots(config)
        resource_grid = self.grid.sionna
        order = _slot_interleaver(config.interleave_slots, config.slot_data_symbols)
        self._order = tf.constant(order, tf.int32)
        self._inverse = tf.constant(np.argsort(order), tf.int32)
        self._map = ResourceGridMapper(resource_grid)
        self._apply = ApplyOFDMChannel()
        mask = np.array(resource_grid.pilot_pattern.mask)
        self._pilot_positions = tf.constant(np.flatnonzero(mask), tf.int32)
        self._pilots = tf.constant(resource_grid.pilot_pattern.pilots[0, 0])
        self._interpolate = (
            None
            if config.estimator == "perfect"
            else make_interpolator(config.estimator, self.grid, self.channel)
        )
        equaliser = LMMSEEqualizer if config.equalizer == "lmmse" else ZFEqualizer
        self._equalise = equaliser(resource_grid, StreamManagement([[1]], 1))

    def fades(self, frames: int) -> tf.Tensor:
        """Draw the fading of frames that are independent of one another.

        Output
        ------
        tf.complex64, [frames * slots per frame, symbols per slot, subcarriers]
        """
        return self.channel.sample(frames, self.slots_per_frame, self.grid)

    def fading(self, seed: int) -> Fading:
        """Return the realisation of the channel over time that a transmission's seed stands for."""
        return Fading(self.channel, self.grid, derive_seed(seed, "fading"))

    @property
    def frames_per_fade(self) -> int:
        """Consecutive frames of one `Fading` that must be taken as dependent on one another."""
        memory = self.channel.memory_slots or burst_slots(self.channel)
        return -(-memory // self.slots_per_frame)

    def __call__(self, symbols: tf.Tensor, h: tf.Tensor, no: tf.Tensor) -> Equalised:
        """Transmit and equalise.

        Input
        -----
        symbols : tf.complex64, [frames, symbols per frame]
            Unit mean energy.
        h : tf.complex64, [frames * slots per frame, symbols per slot, subcarriers]
            Fading, from `fades` or a `Fading`.
        no : tf.float32, scalar or [frames * slots per frame]
            Noise variance N0 per resource element, of all slots or of each; Es/N0 = 1/N0.
        """
        x = self._map(self._to_slots(symbols)[:, tf.newaxis, tf.newaxis])
        h_true = h[:, tf.newaxis, tf.newaxis, tf.newaxis, tf.newaxis]
        y = self._apply(x, h_true, no)
        flat = tf.reshape(y, [-1, self.grid.sionna.num_resource_elements])
        h_ls = tf.gather(flat, self._pilot_positions, axis=1) / self._pilots
        if self._interpolate is None:
            h_hat, error = h_true, tf.zeros([1, 1, 1, 1, 1, *self.grid.shape])
        else:
            h_hat, error = self._interpolate(h_ls, no)
            h_hat = h_hat[:, tf.newaxis, tf.newaxis, tf.newaxis, tf.newaxis]
            error = error[:, tf.newaxis, tf.newaxis, tf.newaxis, tf.newaxis]
        x_hat, variance = self._equalise(y, h_hat, error, no)
        power = tf.reduce_mean(tf.abs(h_ls) ** 2, axis=-1)
        return Equalised(
            symbols=self._from_slots(x_hat[:, 0, 0]),
            noise_variance=tf.maximum(self._from_slots(variance[:, 0, 0]), VARIANCE_FLOOR),
            snr=tf.maximum(power - no, 0.0) / no,
        )

    def _to_slots(self, symbols: tf.Tensor) -> tf.Tensor:
        by_slot = tf.gather(symbols, self._order, axis=1)
        return tf.reshape(by_slot, [-1, self.symbols_per_frame // self.slots_per_frame])

    def _from_slots(self, symbols: tf.Tensor) -> tf.Tensor:
        by_frame = tf.reshape(symbols, [-1, self.symbols_per_frame])
        return tf.gather(by_frame, self._inverse, axis=1)


def _slot_interleaver(depth: int, per_slot: int) -> np.ndarray:
    """Return the symbol, of a frame's, that each resource element carries; [depth * per_slot].

    Position p of block b goes to position p of slot (b + p) mod depth: neighbours fade
    apart, and every block keeps its share of good and bad positions within the slot.
    """
    slot, position = np.divmod(np.arange(depth * per_slot), per_slot)
    return (slot - position) % depth * per_slot + position


def noise_variance(snr_db: float) -> tf.Tensor:
    """Return N0 for an Es/N0 per resource element in dB, with Es = 1 and E|h|^2 = 1."""
    return tf.constant(10.0 ** (-snr_db / 10.0), tf.float32)
