"""Time that each stage of the coded link takes."""

from argparse import Namespace
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from studies.bench.bench import Bench, Report, add_snr, begin
from studies.bench.link import TENTH_LOST_DB
from studies.bench.timing import repeat

if TYPE_CHECKING:
    from rich.table import Table

    from linksim.link.config import LinkConfig

Stage = tuple[str, Callable[..., Any], Callable[..., Any] | None]
"""Name of a stage, what computes it here, and Sionna's block for it where that is another one."""


def bench_stages(
    config: "LinkConfig",
    snr_db: float,
    *,
    batch: int,
    seconds: float,
    report: Report = print,
) -> dict[str, Any]:
    """Time each stage by itself, each compiled by XLA but for min-sum on a CPU.

    Parameters
    ----------
    config : LinkConfig
        The link, with one code block a slot.
    snr_db : float
        Es/N0 per resource element in dB.
    batch : int
        Number of blocks, each in a slot of its own, in a batch.
    seconds : float
        Shortest time for which each is timed, after one run to compile.
    report : callable
        Receives what is being timed, in a few words.

    Returns
    -------
    dict
        ``stages``: for each, ``linksim_ms`` and ``sionna_ms`` a batch; NaN where Sionna's own
        block does it.
    """
    from linksim.seeding import derive_seed, seed_sionna

    seed_sionna(derive_seed("bench stages"))
    stages: dict[str, dict[str, float]] = {}
    values: tuple[Any, ...] = (batch,)
    for name, ours, theirs in _stages(config, snr_db):
        report(name)
        spent, result = _timed(ours, values, seconds)
        beside = _timed(theirs, values, seconds)[0] if theirs else float("nan")
        stages[name] = {"linksim_ms": 1e3 * spent, "sionna_ms": 1e3 * beside}
        values = result if isinstance(result, tuple) else (result,)
    return {"snr_db": snr_db, "batch_blocks": batch, "stages": stages}


def _table(result: dict[str, Any]) -> "Table":
    import math

    from rich.table import Table

    title = f"the coded link, batches of {result['batch_blocks']}, {result['snr_db']:g} dB"
    shown = Table("stage", "ms", "share", "Sionna's block, ms", title=title)
    total = sum(stage["linksim_ms"] for stage in result["stages"].values())
    for name, stage in result["stages"].items():
        theirs = stage["sionna_ms"]
        shown.add_row(
            name,
            f"{stage['linksim_ms']:.2f}",
            f"{stage['linksim_ms'] / total:.0%}",
            "the same" if math.isnan(theirs) else f"{theirs:.2f}",
        )
    return shown


def _stages(config: "LinkConfig", snr_db: float) -> list[Stage]:
    """List the stages in order; each takes what the one before it returned."""
    import tensorflow as tf
    from sionna.phy.fec.crc import CRCEncoder
    from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder
    from sionna.phy.mapping import BinarySource, Demapper, Mapper

    from linksim.link.transceiver import OfdmTransceiver, noise_variance
    from linksim.phy.coding.decoders import DECODERS
    from linksim.phy.demapping import QamDemapper
    from linksim.phy.modulations import MODULATIONS

    transceiver, block = OfdmTransceiver(config), config.code_block()
    order, no = MODULATIONS[config.modulation].bits, noise_variance(snr_db)
    crc, source = CRCEncoder("CRC24A"), BinarySource()
    encoder = LDPC5GEncoder(block.info_bits, block.coded_bits, num_bits_per_symbol=order)
    mapper = Mapper("qam", order)
    flooding = LDPC5GDecoder(encoder, num_iter=config.decoder_iterations)
    decoder, ours = (
        DECODERS[config.decoder].build(encoder, crc, config.decoder_iterations),
        QamDemapper(order),
    )
    app = Demapper("app", "qam", order)
    fading = tf.function(transceiver.draw, jit_compile=True)

    def received(symbols: tf.Tensor, h: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        out = transceiver(symbols, h, no)
        return out.symbols, out.noise_variance

    def compiled(call: Callable[..., Any]) -> Callable[..., Any]:
        return tf.function(lambda *values: call(*values), jit_compile=True)

    def drawn(blocks: int) -> tf.Tensor:
        return crc(source([blocks, block.payload_bytes * 8]))

    return [
        ("payload and CRC", compiled(drawn), None),
        ("LDPC encoder", compiled(encoder), None),
        ("mapper", compiled(mapper), None),
        ("fading", lambda symbols: (symbols, fading(len(symbols))), None),
        ("channel, estimator, equaliser", compiled(received), None),
        ("demapper", compiled(ours), compiled(app)),
        ("LDPC decoder", decoder, compiled(flooding)),
    ]


def _timed(call: Callable[..., Any], values: tuple[Any, ...], seconds: float) -> tuple[float, Any]:
    """Return the least seconds of a call, which others that share the machine hardly touch."""
    import numpy as np
    import tensorflow as tf

    result = call(*values)
    return min(repeat(lambda: tf.nest.map_structure(np.asarray, call(*values)), seconds)), result


def _measure(args: Namespace, report: Report) -> dict[str, Any]:
    begin(args)

    from linksim.link.config import LinkConfig

    return bench_stages(
        LinkConfig(), args.snr[0], batch=args.batch, seconds=args.seconds, report=report
    )


_add_flags = partial(add_snr, default=TENTH_LOST_DB[:1])
BENCH = Bench("stages", "time each stage of the coded link", _add_flags, _measure, _table)
