"""Speed of the coded link beside the same chain driven by Sionna's own `sim_ber`."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import tensorflow as tf
from rich.table import Table
from scipy import stats
from sionna.phy.channel import OFDMChannel, RayleighBlockFading
from sionna.phy.fec.crc import CRCEncoder
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder
from sionna.phy.mapping import BinarySource, Demapper, Mapper
from sionna.phy.mimo import StreamManagement
from sionna.phy.ofdm import LMMSEEqualizer, LSChannelEstimator, ResourceGridMapper
from sionna.phy.utils import sim_ber

from linksim.link.bit_link import BitLink
from linksim.link.config import LinkConfig
from linksim.link.transceiver import OfdmTransceiver, grid_of
from linksim.montecarlo import clopper_pearson
from linksim.phy.modulations import MODULATIONS
from linksim.seeding import derive_seed

SIGNIFICANCE = 0.01
"""Below this the block error rates of two runs are called different."""


@dataclass
class Timing:
    """One way to run the chain.

    Parameters
    ----------
    blocks, block_errors : int
        Counted in the timed part.
    seconds : float
        Steady state, warm-up excluded.
    warm_up_s : float
        First batch, tracing and compilation included.
    """

    blocks: int = 0
    block_errors: int = 0
    seconds: float = 0.0
    warm_up_s: float = 0.0


class PlainSionna:
    """The chain of `linksim.link.bit_link.BitLink`, assembled from Sionna's blocks as its users do.

    Parameters
    ----------
    config : LinkConfig
        A Rayleigh link with ls-linear estimation and one code block a slot.
    """

    def __init__(self, config: LinkConfig) -> None:
        block = config.code_block()
        order = MODULATIONS[config.modulation].bits
        grid = grid_of(config).sionna
        self._payload_bits = 8 * block.payload_bytes
        self._source = BinarySource()
        self._crc = CRCEncoder("CRC24A")
        self._encode = LDPC5GEncoder(block.info_bits, block.coded_bits, num_bits_per_symbol=order)
        self._map = Mapper("qam", order)
        self._grid = ResourceGridMapper(grid)
        fading = RayleighBlockFading(num_rx=1, num_rx_ant=1, num_tx=1, num_tx_ant=1)
        self._channel = OFDMChannel(fading, grid, normalize_channel=False)
        self._estimate = LSChannelEstimator(grid, interpolation_type="lin")
        self._equalise = LMMSEEqualizer(grid, StreamManagement([[1]], 1))
        self._demap = Demapper("app", "qam", order)
        self._decode = LDPC5GDecoder(self._encode, num_iter=config.decoder_iterations)

    def __call__(self, batch_size: tf.Tensor, ebno_db: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Send a batch of blocks; return information bits sent and decided.

        `sim_ber` calls its abscissa ``ebno_db``; here it is Es/N0.
        """
        no = tf.pow(10.0, -tf.cast(ebno_db, tf.float32) / 10.0)
        info = self._crc(self._source([batch_size, 1, 1, self._payload_bits]))
        y = self._channel(self._grid(self._map(self._encode(info))), no)
        h_hat, error = self._estimate(y, no)
        symbols, variance = self._equalise(y, h_hat, error, no)
        return info, self._decode(self._demap(symbols, variance))


def bench_link(
    config: LinkConfig,
    snr_db: list[float],
    *,
    batch: int,
    seconds: float,
    report: Callable[[str], object] = print,
) -> dict[str, Any]:
    """Time linksim and plain Sionna at every Es/N0.

    Parameters
    ----------
    config : LinkConfig
        The link.
    snr_db : list of float
        Es/N0 per resource element in dB.
    batch : int
        Blocks of a batch, the same for all.
    seconds : float
        Steady state of each, at least.
    report : callable
        Told what is being timed.

    Returns
    -------
    dict
        ``link``, ``batch_blocks`` and ``points``: of each Es/N0 ``throughput_bps``,
        ``speedup_graph``, ``speedup_xla``, whether the block error rates agree, and the counts and
        times behind them.
    """
    points = {}
    for snr in snr_db:
        points[f"{snr:g}"] = _at_snr(
            config, snr, batch, seconds, lambda text, snr=snr: report(f"{snr:g} dB, {text}")
        )
    return {"link": asdict(config), "batch_blocks": batch, "points": points}


def table(result: dict[str, Any]) -> Table:
    """Lay the figures out."""
    columns = ("Es/N0", "chain", "Mb/s", "linksim is", "BLER", "95 % interval", "first batch")
    shown = Table(*columns, title="coded link, information bits")
    rows = (
        ("linksim", "linksim", "throughput_bps", None),
        ("graph", "sim_ber, graph", "throughput_graph_bps", "speedup_graph"),
        ("xla", "sim_ber, XLA", "throughput_xla_bps", "speedup_xla"),
    )
    for snr, point in result["points"].items():
        for name, label, throughput, speedup in rows:
            low, high = point["bler_interval"][name]
            shown.add_row(
                f"{snr} dB" if name == "linksim" else "",
                label,
                f"{point[throughput] / 1e6:.2f}",
                f"{point[speedup]:.1f}x" if speedup else "",
                f"{point['bler'][name]:.4f}",
                f"{low:.4f}-{high:.4f}",
                f"{point['timings'][name]['warm_up_s']:.1f} s",
            )
        shown.add_section()
    return shown


def _at_snr(
    config: LinkConfig, snr_db: float, batch: int, seconds: float, report: Callable[[str], object]
) -> dict[str, Any]:
    """Time linksim and plain Sionna, in graph and in XLA mode, one after the other."""
    report("linksim")
    timings = {"linksim": _time_linksim(config, snr_db, batch, seconds)}
    plain = PlainSionna(config)
    for mode in ("graph", "xla"):
        report(f"plain Sionna: sim_ber, {mode}")
        timings[mode] = _time_sim_ber(plain, mode, snr_db, batch, seconds)
    info_bits = config.code_block().info_bits
    throughput = {k: t.blocks * info_bits / t.seconds for k, t in timings.items()}
    ours = timings["linksim"]
    return {
        "throughput_bps": throughput["linksim"],
        "throughput_graph_bps": throughput["graph"],
        "throughput_xla_bps": throughput["xla"],
        "speedup_graph": throughput["linksim"] / throughput["graph"],
        "speedup_xla": throughput["linksim"] / throughput["xla"],
        "bler": {k: t.block_errors / t.blocks for k, t in timings.items()},
        "bler_interval": {k: clopper_pearson(t.block_errors, t.blocks) for k, t in timings.items()},
        "bler_equal": {k: _equal(ours, timings[k]) for k in ("graph", "xla")},
        "timings": {k: asdict(t) for k, t in timings.items()},
    }


def _time_linksim(config: LinkConfig, snr_db: float, batch: int, seconds: float) -> Timing:
    link = BitLink(config, OfdmTransceiver(config))
    frames = batch // link.block.per_frame
    start = time.perf_counter()
    link.measure(snr_db, derive_seed("bench", "warm-up"), frames)
    timing = Timing(warm_up_s=time.perf_counter() - start)
    start = time.perf_counter()
    while timing.seconds < seconds:
        counts = link.measure(snr_db, derive_seed("bench", timing.blocks), frames)
        timing.blocks += counts.blocks.trials
        timing.block_errors += counts.blocks.errors
        timing.seconds = time.perf_counter() - start
    return timing


def _time_sim_ber(
    chain: PlainSionna, mode: str, snr_db: float, batch: int, seconds: float
) -> Timing:
    """Run `sim_ber`, which traces anew on every call; its first step is the warm-up."""
    steps: list[tuple[float, int, int]] = []
    start = time.perf_counter()

    def stamp(*state: object) -> int | None:
        _, point, _, _, block_errors, _, blocks = state
        steps.append((time.perf_counter(), int(block_errors[point]), int(blocks[point])))
        return sim_ber.CALLBACK_STOP if steps[-1][0] - steps[0][0] >= seconds else None

    sim_ber(
        chain,
        [snr_db],
        batch_size=batch,
        max_mc_iter=10**6,
        graph_mode=mode,
        early_stop=False,
        verbose=False,
        callback=stamp,
    )
    (first, errors_before, blocks_before), (end, errors, blocks) = steps[0], steps[-1]
    return Timing(blocks - blocks_before, errors - errors_before, end - first, first - start)


def _equal(a: Timing, b: Timing) -> bool:
    """Fisher's exact test: can the two block error rates be the same?"""
    table = [[t.block_errors, t.blocks - t.block_errors] for t in (a, b)]
    return bool(stats.fisher_exact(table).pvalue > SIGNIFICANCE)
