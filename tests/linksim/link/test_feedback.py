"""CSI feedback: quantised, delayed, lost."""

import numpy as np
import pytest

from linksim.endpoint import BitStream, Encoded
from linksim.link.config import LinkConfig
from linksim.link.feedback import CsiFeedback
from linksim.link.transmission import Link


def _feedback(bits: int = 16, delay: int = 0, loss: float = 0.0) -> CsiFeedback:
    return CsiFeedback(bits=bits, delay_slots=delay, loss=loss)


def test_quantiser_has_its_levels_and_clips() -> None:
    snr_db = np.linspace(-40, 60, 5001)
    levels = _feedback(bits=3).quantise(snr_db)
    assert len(np.unique(levels)) == 8
    assert (levels.min(), levels.max()) == (-10, 30)
    inside = np.abs(snr_db - 10) <= 20
    assert np.abs(levels - snr_db)[inside].max() <= 40 / 7 / 2 + 1e-9


def test_reports_are_late_by_the_delay() -> None:
    snr = 10 ** (np.arange(20) / 10)
    reports = _feedback(delay=4).reports(snr, 1)
    assert np.isnan(reports[:4]).all()
    np.testing.assert_allclose(reports[4:], np.arange(16), atol=1e-3)


def test_a_lost_report_leaves_the_one_before() -> None:
    snr = 10 ** (np.arange(4000) % 30 / 10)
    reports = _feedback(loss=0.25).reports(snr, 1)
    fresh = np.isclose(reports, np.arange(4000) % 30, atol=1e-3)
    assert fresh.mean() == pytest.approx(0.75, abs=0.03)
    stale = np.flatnonzero(~fresh & ~np.isnan(reports))
    stale = stale[stale > 0]
    np.testing.assert_array_equal(reports[stale], reports[stale - 1])
    assert np.isnan(_feedback(loss=1.0).reports(snr, 1)).all()
    np.testing.assert_array_equal(reports, _feedback(loss=0.25).reports(snr, 1))


def test_deep_fades_and_short_transmissions_are_legal() -> None:
    assert _feedback().reports(np.zeros(3), 1).tolist() == [-10, -10, -10]
    assert np.isnan(_feedback(delay=9).reports(np.ones(3), 1)).all()
    assert _feedback().reports(np.zeros(0), 1).size == 0
    assert np.isnan(_feedback().average(np.full(3, np.nan)).snr_db)


@pytest.mark.parametrize("channel", ["rayleigh:coherence=1000", "tdl-a:speed=0"])
def test_csi_is_of_the_fading_of_the_transmission(channel: str) -> None:
    config = LinkConfig(channel=channel, subcarriers=24, feedback_bits=12, feedback_delay_slots=100)
    link, packets = Link(config), Encoded((BitStream("bits", (bytes(500),)),))
    pairs = np.array(
        [(link.measure_csi(15.0, s).snr_db, link.transmit(packets, 15.0, s).csi.snr_db)
         for s in range(12)]
    )  # fmt: skip
    # The delay outlasts so short a transmission, so the reports that it hears are none.
    assert np.isnan(pairs[:, 1]).all()
    longer = Encoded((BitStream("bits", (bytes(20_000),)),))
    after = [link.transmit(longer, 15.0, s).csi.snr_db for s in range(12)]
    np.testing.assert_allclose(pairs[:, 0], after, atol=0.7)
    assert np.std(after) > 1.0


def test_the_transmitter_learns_the_mean_snr_from_pilots() -> None:
    config = LinkConfig(channel="awgn", subcarriers=24, feedback_bits=8)
    csi = Link(config).measure_csi(13.0, 1)
    assert csi.snr_db == pytest.approx(13.0, abs=0.3)
    lost = LinkConfig(channel="awgn", subcarriers=24, feedback_loss=1.0)
    assert np.isnan(Link(lost).measure_csi(13.0, 1).snr_db)


@pytest.mark.parametrize("snr_db", [-10.0, 3.3, 10.0, 15.0, 29.9])
def test_an_average_promises_no_more_than_was_reported(snr_db: float) -> None:
    feedback = _feedback(bits=4)
    step = 40 / 15
    average = feedback.average(np.full(3, snr_db)).snr_db
    assert snr_db - step < average <= snr_db + 1e-5


def test_an_average_on_the_grid_stays_there() -> None:
    feedback = _feedback(bits=4)
    for level in -10 + np.arange(16) * 40 / 15:
        assert feedback.average(np.full(5, level)).snr_db == pytest.approx(level)
