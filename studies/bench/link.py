"""Speed of the coded link beside the same chain driven by Sionna's own `sim_ber`."""

import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from studies.bench.bench import Bench, Report, add_snr, begin
from studies.bench.timing import clock, repeat

if TYPE_CHECKING:
    from rich.table import Table

    from linksim.link.config import LinkConfig
    from studies.bench.systems.plain_sionna import PlainSionna

SIGNIFICANCE = 0.01
"""Probability below which the block error rates of two runs are called different."""

TENTH_LOST_DB = (18.2, 23.2)
"""Es/N0 in dB at which a tenth of the blocks is lost, and 5 dB above."""


@dataclass
class Timing:
    """Counts and times of one way to run the chain.

    Parameters
    ----------
    blocks, block_errors : int
        Blocks, and those of them that were lost, in the timed part.
    seconds : float
        Duration of the timed part in s, warm-up excluded.
    warm_up_s : float
        Duration of the first batch in s, tracing and compilation included.
    """

    blocks: int = 0
    block_errors: int = 0
    seconds: float = 0.0
    warm_up_s: float = 0.0


def _measure(args: Namespace, report: Report) -> dict[str, Any]:
    """Time the coded chain: 16QAM, rate 1/2, flat Rayleigh, LS estimate, LMMSE equaliser."""
    begin(args)

    from linksim.link.config import LinkConfig

    return bench_link(LinkConfig(), args.snr, batch=args.batch, seconds=args.seconds, report=report)


def bench_link(
    config: "LinkConfig",
    snr_db: Sequence[float],
    *,
    batch: int,
    seconds: float,
    report: Report = print,
) -> dict[str, Any]:
    """Time linksim and plain Sionna at every Es/N0.

    Parameters
    ----------
    config : LinkConfig
        The link.
    snr_db : sequence of float
        Es/N0 per resource element in dB.
    batch : int
        Number of blocks in a batch, the same for all.
    seconds : float
        Shortest time for which each is timed, after its first batch.
    report : callable
        Receives what is being timed, in a few words.

    Returns
    -------
    dict
        ``link``, ``batch_blocks`` and ``points``: for each Es/N0 ``throughput_bps``,
        ``speedup_graph``, ``speedup_xla``, whether the block error rates agree, and the counts and
        times behind them.
    """
    points = {f"{snr:g}": _at_snr(config, snr, batch, seconds, report) for snr in snr_db}
    return {"link": asdict(config), "batch_blocks": batch, "points": points}


def _table(result: dict[str, Any]) -> "Table":
    from rich.table import Table

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
    config: "LinkConfig", snr_db: float, batch: int, seconds: float, report: Report
) -> dict[str, Any]:
    """Time linksim and plain Sionna, in graph and in XLA mode, one after the other."""
    from linksim.montecarlo import clopper_pearson
    from studies.bench.systems.plain_sionna import PlainSionna

    report(f"{snr_db:g} dB, linksim")
    timings = {"linksim": _time_linksim(config, snr_db, batch, seconds)}
    plain = PlainSionna(config)
    for mode in ("graph", "xla"):
        report(f"{snr_db:g} dB, plain Sionna: sim_ber, {mode}")
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


def _time_linksim(config: "LinkConfig", snr_db: float, batch: int, seconds: float) -> Timing:
    from linksim.link.bit_link import BitLink
    from linksim.link.transceiver import OfdmTransceiver
    from linksim.seeding import derive_seed

    link = BitLink(config, OfdmTransceiver(config))
    frames = batch // link.block.per_frame
    timing = Timing()

    def one_batch() -> None:
        counts = link.measure(snr_db, derive_seed("bench", timing.blocks), frames)
        timing.blocks += counts.blocks.trials
        timing.block_errors += counts.blocks.errors

    warm_up = partial(link.measure, snr_db, derive_seed("bench", "warm-up"), frames)
    timing.warm_up_s, _ = clock(warm_up)
    timing.seconds = sum(repeat(one_batch, seconds))
    return timing


def _time_sim_ber(
    chain: "PlainSionna", mode: str, snr_db: float, batch: int, seconds: float
) -> Timing:
    """Run `sim_ber`, which traces anew on every call; its first step is the warm-up."""
    from sionna.phy.utils import sim_ber

    steps: list[tuple[float, int, int]] = []
    start = time.perf_counter()

    def stamp(*state: Any) -> int | None:
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
    """Return whether the block error rates may be the same, by Fisher's exact test."""
    from scipy import stats

    table = [[t.block_errors, t.blocks - t.block_errors] for t in (a, b)]
    return bool(stats.fisher_exact(table).pvalue > SIGNIFICANCE)


_add_flags = partial(add_snr, default=TENTH_LOST_DB)
BENCH = Bench(
    "link", "time the coded link beside Sionna's own sim_ber", _add_flags, _measure, _table
)
