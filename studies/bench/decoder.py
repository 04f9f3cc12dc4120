"""Speed of the LDPC decoders, on the same received blocks in the same run."""

import time
from collections.abc import Callable
from itertools import cycle
from typing import Any

import numpy as np
import tensorflow as tf
from rich.table import Table
from sionna.phy.channel import AWGN
from sionna.phy.fec.crc import CRCEncoder
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder
from sionna.phy.mapping import BinarySource, Mapper

from linksim.link.config import LinkConfig
from linksim.link.transceiver import noise_variance
from linksim.montecarlo import clopper_pearson
from linksim.phy.coding.belief_propagation import BoxplusDecoder
from linksim.phy.coding.min_sum import MinSumDecoder
from linksim.phy.coding.min_sum_gpu import GraphMinSumDecoder
from linksim.phy.demapping import QamDemapper
from linksim.phy.modulations import MODULATIONS
from linksim.seeding import derive_seed, seed_sionna

OURS = ("min-sum", "min-sum, all iterations", "min-sum, graph", "boxplus, early stop")
BATCHES = 4
"""Batches of different blocks, taken in turn."""

THEIRS = ("Sionna min-sum, XLA", "Sionna boxplus, XLA")


def bench_decoder(
    config: LinkConfig,
    snr_db: list[float],
    *,
    batch: int,
    seconds: float,
    report: Callable[[str], object] = print,
) -> dict[str, Any]:
    """Decode blocks that crossed white Gaussian noise.

    Parameters
    ----------
    config : LinkConfig
        Its modulation, code rate, block and most iterations are used, not its channel.
    snr_db : list of float
        Es/N0 in dB of each measurement.
    batch : int
        Blocks of a batch.
    seconds : float
        How long each is timed at least, whole batches, after one to warm up.
    report : callable
        Is told what goes on.

    Returns
    -------
    dict
        ``points``: for each Es/N0 and decoder, ``throughput_bps`` of information bits, ``bler``
        and its 95 % interval; ``speedup``: likewise, of `OURS` over ``Sionna min-sum, XLA``.
    """
    block = config.code_block()
    order = MODULATIONS[config.modulation].bits
    encoder = LDPC5GEncoder(block.info_bits, block.coded_bits, num_bits_per_symbol=order)
    decoders = _decoders(encoder, config.decoder_iterations)
    points = {}
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


def table(result: dict[str, Any]) -> Table:
    """Lay the figures out."""
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


Decode = Callable[[tf.Tensor], Any]
"""From logits, [blocks, n], to hard decisions, [blocks, k]."""


def _decoders(encoder: LDPC5GEncoder, iterations: int) -> dict[str, Decode]:
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
    encoder: LDPC5GEncoder, order: int, snr_db: float, blocks: int, number: int
) -> tuple[np.ndarray, tf.Tensor]:
    """Return information bits and the logits of what came of them."""
    seed_sionna(derive_seed("bench decoder", number))
    crc, no = CRCEncoder("CRC24A"), noise_variance(snr_db)
    info = crc(BinarySource()([blocks, encoder.k - crc.crc_length]))
    received = AWGN()(Mapper("qam", order)(encoder(info)), no)
    return info.numpy(), QamDemapper(order)(received, tf.fill(received.shape, no))


def _timed(
    decode: Decode, received: list[tuple[np.ndarray, tf.Tensor]], seconds: float
) -> dict[str, Any]:
    lost = sum(_lost(decode(llr), info) for info, llr in received)
    tried = sum(len(info) for info, _ in received)
    spent, bits = 0.0, 0
    for info, llr in cycle(received):
        began = time.perf_counter()
        np.asarray(decode(llr))
        spent, bits = spent + time.perf_counter() - began, bits + info.size
        if spent >= seconds:
            break
    return {
        "throughput_bps": bits / spent,
        "bler": lost / tried,
        "bler_interval": clopper_pearson(lost, tried),
    }


def _lost(decided: Any, info: np.ndarray) -> int:
    return int((np.asarray(decided) != info).any(axis=1).sum())
