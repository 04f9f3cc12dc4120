"""The OFDM transceiver that both links share: grid, channel, estimator, equaliser."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from sionna.phy.channel import ApplyOFDMChannel
from sionna.phy.mimo import StreamManagement
from sionna.phy.ofdm import ResourceGridMapper

from linksim.link.accounting import frame_pilots, frame_symbols, frame_uses
from linksim.link.config import LinkConfig
from linksim.link.cqi import needed_snr
from linksim.phy.channels import CHANNELS, Channel, Multipath
from linksim.phy.channels.realisation import ChannelRealisation, burst_slots
from linksim.phy.channels.sampling import check_sampling
from linksim.phy.coding.mcs import MCS_TABLES
from linksim.phy.effective_sinr import EffectiveSinr
from linksim.phy.equalisers import EQUALISERS
from linksim.phy.estimation import estimate_noise
from linksim.phy.estimators import ESTIMATORS
from linksim.phy.grid import Grid
from linksim.phy.waveform import Ofdm, SampledPaths
from linksim.seeding import derive_seed, kept_generators
from linksim.startup import full_precision

VARIANCE_FLOOR = 1.2e-7
"""The unbiased LMMSE noise is 1/d - 1 with d near 1; below this float32 gives noise, or less."""


@dataclass(frozen=True)
class Equalised:
    """Symbols as the equaliser gives them.

    Parameters
    ----------
    symbols : tf.Tensor
        complex64, [frames, symbols]; equalised, unbiased.
    noise_variance : tf.Tensor
        float32, [frames, symbols]; effective noise variance of each complex symbol. It
        includes the mean error of the channel estimate and, in the time domain, the interference
        of subcarriers and symbols.
    snr : tf.Tensor
        float32, [frames * slots]; effective SNR of each slot, linear, as `EffectiveSinr` has it for
        the fastest MCS that the slot bears. Of one stream it is that of Es/N0 at the pilots after
        all receive antennas are combined; of several, which disturb one another, that of the SINR
        after equalisation.
    """

    symbols: tf.Tensor
    noise_variance: tf.Tensor
    snr: tf.Tensor


class OfdmTransceiver:
    """Complex symbols over the resource grid, from the transmitter to behind the equaliser.

    ::

        symbols ─interleave─▶ grid+pilots ─▶ h·x+n ─▶ estimate ─▶ equalise ─deinterleave─▶ symbols'
                                              ▲                      │
                                       channel.sample                └─▶ effective noise, SNR

    Where the channel has several transmit antennas each sends a stream of its own. Neighbouring
    symbols go to different streams, each at its share of a total energy of 1 a resource
    element; N0 is that of one receive antenna. A pilot is sent by one antenna at the whole energy.
    In the time domain the channel is applied to samples, and its realisations are paths.

    Parameters
    ----------
    config : LinkConfig
        The link; its channel, grid, estimator, equaliser and interleaver depth are used.
    """

    def __init__(self, config: LinkConfig) -> None:
        full_precision()
        with kept_generators():
            self._build(config)

    def _build(self, config: LinkConfig) -> None:
        self.grid = grid_of(config)
        channel = config.channel_model
        self.channel: Channel = channel
        self._ofdm: Ofdm | None = None
        if config.domain == "time":
            assert isinstance(channel, Multipath)  # as the configuration has checked
            self.channel = sampled = SampledPaths(channel, self.grid)
            self._ofdm = sampled.ofdm
        self.slots_per_frame = config.interleave_slots
        self.symbols_per_frame = frame_symbols(config)
        self.uses_per_frame, self.pilots_per_frame = frame_uses(config), frame_pilots(config)
        self._rx, self._streams = channel.rx_antennas, config.streams
        resource_grid = self.grid.sionna
        order = slot_interleaver(
            config.interleave_slots, config.slot_data_symbols, streams=config.streams
        )
        self._order = tf.constant(order, tf.int32)
        self._inverse = tf.constant(np.argsort(order), tf.int32)
        self._map = ResourceGridMapper(resource_grid)
        self._apply = self._ofdm or ApplyOFDMChannel()
        self._pilots = [_pilots_of(self.grid, stream) for stream in range(self._streams)]
        if type(channel) not in CHANNELS.own.values():
            check_sampling(channel, self.grid)
        self._noise_known = config.noise == "known"
        schemes = MCS_TABLES[config.mcs_table]
        self._effective = EffectiveSinr(schemes, [needed_snr(mcs) for mcs in schemes])
        self._interpolate = ESTIMATORS[config.estimator].interpolators(self.grid, channel)
        streams = StreamManagement([[1]], self._streams)
        self._equalise = EQUALISERS[config.equalizer].build(resource_grid, streams)

    def draw(self, frames: int) -> tf.Tensor:
        """Draw the channel of interleaver frames that are independent of one another.

        Output
        ------
        tf.complex64, [frames * slots per frame, …], as `Channel.sample` gives it
        """
        # Models of sectors, and perhaps a user's channel, need AutoGraph within a graph.
        sample = self.channel.sample
        draw = sample if tf.executing_eagerly() else tf.function(sample)
        return draw(frames, self.slots_per_frame, self.grid)

    def realisation(self, seed: int, run: int | None = None) -> ChannelRealisation:
        """Return the realisation of the channel over time that a transmission's seed stands for.

        A recorded channel is continuous over `run` slots of it, as far as its records last.
        """
        return ChannelRealisation(self.channel, self.grid, derive_seed(seed, "fading"), run)

    @property
    def memory_slots(self) -> int:
        """Coherence interval: n slots of a realisation, from a multiple of n on, are dependent."""
        return self.channel.memory_slots or burst_slots(self.channel)

    def __call__(self, symbols: tf.Tensor, h: tf.Tensor, no: tf.Tensor) -> Equalised:
        """Transmit and equalise.

        Input
        -----
        symbols : tf.complex64, [frames, symbols per frame]
            Unit mean energy.
        h : tf.complex64, [frames * slots per frame, …]
            Frequency response, from `draw` or a `ChannelRealisation`.
        no : tf.float32, scalar or [frames * slots per frame]
            Noise variance N0 per resource element and receive antenna, of all slots or of each;
            Es/N0 = 1/N0.
        """
        share = self._streams**-0.5
        x = self._map(share * self._to_slots(symbols)[:, tf.newaxis])
        h = tf.reshape(h, [-1, 1, self._rx, 1, self._streams, *h.shape[-2:]])
        y = self._apply(x, h, no)
        if self._ofdm:
            no += share**2 * self._ofdm.interference(h)
            h = self._ofdm.response(h)
        h_ls = self._at_pilots(y)
        if not self._noise_known:
            no = estimate_noise(h_ls, len(self.grid.layout.symbols))
        h_hat, error = self._estimate(h, h_ls, no)
        x_hat, variance = self._equalise(y, share * h_hat, share**2 * error, no)
        variance = tf.maximum(variance[:, 0], VARIANCE_FLOOR)
        return Equalised(
            symbols=self._from_slots(x_hat[:, 0]),
            noise_variance=self._from_slots(variance),
            snr=self._effective_snr(h_ls, variance, no),
        )

    def _effective_snr(
        self, h_ls: list[tf.Tensor], variance: tf.Tensor, no: tf.Tensor
    ) -> tf.Tensor:
        """Return the effective SNR of each slot, which is what CSI is made of."""
        if self._streams > 1:
            width = self.symbols_per_frame // self.slots_per_frame
            return self._effective(tf.reshape(1.0 / variance, [-1, width]))
        power = tf.reduce_sum(tf.abs(h_ls[0]) ** 2, axis=1)
        return self._effective.of_pilots(power / tf.reshape(no, [-1, 1]), self._rx)

    def transmit(
        self, symbols: tf.Tensor, h: tf.Tensor, no: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Return the fields of `Equalised`, which a compiled function cannot return whole."""
        out = self(symbols, h, no)
        return out.symbols, out.noise_variance, out.snr

    def measure_snr(self, h: tf.Tensor, no: tf.Tensor) -> tf.Tensor:
        """Measure the SNR of each slot that data would meet, as `Equalised` has it.

        A frame is a slot here.

        Input
        -----
        h, no : tf.Tensor
            Frequency response and N0, as in a call.

        Output
        ------
        tf.float32, [slots]; linear
        """
        silence = tf.zeros([h.shape[0], self.symbols_per_frame], tf.complex64)
        return self(silence, h, no).snr

    def _at_pilots(self, y: tf.Tensor) -> list[tf.Tensor]:
        """Return the least-squares estimates of each stream, [slots, rx antennas, pilots]."""
        flat = tf.reshape(y, [-1, self._rx, self.grid.sionna.num_resource_elements])
        return [tf.gather(flat, where, axis=2) / pilots for where, pilots in self._pilots]

    def _estimate(
        self, h: tf.Tensor, h_ls: list[tf.Tensor], no: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the channel as the receiver knows it and its error, shaped as `h`."""
        if not self._interpolate:
            return h, tf.zeros([1, 1, 1, 1, 1, *self.grid.shape])
        per_antenna = tf.repeat(no, self._rx) if no.shape.rank else no
        estimates = [
            interpolate(tf.reshape(mine, [-1, mine.shape[2]]), per_antenna)
            for interpolate, mine in zip(self._interpolate, h_ls, strict=True)
        ]
        h_hat = tf.stack([estimate for estimate, _ in estimates], axis=1)
        error = tf.stack([error for _, error in estimates], axis=1)
        of_each = [self._rx if no.shape.rank else 1, 1, self._streams, *self.grid.shape]
        return (
            tf.reshape(h_hat, [-1, 1, self._rx, 1, self._streams, *self.grid.shape]),
            tf.reshape(error, [-1, 1, *of_each]),
        )

    def _to_slots(self, symbols: tf.Tensor) -> tf.Tensor:
        """Return the symbols of each slot and stream, [slots, streams, data elements]."""
        by_slot = tf.gather(symbols, self._order, axis=1)
        per_stream = self.uses_per_frame // self.slots_per_frame
        by_element = tf.reshape(by_slot, [-1, per_stream, self._streams])
        return tf.transpose(by_element, [0, 2, 1])

    def _from_slots(self, symbols: tf.Tensor) -> tf.Tensor:
        by_frame = tf.reshape(tf.transpose(symbols, [0, 2, 1]), [-1, self.symbols_per_frame])
        return tf.gather(by_frame, self._inverse, axis=1)


def grid_of(config: LinkConfig) -> Grid:
    """Return the resource grid of a link."""
    return Grid(config.subcarriers, config.subcarrier_spacing, config.pilot_layout)


def _pilots_of(grid: Grid, stream: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Return where the pilots of a stream are in a slot, flat, and what they are."""
    mine = grid.layout.subcarriers(grid.subcarriers, stream)
    where = np.array(grid.layout.symbols)[:, None] * grid.subcarriers + mine
    pilots = grid.pilots[stream][:, stream :: grid.layout.streams]
    return tf.constant(where.ravel(), tf.int32), tf.constant(pilots.ravel(), tf.complex64)


def slot_interleaver(depth: int, per_slot: int, *, streams: int = 1) -> np.ndarray:
    """Return the symbol of a frame that each place of its slots carries; [depth * per_slot].

    Symbol p of block b is sent at place p of its slot, by stream p mod S on data element
    e = p // S, in slot (b + e) mod depth: neighbouring elements meet different channels, each
    block has all pairs of slot and stream in equal shares, and keeps its good and bad places
    within the slot.
    """
    slot, position = np.divmod(np.arange(depth * per_slot), per_slot)
    return (slot - position // streams) % depth * per_slot + position


def noise_variance(snr_db: float) -> tf.Tensor:
    """Return N0 for an Es/N0 per resource element in dB, with Es = 1 and E|h|^2 = 1."""
    return tf.constant(10.0 ** (-snr_db / 10.0), tf.float32)
