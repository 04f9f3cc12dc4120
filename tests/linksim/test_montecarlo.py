"""Counts, intervals, stopping and seeds."""

import numpy as np
import pytest
from scipy import stats

from linksim.link.theory import ber_awgn, ber_rayleigh
from linksim.montecarlo import Counts, StopRule, Tally, clopper_pearson, simulate


def test_clopper_pearson_equals_the_binomial_tails() -> None:
    low, high = clopper_pearson(7, 50, 0.95)
    assert stats.binom.sf(6, 50, low) == pytest.approx(0.025)
    assert stats.binom.cdf(7, 50, high) == pytest.approx(0.025)
    assert clopper_pearson(0, 20)[0] == 0.0
    assert clopper_pearson(20, 20)[1] == 1.0
    assert clopper_pearson(0, 0) == (0.0, 1.0)


def test_independent_trials_keep_the_exact_interval() -> None:
    tally = Tally.of(np.array([0, 1, 0, 0, 1]), trials=1)
    assert tally.interval(0.99) == clopper_pearson(2, 5, 0.99)


@pytest.mark.parametrize("p", [0.02, 0.3])
def test_clustered_interval_covers_where_the_naive_one_does_not(p: float) -> None:
    """Trials that all fail or all pass with their cluster: 100 of them tell as much as one."""
    rng = np.random.default_rng(3)
    covered = naive = 0
    for _ in range(400):
        errors = 100 * (rng.random(200) < p) * (rng.random(200) < 0.9)
        tally = Tally.of(errors, trials=100)
        low, high = tally.interval(0.95)
        covered += low <= 0.9 * p <= high
        low, high = clopper_pearson(tally.errors, tally.trials)
        naive += low <= 0.9 * p <= high
    assert covered >= 0.93 * 400
    assert naive < 0.5 * 400


def test_heavy_tailed_fades_are_not_called_certain() -> None:
    """QPSK at 30 dB: one fade in a hundred holds nearly all errors, and may not have come."""
    rng = np.random.default_rng(5)
    snr, bits = 1000.0, 1728
    truth = float(ber_rayleigh("qpsk", snr))
    covered = 0
    for _ in range(300):
        p = ber_awgn("qpsk", snr * rng.exponential(size=256))
        low, high = Tally.of(rng.binomial(bits, p), bits).interval(0.95)
        covered += low <= truth <= high
    assert covered >= 0.94 * 300


def test_no_errors_in_few_fades_is_not_called_certain() -> None:
    tally = Tally.of(np.zeros(10, int), trials=10_000)
    assert tally.interval(0.95)[1] > 0.25


def test_tallies_add_up_whatever_the_batches() -> None:
    errors = np.random.default_rng(0).integers(0, 9, 60)
    halves = Tally.of(errors[:20], 30) + Tally.of(errors[20:], 30)
    assert halves == Tally.of(errors, 30)


def _batch(seed: int) -> Counts:
    errors = np.random.default_rng(seed).integers(0, 2, 100)
    return Counts(bits=Tally.of(errors, 10), blocks=Tally.of(errors, 1))


def test_clusters_of_unequal_size_are_weighed_by_their_trials() -> None:
    """The interval of a ratio: an empty small cluster tells little of large ones that fail."""
    sizes = np.array([1000, 10] * 10)
    errors = np.array([100, 9, 120, 0, 80, 5, 90, 1, 111, 3] * 2)
    tally = Tally.of(errors, sizes)
    residuals = errors - tally.rate * sizes
    variance = 20 / 19 * np.sum(residuals**2) / sizes.sum() ** 2
    expected = tally.rate * (1 - tally.rate) / variance
    assert tally.effective_trials() == pytest.approx(expected)


def test_each_stop_condition_ends_the_point_and_is_named() -> None:
    errors, reason = simulate(_batch, StopRule(120, None, 10**6), True, "s", 1)
    assert reason == "block_errors"
    assert 120 <= errors.blocks.errors < 220
    wide, reason = simulate(_batch, StopRule(None, 0.1, 10**6), True, "s", 1)
    low, high = wide.blocks.interval()
    assert reason == "relative_width"
    assert (high - low) / wide.blocks.rate <= 0.1
    spent, reason = simulate(_batch, StopRule(None, None, 450), True, "s", 1)
    assert (spent.blocks.trials, reason) == (500, "max_blocks")
