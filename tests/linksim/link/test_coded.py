"""Coded block error rates against Sionna's own chain, its published tables and theory."""

import json
from importlib.resources import files

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from sionna.phy.channel import AWGN
from sionna.phy.fec.crc import CRCEncoder
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder
from sionna.phy.mapping import BinarySource, Demapper, Mapper

from linksim.link import theory
from linksim.link.bit_link import BitLink
from linksim.link.config import LinkConfig
from linksim.link.transceiver import OfdmTransceiver, noise_variance
from linksim.montecarlo import Tally
from linksim.phy.coding.belief_propagation import BoxplusDecoder, boxplus
from linksim.phy.coding.graph_decoder import crc_parity_matrix
from linksim.phy.modulations import MODULATIONS
from linksim.seeding import derive_seed, seed_sionna


def _bler(link: BitLink, snr_db: float, frames: int, batches: int) -> Tally:
    return sum(
        (link.measure(snr_db, derive_seed("test", snr_db, b), frames).blocks
         for b in range(batches)),
        Tally(),
    )  # fmt: skip


def _same_rate(a: tuple[int, int], b: tuple[int, int]) -> bool:
    """Fisher's exact test at 1 %: can (errors, trials) of both come from one rate?"""
    table = [[errors, trials - errors] for errors, trials in (a, b)]
    return stats.fisher_exact(table).pvalue > 0.01


@pytest.mark.parametrize(
    ("modulation", "rate", "snr_db"),
    [("qpsk", 0.3, -1.9), ("16qam", 0.5, 6.2), ("64qam", 0.75, 14.6)],
)
def test_awgn_bler_equals_a_chain_of_sionna_blocks(
    modulation: str, rate: float, snr_db: float
) -> None:
    """Without grid, pilots, scrambling, early stopping or our arithmetic."""
    config = LinkConfig(
        channel="awgn",
        estimator="perfect",
        modulation=modulation,
        code_rate=rate,
        subcarriers=24,
        decoder="boxplus",
    )
    link = BitLink(config, OfdmTransceiver(config))
    ours = _bler(link, snr_db, 512, 2)

    order, k, n = MODULATIONS[modulation].bits, link.block.info_bits, link.block.coded_bits
    encode = LDPC5GEncoder(k, n, num_bits_per_symbol=order)
    decode, source, awgn = LDPC5GDecoder(encode, num_iter=20), BinarySource(), AWGN()
    mapper, demapper = Mapper("qam", order), Demapper("app", "qam", order)

    @tf.function(jit_compile=True)
    def block_errors(no: tf.Tensor) -> tf.Tensor:
        bits = source([512, k])
        decided = decode(demapper(awgn(mapper(encode(bits)), no), no))
        return tf.reduce_sum(tf.reduce_max(tf.abs(bits - decided), axis=1))

    seed_sionna(7)
    theirs = sum(int(block_errors(noise_variance(snr_db))) for _ in range(2))
    assert 0.02 < ours.rate < 0.98
    assert _same_rate((ours.errors, ours.trials), (theirs, 1024))


@pytest.mark.parametrize(
    ("mcs", "modulation", "rate", "info_bits", "slots"),
    [
        (6, "qpsk", 449 / 1024, 1000, 2),
        (13, "16qam", 490 / 1024, 1000, 1),
        (21, "64qam", 616 / 1024, 1000, 1),
    ],
)
def test_awgn_bler_equals_sionnas_published_tables(
    mcs: int, modulation: str, rate: float, info_bits: int, slots: int
) -> None:
    """PDSCH table 1, at its own grid points with 0.01 < BLER < 0.9."""
    path = files("sionna.sys") / "bler_tables" / "PDSCH_table1.json"
    entry = json.loads(path.read_text())["category"]["1"]["index"]["1"]["MCS"][str(mcs)]
    order = MODULATIONS[modulation].bits
    coded = int(np.ceil(info_bits / rate / order)) * order
    config = LinkConfig(
        channel="awgn",
        estimator="perfect",
        modulation=modulation,
        code_rate=(info_bits + 0.5) / coded,
        block_length=coded,
        interleave_slots=slots,
        decoder="boxplus",
    )
    link = BitLink(config, OfdmTransceiver(config))
    assert link.block.info_bits == info_bits
    points = zip(entry["SNR_db"], entry["CBS"][str(info_bits)]["BLER"], strict=True)
    tested = [(snr_db, bler) for snr_db, bler in points if 0.01 < bler < 0.9]
    assert tested
    for snr_db, bler in tested:
        # The tables were simulated in batches of 100 blocks up to 500 errors or 3000 blocks.
        trials = min(3000, int(np.ceil(500 / bler / 100)) * 100)
        ours = _bler(link, snr_db, 512, 8)
        assert _same_rate((ours.errors, ours.trials), (round(bler * trials), trials)), snr_db


def test_flat_rayleigh_bler_is_the_awgn_bler_averaged_over_fading() -> None:
    """And the Gaussian outage probability bounds it from below."""
    small = {"estimator": "perfect", "subcarriers": 24}
    awgn = LinkConfig(channel="awgn", **small)
    link = BitLink(awgn, OfdmTransceiver(awgn))
    gains_db = np.arange(4.0, 9.01, 0.25)
    curve = np.array([_bler(link, g, 512, 1).rate for g in gains_db])
    assert curve[0] == 1.0
    assert curve[-1] == 0.0

    fading = LinkConfig(channel="rayleigh", **small)
    faded = BitLink(fading, OfdmTransceiver(fading))
    for mean_db in (8.0, 14.0):
        mean = 10 ** (mean_db / 10)
        gain = np.geomspace(1e-3, 30, 40_000)  # |h|^2
        bler = np.interp(10 * np.log10(gain * mean), gains_db, curve, left=1.0, right=0.0)
        expected = np.trapezoid(bler * np.exp(-gain), gain) + (1 - np.exp(-gain[0]))
        low, high = _bler(faded, mean_db, 512, 6).interval(0.99)
        assert low <= expected <= high
        assert expected > theory.outage_rayleigh(2.0, mean)


def test_early_stopping_decides_as_twenty_full_iterations_do() -> None:
    """On the same noise: stopping may only keep what was right from going wrong."""
    crc = CRCEncoder("CRC24A")
    encode = LDPC5GEncoder(600, 1200)
    full, early = LDPC5GDecoder(encode, num_iter=20), BoxplusDecoder(encode, crc, 20)
    seed_sionna(3)
    bits = crc(BinarySource()([512, 576]))
    no = noise_variance(1.3)
    llr = Demapper("app", "qam", 2)(AWGN()(Mapper("qam", 2)(encode(bits)), no), no)
    expected = tf.function(full, jit_compile=True)(llr).numpy()
    decided, passed = (x.numpy() for x in early(llr))
    right_full = (expected == bits.numpy()).all(axis=1)
    right_early = (decided == bits.numpy()).all(axis=1)
    np.testing.assert_array_equal(passed, right_early)
    assert 0.05 < right_full.mean() < 0.95
    assert np.sum(right_full & ~right_early) <= 2
    assert np.mean(right_early) == pytest.approx(np.mean(right_full), abs=0.02)


def test_boxplus_is_sionnas_and_no_less_precise() -> None:
    from sionna.phy.fec.ldpc.decoding import cn_update_phi

    values = np.random.default_rng(0).normal(scale=6, size=(60, 5))
    for degree in (3, 6, 20):
        single, double = (
            tf.RaggedTensor.from_uniform_row_length(tf.constant(values, dtype), degree)
            for dtype in (tf.float32, tf.float64)
        )
        exact = cn_update_phi(double, 20.0).flat_values.numpy()
        theirs = cn_update_phi(single, 20.0).flat_values.numpy()
        ours = boxplus(tf.reshape(single.flat_values, [-1, degree, 1, 5])).numpy()
        ours = ours.reshape(exact.shape)
        np.testing.assert_allclose(ours, exact, rtol=5e-3, atol=1e-4)
        assert np.abs(ours - exact).max() <= np.abs(theirs - exact).max()


def test_parity_matrix_accepts_what_the_crc_accepts() -> None:
    crc = CRCEncoder("CRC24A")
    good = crc(BinarySource()([20, 100])).numpy()
    matrix = crc_parity_matrix(crc, 124)
    assert not (good @ matrix % 2).any()
    bad = good.copy()
    bad[np.arange(20), np.arange(20) * 6] += 1
    assert (bad @ matrix % 2).any(axis=1).all()
