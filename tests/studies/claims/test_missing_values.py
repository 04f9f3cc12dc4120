"""Checks where results lack a value, a trial or a scheme; and intervals of what is there."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from made_up import AB, SNR, TRIALS, made
from scipy import stats

from studies.claims.bound import Bound
from studies.claims.check import Check
from studies.claims.cliff import Cliff
from studies.claims.closeness import Closeness
from studies.claims.crossover import Crossover
from studies.claims.estimate import contrast, mean
from studies.claims.monotone import Monotone
from studies.claims.ordering import Ordering
from studies.claims.reduction import Reduction
from studies.claims.results import MissingError, Results

CHECKS: list[Check] = [
    Ordering(kind="ordering", metric="psnr", **AB),
    Closeness(kind="closeness", metric="psnr", first="A", second="B", tolerance=1.0),
    Crossover(kind="crossover", metric="psnr", low="A", high="B", at_db=8, tolerance_db=1.0),
    Reduction(kind="reduction", scheme="A", against="B", quantity="psnr", percent=1.0),
    Monotone(kind="monotone", metric="psnr", scheme="A"),
    Cliff(kind="cliff", metric="psnr", scheme="A", gentle="B"),
    Bound(kind="bound", metric="psnr", scheme="A", at_least=0.0),
]
"""One of each kind that reads values of trials."""


def _lacks_a_point(results: Results) -> Results:
    del results.values["A", 5.0, "psnr"][TRIALS[1]]
    return results


def _is_nan(results: Results) -> Results:
    results.values["A", 5.0, "psnr"].update(dict.fromkeys(TRIALS, math.nan))
    results.reasons["A", 5.0, "psnr"] = "no face"
    return results


def _has_one_trial(results: Results) -> Results:
    results.values["A", 5.0, "psnr"].update(dict.fromkeys(TRIALS[1:], math.nan))
    return results


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.kind)
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_lacks_a_point, "1 of 4 points of A at 5 dB are missing"),
        (_is_nan, "psnr of A at 5 dB: no face"),
        (_has_one_trial, "an interval needs two trials, not 1"),
    ],
)
def test_what_is_not_there_is_not_checked(
    check: Check, spoil: Callable[[Results], Results], message: str
) -> None:
    results = spoil(made({"A": (1, 2, 3, 4), "B": (1, 2, 3, 4)}, reasons={}))
    with pytest.raises(MissingError, match=message):
        check.verdict(results)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.kind)
def test_a_trial_without_a_value_is_left_out(check: Check) -> None:
    results = made({"A": (5, 4, 3, 2), "B": (1, 2, 3.5, 5)})
    results.values["A", 5.0, "psnr"][TRIALS[0]] = math.nan
    verdict = check.verdict(results)
    assert verdict.word != "not checked"
    assert math.isfinite(verdict.estimate.low)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metric": "ms_ssim"}, "does not measure ms_ssim"),
        ({"better": "C"}, "no scheme 'C'"),
        ({"snr_db": [16.0, 20.0]}, "no SNR from 16 to 20 dB"),
    ],
)
def test_what_a_study_does_not_have_is_not_checked(change: dict[str, Any], message: str) -> None:
    check = Ordering(kind="ordering", **({"metric": "psnr"} | AB | change))
    with pytest.raises(MissingError, match=message):
        check.verdict(made({"A": (1, 2, 3, 4), "B": (1, 2, 3, 4)}))


def test_a_stand_in_is_taken_where_weights_are_missing() -> None:
    results = made({"A": (5, 5, 5, 5)}, "fid_proxy", metrics=("fid", "fid_proxy"))
    for snr in SNR:
        results.values["A", snr, "fid"] = dict.fromkeys(TRIALS, math.nan)
    verdict = Bound(kind="bound", metric="fid", scheme="A", at_most=6.0).verdict(results)
    assert verdict.unit == "FID-proxy (nsfwjs InceptionV3)"
    assert verdict.word == "reproduced"


def test_contrast_is_the_interval_of_welch() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.normal(0, 1, 5), rng.normal(1, 3, 8)
    known = stats.ttest_ind(b, a, equal_var=False).confidence_interval()
    ours = contrast([a, b], [-1.0, 1.0])
    assert (ours.low, ours.high) == pytest.approx((known.low, known.high))
    assert ours.n == 13
    one = stats.t.interval(0.95, 4, a.mean(), stats.sem(a))
    assert (mean([a]).low, mean([a]).high) == pytest.approx(one)
    same = mean([np.full(3, 2.0)])
    assert (same.low, same.value, same.high) == (2.0, 2.0, 2.0)
