"""Checks of each kind against made-up results whose verdicts are known."""

import math
from typing import Any

import numpy as np
import pytest
from made_up import AB, SNR, TRIALS, Curve, made, spread

from studies.claims.bound import Bound
from studies.claims.cliff import Cliff
from studies.claims.closeness import Closeness
from studies.claims.crossover import Crossover, crossings
from studies.claims.layers import Layers
from studies.claims.load import load as load_claims
from studies.claims.monotone import Monotone
from studies.claims.ordering import Ordering
from studies.claims.reduction import Reduction
from studies.claims.results import MissingError, Results
from studies.claims.timing import Timing
from studies.claims.verdict import Verdict


@pytest.mark.parametrize(
    ("a", "b", "metric", "word"),
    [
        ((5, 6, 7, 8), (4, 5, 6, 7), "psnr", "reproduced"),
        ((4, 5, 6, 7), (5, 6, 7, 8), "psnr", "reversed"),
        ((4, 5, 6, 7), (5, 6, 7, 8), "fid", "reproduced"),
        ((5, 6, 7, 8), (4, 5, 6, 7), "fid", "reversed"),
        ((5, 6, 7, 8), (5, 6, 7, 8), "psnr", "not reproduced"),  # a tie
        ((9, 9, 9, 1), (4, 5, 6, 7), "psnr", "not reproduced"),  # ahead in all, behind at one
        ((4, 5, 9, 8), (5, 6, 7, 8), "psnr", "not reproduced"),  # as much before as behind
    ],
)
def test_ordering(a: Curve, b: Curve, metric: str, word: str) -> None:
    verdict = Ordering(kind="ordering", metric=metric, **AB).verdict(made({"A": a, "B": b}, metric))
    assert verdict.word == word
    assert verdict.estimate.value == pytest.approx(np.mean(np.subtract(a, b)))


def test_differences_are_those_of_trials() -> None:
    """The fading that both meet is far larger than their difference and cancels."""
    results = made({"A": (5.01,) * 4, "B": (5.0,) * 4})
    verdict = Ordering(kind="ordering", metric="psnr", **AB).verdict(results)
    assert verdict.word == "reproduced"
    assert verdict.estimate.low == pytest.approx(0.01)
    spread(results, "A", 5.0)
    verdict = Ordering(kind="ordering", metric="psnr", **AB).verdict(results)
    assert verdict.word == "not reproduced"
    assert verdict.estimate.low < 0 < verdict.estimate.high


def test_a_range_picks_the_snr_values_within_it() -> None:
    results = made({"A": (1, 1, 9, 9), "B": (5, 5, 5, 5)})
    words = {
        limits: Ordering(kind="ordering", metric="psnr", snr_db=list(limits), **AB)
        .verdict(results)
        .word
        for limits in ((0.0, 7.9), (10.0, 15.0), (10.0, 10.0))
    }
    assert list(words.values()) == ["reversed", "reproduced", "reproduced"]


@pytest.mark.parametrize(
    ("a", "tolerance", "word"),
    [
        ((5.5, 6.5, 7.5, 8.5), 1.0, "reproduced"),
        ((5.5, 6.5, 7.5, 8.5), 0.4, "not reproduced"),
        ((5, 6, 7, 10), 1.0, "not reproduced"),  # close on average, not at 15 dB
        ((5, 6, 7, 8), 0.001, "reproduced"),
    ],
)
def test_closeness(a: Curve, tolerance: float, word: str) -> None:
    check = Closeness(kind="closeness", metric="psnr", first="A", second="B", tolerance=tolerance)
    assert check.verdict(made({"A": a, "B": (5, 6, 7, 8)})).word == word


def test_nothing_is_close_that_is_uncertain() -> None:
    check = Closeness(kind="closeness", metric="psnr", first="A", second="B", tolerance=1.0)
    results = spread(made({"A": (5,) * 4, "B": (5,) * 4}), "A", 0.0)
    assert check.verdict(results).word == "not reproduced"


@pytest.mark.parametrize(
    ("low", "at_db", "word", "found"),
    [
        ((9, 7, 3, 1), 7.5, "reproduced", 7.5),
        ((9, 7, 3, 1), 12.0, "not reproduced", 7.5),
        ((1, 3, 7, 9), 7.5, "reversed", 7.5),
        ((9, 9, 9, 9), 7.5, "not reproduced", math.nan),
        ((9, 1, 9, 1), 7.5, "not reproduced", math.nan),  # they cross three times
        ((5, 5, 5, 5), 7.5, "not reproduced", math.nan),  # never apart
        ((9, 5, 5, 1), 7.5, "reproduced", 7.5),  # one on the other in between
    ],
)
def test_crossover(low: Curve, at_db: float, word: str, found: float) -> None:
    check = Crossover(
        kind="crossover", metric="psnr", low="A", high="B", at_db=at_db, tolerance_db=1.0
    )
    verdict = check.verdict(made({"A": low, "B": (5, 5, 5, 5)}))
    assert verdict.word == word
    assert verdict.estimate.value == pytest.approx(found, nan_ok=True)


def test_the_crossing_of_uncertain_curves_has_an_interval() -> None:
    check = Crossover(
        kind="crossover", metric="psnr", low="A", high="B", at_db=7.5, tolerance_db=1.0
    )
    results = made({"A": (90, 70, 30, 10), "B": (50,) * 4})
    for snr in SNR:
        spread(results, "A", snr)
    estimate = check.verdict(results).estimate
    assert 0.0 < estimate.low < 7.5 < estimate.high < 15.0


def test_crossings() -> None:
    x = np.array([0.0, 1.0, 2.0, 3.0])
    assert crossings(x, np.array([1.0, -1.0, -2.0, 2.0])) == [0.5, 2.5]
    assert crossings(x, np.array([1.0, 0.0, -1.0, -1.0])) == [1.0]
    assert crossings(x, np.array([1.0, 0.0, 1.0, 0.0])) == []


@pytest.mark.parametrize(
    ("ours", "options", "word", "value"),
    [
        (16.25, {"percent": 83.75}, "reproduced", 83.75),
        (10.0, {"percent": 83.75}, "not reproduced", 90.0),
        (10.0, {"percent": 83.75, "at_least": True}, "reproduced", 90.0),
        (40.0, {"percent": 83.75, "at_least": True}, "not reproduced", 60.0),
        (150.0, {"percent": 83.75, "at_least": True}, "reversed", -50.0),
        (101.0, {"percent": 0.0, "tolerance": 5.0}, "reproduced", -1.0),
        (150.0, {"percent": 0.0, "tolerance": 5.0}, "not reproduced", -50.0),
    ],
)
def test_reduction(ours: float, options: dict[str, Any], word: str, value: float) -> None:
    values = {
        (scheme, 10.0, "channel_uses"): dict.fromkeys(TRIALS, uses)
        for scheme, uses in (("A", ours), ("B", 100.0))
    }
    results = Results(("A", "B"), (), (10.0,), TRIALS, values)
    check = Reduction(kind="reduction", scheme="A", against="B", quantity="channel_uses", **options)
    verdict = check.verdict(results)
    assert verdict.word == word
    assert verdict.estimate.value == pytest.approx(value)


@pytest.mark.parametrize(
    ("curve", "direction", "word"),
    [
        ((1, 3, 5, 7), "rises", "reproduced"),
        ((7, 5, 3, 1), "rises", "reversed"),
        ((7, 5, 3, 1), "falls", "reproduced"),
        ((1, 7, 3, 9), "rises", "not reproduced"),  # a step back
        ((5, 5, 5, 5), "rises", "not reproduced"),
    ],
)
def test_monotone(curve: Curve, direction: str, word: str) -> None:
    check = Monotone(kind="monotone", metric="psnr", scheme="A", direction=direction)
    assert check.verdict(made({"A": curve})).word == word


def test_a_step_back_within_the_noise_is_none() -> None:
    check = Monotone(kind="monotone", metric="psnr", scheme="A")
    assert check.verdict(made({"A": (1, 3, 2.9, 7)})).word == "reproduced"


@pytest.mark.parametrize(
    ("steep", "gentle", "word"),
    [
        ((1, 1, 9, 9), (1, 3, 5, 7), "reproduced"),
        ((1, 3, 5, 7), (1, 1, 9, 9), "reversed"),
        ((1, 3, 5, 7), (2, 4, 6, 8), "not reproduced"),
    ],
)
def test_cliff(steep: Curve, gentle: Curve, word: str) -> None:
    check = Cliff(kind="cliff", metric="psnr", scheme="A", gentle="B")
    verdict = check.verdict(made({"A": steep, "B": gentle}))
    assert verdict.word == word
    slopes = (max(np.diff(curve)) / 5 for curve in (steep, gentle))
    assert verdict.estimate.value == pytest.approx(next(slopes) - next(slopes))


@pytest.mark.parametrize(
    ("limits", "word"),
    [
        ({"at_least": 4.0}, "reproduced"),
        ({"at_least": 5.0}, "not reproduced"),  # the mean is there, its interval is not
        ({"at_most": 6.0}, "reproduced"),
        ({"at_least": 4.0, "at_most": 4.5}, "not reproduced"),
    ],
)
def test_bound(limits: dict[str, float], word: str) -> None:
    check = Bound(kind="bound", metric="psnr", scheme="A", **limits)
    assert check.verdict(made({"A": (5, 5, 5, 5)})).word == word


BENCH = {"seconds": 18.0, "systems": {"A": {"generator": [9.0, 9.0], "link": [18.0, 27.0]}}}


def test_timing() -> None:
    results = made({"A": (5,) * 4}, bench=BENCH)

    def verdict(**options: Any) -> Verdict:
        return Timing(kind="timing", **({"scheme": "A", "at_most": 0.6} | options)).verdict(results)

    assert verdict(blocks=["generator"]).word == "reproduced"
    assert verdict(blocks=["generator"]).estimate.value == 0.5
    assert verdict().word == "not reproduced"
    assert verdict().estimate.value == pytest.approx(1.75)
    for options, message in (
        ({"scheme": "B"}, "no system 'B'"),
        ({"blocks": ["gate"]}, "no block 'gate'"),
    ):
        with pytest.raises(MissingError, match=message):
            verdict(**options)
    with pytest.raises(MissingError, match="has not been run"):
        Timing(kind="timing", scheme="A", at_most=1.0).verdict(made({"A": (5,) * 4}))


def test_layers_are_counted() -> None:
    claims = {c.id: c.check for c in load_claims()}
    nothing = made({})
    for check in claims.values():
        if isinstance(check, Layers):
            verdict = check.verdict(nothing)
            more = check.model_copy(update={"count": check.count + 1}).verdict(nothing)
            left_out = check.part in ("feature extractor", "entropy model")
            assert verdict.word == ("not reproduced" if left_out else "structure")
            assert more.word == "not reproduced"
