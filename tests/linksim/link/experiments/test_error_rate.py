"""Error-rate curves: pure functions of link, SNR and seed."""

import numpy as np
import pytest

from linksim.errors import LinksimError
from linksim.link.config import LinkConfig
from linksim.link.experiments.error_rate import error_rates, measure_slots, theory_ber
from linksim.montecarlo import StopRule

STOP = StopRule(block_errors=None, relative_width=None, max_blocks=300)


def _rates(snr_db: object, **options: object) -> list:
    config = LinkConfig(**{"subcarriers": 12, "estimator": "perfect", **options})
    return list(error_rates(config, snr_db, coded=True, stop=STOP, seed=4))


def test_a_point_does_not_depend_on_the_others_or_on_how_its_snr_is_written() -> None:
    curve = _rates([4.0, 10.0])
    for snr_db in ([10], np.array([10])):
        assert repr(_rates(snr_db)[0]) == repr(curve[1])
    assert curve[0].bler > curve[1].bler > 0
    assert (curve[0].blocks, curve[0].stop) == (512, "max_blocks")
    assert curve[1].ci_low < curve[1].bler < curve[1].ci_high


@pytest.mark.parametrize("channel", ["tdl-c", "cdl-c"])
def test_multipath_channels_have_curves_too(channel: str) -> None:
    low, high = _rates([0.0, 25.0], channel=channel, estimator="ls-linear")
    assert low.bler > 0.7 > 0.3 > high.bler


def test_closed_forms_are_given_where_there_are_any() -> None:
    flat = LinkConfig(channel="rayleigh:coherence=re", estimator="perfect")
    assert 0 < theory_ber(flat, 10.0) < 0.5
    assert np.isnan(theory_ber(LinkConfig(channel="tdl-a"), 10.0))
    rician = theory_ber(LinkConfig(channel="rician:k_factor=0"), 10.0)
    assert rician == pytest.approx(theory_ber(LinkConfig(channel="rayleigh"), 10.0))
    one, four = (theory_ber(LinkConfig(channel=f"rayleigh:rx_antennas={n}"), 10.0) for n in (1, 4))
    assert four < one / 10


def test_large_grids_and_antennas_make_small_batches() -> None:
    assert measure_slots(LinkConfig()) == 256
    wide = LinkConfig(subcarriers=3276)
    assert measure_slots(wide) == 2**21 // (3276 * 14)
    many = LinkConfig(channel="cdl-a:rx_antennas=4,tx_antennas=2", subcarriers=3276)
    assert measure_slots(many) == 2**21 // (3276 * 14 * 8)


@pytest.mark.parametrize("coded", [True, False])
def test_links_that_send_again_are_refused(coded: bool) -> None:
    """Each transmission is counted by itself; harq 4 gave the rates of harq 1."""
    rates = error_rates(LinkConfig(harq=4), [10.0], coded=coded, stop=STOP, seed=1)
    with pytest.raises(LinksimError, match="harq 4: each transmission is counted by itself"):
        next(rates)
