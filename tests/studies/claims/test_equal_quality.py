"""Uses at equal quality, on curves that are known."""

import math

import numpy as np
import pytest

from studies.claims.equal_quality import savings, uses_at
from studies.claims.results import Results

TRIALS = tuple(("talk", n) for n in range(6))


def made(quality: dict[str, float], uses: dict[str, float], spread: float = 0.0) -> Results:
    """Return results at 10 dB; all schemes of a trial share its noise."""
    noise = spread * np.linspace(-1.0, 1.0, len(TRIALS))
    values = {
        (scheme, 10.0, "ms_ssim"): dict(zip(TRIALS, mean + noise, strict=True))
        for scheme, mean in quality.items()
    }
    values |= {(s, 10.0, "channel_uses"): dict.fromkeys(TRIALS, n) for s, n in uses.items()}
    return Results(tuple(quality), ("ms_ssim",), (10.0,), TRIALS, values)


RIVALS = {"a": (0.2, 100.0), "b": (0.4, 400.0), "c": (0.3, 500.0)}
"""Quality and uses: c costs more than b and is worse."""


def saved(quality: float, uses: float, spread: float = 0.0):
    qualities = {"ours": quality} | {name: q for name, (q, _) in RIVALS.items()}
    spent = {"ours": uses} | {name: n for name, (_, n) in RIVALS.items()}
    (found,) = savings(made(qualities, spent, spread), "ms_ssim", "ours", list(RIVALS))
    return found


def test_the_curve_is_linear_over_the_logarithm_of_uses() -> None:
    qualities, uses = np.array([0.4, 0.2, 0.3]), np.array([400.0, 100.0, 500.0])
    assert uses_at(0.3, qualities, uses) == pytest.approx(200.0)
    assert uses_at(0.2, qualities, uses) == pytest.approx(100.0)
    assert math.isnan(uses_at(0.19, qualities, uses))
    assert math.isnan(uses_at(0.41, qualities, uses))


def test_half_the_uses_at_equal_quality_are_half_saved() -> None:
    found = saved(0.3, 100.0)
    assert (found.uses, found.theirs) == pytest.approx((100.0, 200.0))
    assert found.saving.value == pytest.approx(0.5)
    assert (found.saving.low, found.saving.high) == pytest.approx((0.5, 0.5))
    assert saved(0.3, 300.0).saving.value == pytest.approx(-0.5)


def test_noise_that_all_schemes_share_widens_nothing() -> None:
    assert saved(0.3, 100.0, spread=0.05).saving.high == pytest.approx(0.5)


def test_off_the_curve_there_is_a_note_and_no_number() -> None:
    assert saved(0.1, 50.0).note == "below the rivals' curve"
    assert saved(0.5, 50.0).note == "no rival reaches it"
    assert math.isnan(saved(0.5, 50.0).theirs)


def test_a_scheme_that_has_not_run_says_so() -> None:
    (found,) = savings(made({"a": 0.2}, {"a": 100.0}), "ms_ssim", "ours", ["a"])
    assert "no scheme 'ours'" in found.note
