"""Effective SINR: Sionna's exponential mapping, and what noisy pilots tell of it."""

import numpy as np
import pytest
import sionna.sys
import tensorflow as tf

from linksim.endpoint import Csi
from linksim.link.bit_link import BitLink
from linksim.link.config import LinkConfig
from linksim.link.cqi import needed_snr, select_mcs
from linksim.link.feedback import CsiFeedback
from linksim.link.transceiver import OfdmTransceiver, noise_variance
from linksim.link.transmission import CSI_SLOTS, Link
from linksim.phy.coding.mcs import MCS_TABLES
from linksim.phy.effective_sinr import EffectiveSinr, beta_of


@pytest.mark.parametrize("table", [1, 2])
def test_each_mcs_is_mapped_as_sionna_maps_it(table: int) -> None:
    sinr = np.random.default_rng(0).exponential(8.0, (20, 60)).astype(np.float32)
    eesm = sionna.sys.EESM()
    for index, mcs in enumerate(MCS_TABLES[table]):
        theirs = eesm(sinr.T[:, np.newaxis, :, np.newaxis], index, mcs_table_index=table)
        np.testing.assert_allclose(EffectiveSinr([mcs], [0.0])(sinr), theirs, rtol=1e-4)


def test_the_fastest_mcs_that_is_borne_counts() -> None:
    schemes = MCS_TABLES[1]
    sinr = np.array([[1e-3, 1e-3], [3.0, 3.0], [3.0, 300.0], [1e4, 1e4]], np.float32)
    effective = EffectiveSinr(schemes, [needed_snr(mcs) for mcs in schemes])(sinr).numpy()
    assert effective[[0, 1, 3]] == pytest.approx([1e-3, 3.0, 1e4], rel=1e-3)
    betas = np.array([beta_of(mcs) for mcs in schemes])
    mapped = -betas * np.log(np.exp(-sinr[2] / betas[:, np.newaxis]).mean(axis=1))
    fastest = np.flatnonzero(mapped >= [needed_snr(mcs) for mcs in schemes]).max()
    assert effective[2] == pytest.approx(mapped[fastest], rel=1e-4)
    assert 0 < fastest < 28


@pytest.mark.parametrize("antennas", [1, 4, 16])
@pytest.mark.parametrize("snr_db", [0.0, 10.0, 25.0])
def test_noise_at_the_pilots_leaves_no_bias(antennas: int, snr_db: float) -> None:
    """Half of the pilots 6 dB weaker than the others, at an SNR of each antenna."""
    rng = np.random.default_rng(1)
    share = np.repeat([1.6, 0.4], 72)
    snr = np.broadcast_to(share * 10 ** (snr_db / 10), (antennas, 144))
    noise = rng.normal(size=(2, 400, antennas, 144)) / np.sqrt(2)
    noisy = (np.abs(np.sqrt(snr) + noise[0] + 1j * noise[1]) ** 2).sum(axis=1)
    schemes = MCS_TABLES[1]
    effective = EffectiveSinr(schemes, [needed_snr(mcs) for mcs in schemes])
    measured = effective.of_pilots(tf.constant(noisy, tf.float32), antennas).numpy()
    exact = float(effective(tf.constant(snr.sum(axis=0)[np.newaxis], tf.float32))[0])
    assert 10 * np.log10(np.median(measured) / exact) == pytest.approx(0.0, abs=0.6)
    assert np.std(10 * np.log10(measured)) < 1.2


@pytest.mark.parametrize(("antennas", "sinr_db"), [(2, 11.0), (4, 8.3)])
def test_schemes_are_told_the_sinr_after_equalisation(antennas: int, sinr_db: float) -> None:
    """At 15 dB; 14.9 and 15.1 dB is what there would be without the other streams.

    The mean SINR is a bound, as some symbols of a block fade. An MCS chosen by the former loses
    nearly all blocks.
    """
    channel = f"rayleigh:rx_antennas={antennas},tx_antennas={antennas}"
    config = LinkConfig(channel=channel, feedback_bits=12)
    link = Link(config)
    csi = np.mean([link.measure_csi(15.0, seed).snr_db for seed in range(3)])
    assert sinr_db - 3.0 < csi < sinr_db + 0.3
    lost = [
        BitLink(config, OfdmTransceiver(config), select_mcs(Csi(snr_db)))
        .measure(15.0, 1, 128)
        .blocks.rate
        for snr_db in (csi, 15.0)
    ]
    assert lost[0] < 0.5
    assert lost[1] > 0.9


def test_both_links_measure_the_same() -> None:
    channel = "rayleigh:rx_antennas=2,tx_antennas=2"
    for options in ({"channel": channel}, {"channel": "tdl-a:delay_spread=1e-6"}):
        config = LinkConfig(
            estimator="perfect", feedback_delay_slots=0, feedback_bits=16, **options
        )
        link, transceiver = Link(config), OfdmTransceiver(config)
        h = transceiver.realisation(3).slots(0, CSI_SLOTS)
        snr = transceiver.measure_snr(h, noise_variance(15.0)).numpy()
        expected = CsiFeedback.of(config).average(10 * np.log10(snr)).snr_db
        assert link.measure_csi(15.0, 3).snr_db == pytest.approx(expected, abs=0.1)


def test_frequency_selectivity_lowers_what_is_told() -> None:
    """Delays of 1 us: mean Es/N0 over subcarriers would be 15 dB in both."""
    told = []
    for channel in ("rayleigh", "tdl-a:delay_spread=1e-6"):
        link = Link(LinkConfig(channel=channel, feedback_bits=12))
        told.append(np.mean([link.measure_csi(15.0, seed).snr_db for seed in range(6)]))
    assert told[0] == pytest.approx(15.0, abs=0.6)
    assert told[1] < 14.0
