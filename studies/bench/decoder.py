"""Speed of the LDPC decoders, on the same received blocks in the same run."""

from argparse import Namespace
from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING, Any

from studies.bench.bench import Bench, Report, add_snr, begin
from studies.bench.timing import repeat

if TYPE_CHECKING:
    import numpy as np
    from rich.table import Table
    from sionna.phy.fec.ldpc import LDPC5GEncoder

    from linksim.link.config import LinkConfig

OURS = ("min-sum", "min-sum, all iterations", "min-sum, graph", "boxplus, early stop")
THEIRS = ("Sionna min-sum, XLA", "Sionna boxplus, XLA")
BATCHES = 4
"""Batches of different blocks, taken in turn."""

TENTH_LOST_DB = (6.35, 7.05, 11.35)
"""Es/N0 in dB at which a tenth of the blocks is lost, first to boxplus, then to Sionna's min-sum,
and 5 dB above the first."""

Decode = Callable[[Any], Any]
"""Maps logits, a tensor [blocks, n], to hard decisions, [blocks, k]."""

Batch = tuple["np.ndarray", Any]
"""Information bits, [blocks, k], and the logits that were received for them, [blocks, n]."""


def bench_decoder(
    config: "LinkConfig",
    snr_db: Sequence[float],
    *,
    batch: int,
    seconds: float,
    report: Report = print,
) -> dict[str, Any]:
    """Decode blocks that crossed white Gaussian noise.

    Parameters
    ----------
    config : LinkConfig
        Link whose modulation, code rate, block and number of iterations are used, but not its
        channel.
    snr_db : sequence of float
        Es/N0 in dB of each measurement.
    batch : int
        Number of blocks in a batch.
    seconds : float
        Shortest time for which each is timed, after all batches once.
    report : callable
        Receives what is being timed, in a few words.

    Returns
    -------
    dict
        ``points``: for each Es/N0 and decoder, ``throughput_bps`` of information bits, ``bler``
        and its 95 % interval; ``speedup``: likewise, the ratio of `OURS` to the first of `THEIRS`.
    """
    from sionna.phy.fec.ldpc import LDPC5GEncoder

    from linksim.phy.modulations import MODULATIONS

    block = config.code_block()
    order = MODULATIONS[config.modulation].bits
    encoder = LDPC5GEncoder(block.info_bits, block.coded_bits, num_bits_per_symbol=order)
    decoders = _decoders(encoder, config.decoder_iterations)
    points: dict[str, dict[str, dict[str, Any]]] = {}
    for snr in snr_db:
        received = [_received(encoder, order, snr, batch, i) for i in range(BATCHES)]
        points[f"{snr:g}"] = {}
        for name, decode in decoders.items():
            report(f"{name}, {snr:g} dB")
            points[f"{snr:g}"][name] = _timed(decode, received, seconds)
    return {
        "info_bits": block.info_bits,
        "coded_bits": block.coded_bits,
        "iterations": config.decoder_iterations,
        "batch_blocks": batch,
        "points": points,
        "speedup": {
            snr: {n: of[n]["throughput_bps"] / of[THEIRS[0]]["throughput_bps"] for n in OURS}
            for snr, of in points.items()
        },
    }


def _table(result: dict[str, Any]) -> "Table":
    from rich.table import Table

    title = (
        f"LDPC ({result['coded_bits']}, {result['info_bits']}), at most {result['iterations']} "
        "iterations, information bits"
    )
    shown = Table("Es/N0", "decoder", "Mb/s", "is", "BLER", "95 % interval", title=title)
    for snr, of in result["points"].items():
        for name, point in of.items():
            ratio = result["speedup"][snr].get(name)
            low, high = point["bler_interval"]
            shown.add_row(
                f"{snr} dB" if name == next(iter(of)) else "",
                name,
                f"{point['throughput_bps'] / 1e6:.2f}",
                f"{ratio:.1f}x" if ratio else "",
                f"{point['bler']:.4f}",
                f"{low:.4f}-{high:.4f}",
            )
        shown.add_section()
    return shown


def _decoders(encoder: "LDPC5GEncoder", iterations: int) -> dict[str, Decode]:
    import numpy as np
    import tensorflow as tf
    from sionna.phy.fec.crc import CRCEncoder
    from sionna.phy.fec.ldpc import LDPC5GDecoder

    from linksim.phy.coding.belief_propagation import BoxplusDecoder
    from linksim.phy.coding.min_sum import MinSumDecoder
    from linksim.phy.coding.min_sum_gpu import GraphMinSumDecoder

    crc = CRCEncoder("CRC24A")
    early = MinSumDecoder(encoder, iterations)
    fixed = MinSumDecoder(encoder, iterations, stop_early=False)
    graph = GraphMinSumDecoder(encoder, crc, iterations)
    boxplus = BoxplusDecoder(encoder, crc, iterations)
    ours = (
        lambda x: early(np.asarray(x))[0],
        lambda x: fixed(np.asarray(x))[0],
        lambda x: graph(x)[0],
        lambda x: boxplus(x)[0],
    )
    theirs = (
        tf.function(LDPC5GDecoder(encoder, num_iter=iterations, cn_update=rule), jit_compile=True)
        for rule in ("minsum", "boxplus-phi")
    )
    return dict(zip((*OURS, *THEIRS), (*ours, *theirs), strict=True))


def _received(
    encoder: "LDPC5GEncoder", order: int, snr_db: float, blocks: int, number: int
) -> Batch:
    """Send random blocks over white Gaussian noise."""
    import tensorflow as tf
    from sionna.phy.channel import AWGN
    from sionna.phy.fec.crc import CRCEncoder
    from sionna.phy.mapping import BinarySource, Mapper

    from linksim.link.transceiver import noise_variance
    from linksim.phy.demapping import QamDemapper
    from linksim.seeding import derive_seed, seed_sionna

    seed_sionna(derive_seed("bench decoder", number))
    crc, no = CRCEncoder("CRC24A"), noise_variance(snr_db)
    info = crc(BinarySource()([blocks, encoder.k - crc.crc_length]))
    received = AWGN()(Mapper("qam", order)(encoder(info)), no)
    return info.numpy(), QamDemapper(order)(received, tf.fill(received.shape, no))


def _timed(decode: Decode, received: list[Batch], seconds: float) -> dict[str, Any]:
    import numpy as np

    from linksim.montecarlo import clopper_pearson

    wrong = [(np.asarray(decode(llr)) != info).any(axis=1) for info, llr in received]
    lost, tried = int(np.sum(wrong)), int(np.size(wrong))
    batches = cycle(received)
    times = repeat(lambda: np.asarray(decode(next(batches)[1])), seconds)
    return {
        "throughput_bps": len(times) * received[0][0].size / sum(times),
        "bler": lost / tried,
        "bler_interval": clopper_pearson(lost, tried),
    }


def _measure(args: Namespace, report: Report) -> dict[str, Any]:
    """Time the decoders of the link's own code: 16QAM, rate 1/2, over white Gaussian noise."""
    begin(args)

    from linksim.link.config import LinkConfig

    return bench_decoder(
        LinkConfig(), args.snr, batch=args.batch, seconds=args.seconds, report=report
    )


_add_flags = partial(add_snr, default=TENTH_LOST_DB)
BENCH = Bench("decoder", "time LDPC decoders on the same blocks", _add_flags, _measure, _table)
