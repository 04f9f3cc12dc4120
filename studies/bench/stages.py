"""Where the time of the coded link goes: its stages, one by one."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from rich.table import Table
from sionna.phy.fec.crc import CRCEncoder
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder
from sionna.phy.mapping import BinarySource, Demapper, Mapper

from linksim.link.config import LinkConfig
from linksim.link.transceiver import OfdmTransceiver, noise_variance
from linksim.phy.coding.decoders import DECODERS
from linksim.phy.demapping import QamDemapper
from linksim.phy.modulations import MODULATIONS
from linksim.seeding import derive_seed, seed_sionna

Stage = tuple[str, Callable[..., Any], Callable[..., Any] | None]
"""Its name, what does it here, and Sionna's block for it where that is another one."""


def bench_stages(
    config: LinkConfig,
    snr_db: float,
    *,
    batch: int,
    seconds: float,
    report: Callable[[str], object] = print,
) -> dict[str, Any]:
    """Time each stage by itself, each compiled by XLA but for min-sum on a CPU.

    Parameters
    ----------
    config : LinkConfig
        The link, with one code block a slot.
    snr_db : float
        Es/N0 per resource element in dB.
    batch : int
        Blocks, and slots, of a batch.
    seconds : float
        How long each is timed at least, after one run to compile.
    report : callable
        Is told what goes on.

    Returns
    -------
    dict
        ``stages``: of each, ``linksim_ms`` and ``sionna_ms`` a batch; NaN where Sionna's own
        block is what does it.
    """
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


def table(result: dict[str, Any]) -> Table:
    """Lay the figures out."""
    title = f"the coded link, batches of {result['batch_blocks']}, {result['snr_db']:g} dB"
    shown = Table("stage", "ms", "share", "Sionna's block, ms", title=title)
    total = sum(stage["linksim_ms"] for stage in result["stages"].values())
    for name, stage in result["stages"].items():
        theirs = stage["sionna_ms"]
        shown.add_row(
            name,
            f"{stage['linksim_ms']:.2f}",
            f"{stage['linksim_ms'] / total:.0%}",
            "the same" if np.isnan(theirs) else f"{theirs:.2f}",
        )
    return shown


def _stages(config: LinkConfig, snr_db: float) -> list[Stage]:
    """List the stages in order; each takes what the one before it returned."""
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
    draw = tf.function(transceiver.draw, jit_compile=True)

    def carried(symbols: tf.Tensor, h: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
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
        ("fading", lambda symbols: (symbols, draw(len(symbols))), None),
        ("channel, estimator, equaliser", compiled(carried), None),
        ("demapper", compiled(ours), compiled(app)),
        ("LDPC decoder", decoder, compiled(flooding)),
    ]


def _timed(call: Callable[..., Any], values: tuple[Any, ...], seconds: float) -> tuple[float, Any]:
    """Return the least seconds of a call, which others that share the machine hardly touch."""
    result = call(*values)
    times: list[float] = []
    while not times or sum(times) < seconds:
        began = time.perf_counter()
        tf.nest.map_structure(np.asarray, call(*values))
        times.append(time.perf_counter() - began)
    return min(times), result
