"""Outage of blocks over a few slots: closed forms and Monte Carlo."""

import numpy as np
import pytest
from scipy import special

from linksim.link import theory
from linksim.link.outage import outage


def _drawn(rate: float, snr: float, slots: int, branches: int, symbols: int | None) -> float:
    rng = np.random.default_rng(1)
    snrs = snr * rng.gamma(branches, size=(400_000, slots))
    told = np.log2(1 + snrs).mean(axis=1)
    if symbols is None:
        return float(np.mean(told < rate))
    dispersion = snrs * (snrs + 2) / (snrs + 1) ** 2 / np.log(2) ** 2
    spread = np.sqrt(dispersion.sum(axis=1) / symbols) / slots
    return float(special.ndtr((rate - told) / spread).mean())


@pytest.mark.parametrize("branches", [1, 4])
def test_over_one_slot_it_is_the_closed_form(branches: int) -> None:
    snr = np.array([0.5, 3.0, 30.0])
    least = 3.0 / snr  # 2^2 - 1
    terms = sum(least**k / special.factorial(k) for k in range(branches))
    np.testing.assert_allclose(outage(2.0, snr, branches=branches), 1 - np.exp(-least) * terms)
    np.testing.assert_allclose(outage(2.0, snr), theory.outage_rayleigh(2.0, snr))


@pytest.mark.parametrize("symbols", [None, 100, 864])
@pytest.mark.parametrize(("slots", "branches", "snr_db"), [(2, 1, 8.0), (4, 2, 3.0), (16, 1, 6.5)])
def test_over_several_slots_it_is_what_drawing_them_gives(
    slots: int, branches: int, snr_db: float, symbols: int | None
) -> None:
    snr = 10 ** (snr_db / 10)
    expected = _drawn(2.0, snr, slots, branches, symbols)
    assert 1e-3 < expected < 0.9
    found = float(outage(2.0, snr, slots=slots, branches=branches, symbols=symbols))
    assert found == pytest.approx(expected, rel=0.02, abs=4 * np.sqrt(expected / 4e5))


def test_finite_length_costs_and_long_blocks_cost_nothing() -> None:
    snr = 10 ** np.array([0.8, 1.0, 1.2])
    without = outage(2.0, snr, slots=4)
    short, long = (outage(2.0, snr, slots=4, symbols=n) for n in (50, 10**6))
    assert (short > without).all()
    np.testing.assert_allclose(long, without, rtol=0.02)


def test_blocks_over_few_slots_beat_the_ergodic_capacity_in_part() -> None:
    """Half a decibel below the ergodic limit some blocks arrive; over 1024 slots hardly any."""
    snr = 10 ** (theory.ergodic_limit_db(2.0) / 10 - 0.05)
    assert outage(2.0, snr, slots=4) < 0.75
    assert outage(2.0, snr, slots=1024) > 0.97
