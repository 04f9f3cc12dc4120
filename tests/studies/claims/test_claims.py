"""Checks against made-up results whose verdicts are known, and the paper's claims as they are."""

import csv
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_parts import fake_record
from scipy import stats

from linksim.errors import LinksimError
from studies.claims.bound import Bound
from studies.claims.check import Check
from studies.claims.cliff import Cliff
from studies.claims.closeness import Closeness
from studies.claims.crossover import Crossover, crossings
from studies.claims.estimate import contrast, mean
from studies.claims.judge import claims_section, judge, judge_folder, write
from studies.claims.layers import Layers
from studies.claims.load import load as load_claims
from studies.claims.monotone import Monotone
from studies.claims.ordering import Ordering
from studies.claims.reduction import Reduction
from studies.claims.results import MissingError, Results, read
from studies.claims.timing import Timing
from studies.claims.verdict import Verdict
from studies.cli.main import main
from studies.run.plan import Point
from studies.run.runner import run
from studies.spec.load import load, study_names

TRIALS = tuple(("talk", trial) for trial in range(4))
NOISE = np.array([0.3, -0.1, 0.2, -0.4])
"""What the fading of each trial adds, alike for all schemes; its mean is 0."""

SNR = (0.0, 5.0, 10.0, 15.0)
Curve = tuple[float, ...]


def made(curves: Mapping[str, Curve], metric: str = "psnr", **others: Any) -> Results:
    """Return results with the given means at `SNR`; trials differ by `NOISE`."""
    values = {
        (scheme, snr, metric): dict(zip(TRIALS, m + NOISE, strict=True))
        for scheme, means in curves.items()
        for snr, m in zip(SNR, means, strict=True)
    }
    settings = {"metrics": (metric,), "snr_db": SNR, "trials": TRIALS} | others
    return Results(schemes=tuple(curves), values=values, **settings)


def spread(results: Results, scheme: str, snr_db: float, metric: str = "psnr") -> Results:
    """Add noise of a scheme's own at one SNR, so that nothing is certain there."""
    for trial, extra in zip(TRIALS, (9.0, -9.0, 9.0, -9.0), strict=True):
        results.values[scheme, snr_db, metric][trial] += extra
    return results


AB = {"better": "A", "worse": "B"}


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
            assert (verdict.word, more.word) == ("reproduced", "not reproduced")


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


def test_the_papers_claims_fit_the_paper_study() -> None:
    claims, study = load_claims(), load("paper")
    labels = {scheme.label for scheme in study.schemes} | {"Txt2Vid"}
    costs = {"paper_units", "paper_units.audio", "paper_units.video", "channel_uses"}
    assert len(claims) >= 15
    for claim in claims:
        assert set(claim.check.schemes()) <= labels, claim.id
        assert set(claim.check.quantities()) <= {*study.metrics, *costs}, claim.id
        low, high = claim.check.snr_db
        assert [snr for snr in study.snr_db if low <= snr <= high], claim.id
    assert {c.check.kind for c in claims} >= {"ordering", "closeness", "crossover", "reduction"}
    assert "claims" not in study_names()


@pytest.mark.parametrize("name", [n for n in study_names() if n.startswith("ablation")])
def test_ablations_can_be_run_and_belong_to_a_claim(name: str) -> None:
    study = load(name)
    assert study.name == name
    assert name in {claim.ablation for claim in load_claims()}


GOOD = """\
claims:
  - id: one
    place: Fig. 1
    claim: A is better than B.
    check: {kind: ordering, metric: psnr, better: "plain, 16QAM", worse: interleaved}
  - id: two
    place: Fig. 2
    claim: It rises.
    check: {kind: monotone, metric: nrmse, scheme: interleaved}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("claims:", "claim:", "claims.yaml"),
        ("id: two", "id: one", "claims.yaml:6: claims.1.id: 'one' is given twice"),
        ("kind: ordering", "kind: orderly", "claims.yaml:5"),
        ("metric: psnr", "metric: psrn", "unknown quantity 'psrn'; did you mean 'psnr'"),
        ("worse:", "worst:", "claims.yaml:5"),
        ("    claim: It rises.\n", "", "claims.yaml:6"),
        ("rises.", "rises.\n    ablation: quik", "unknown study 'quik'; did you mean 'quick'"),
        ("scheme: interleaved", "scheme: interleaved, snr_db: [9, 1]", "9 to 1 dB is reversed"),
        ("scheme: interleaved", "scheme: interleaved, snr_db: [9]", "claims.yaml:9"),
        (
            "{kind: monotone, metric: nrmse, scheme: interleaved}",
            "{kind: bound, metric: nrmse, scheme: interleaved}",
            "a bound needs 'at_least' or 'at_most'",
        ),
    ],
)
def test_bad_claims_are_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "claims.yaml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(LinksimError) as error:
        load_claims(path)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def steady(point: Point, folder: Path) -> dict[str, Any]:
    """Make the first scheme better, and leave out what is not to be there."""
    record = fake_record(point, folder)
    better = point.scheme.label != "interleaved"
    value = 1.0 / (1 + point.snr_db) + (0.0 if better else 0.5) + 0.01 * point.trial
    record["metrics"] = {m: {"value": value, "n": 3, "reason": ""} for m in point.metrics}
    return record


@pytest.fixture
def judged_study(study_file: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A study that has run, and claims about it."""
    text = GOOD.replace("metric: psnr", "metric: nrmse").replace("rises.", "rises <always>.")
    (tmp_path / "claims.yaml").write_text(text)
    run(load(study_file), tmp_path / "out", work=steady)
    return tmp_path / "out", tmp_path / "claims.yaml"


def test_the_command_writes_verdicts(
    judged_study: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, claims = judged_study
    assert main(["study", "claims", str(folder), "--claims", str(claims)]) == 0
    assert "1 reproduced, 1 reversed" in capsys.readouterr().out
    with (folder / "claims.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["verdict"] for row in rows] == ["reproduced", "reversed"]
    assert float(rows[0]["value"]) == pytest.approx(-0.5)
    assert json.loads((folder / "claims.json").read_text())[1]["id"] == "two"
    assert main(["study", "claims", str(folder), "--claims", str(claims), "--markdown"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1 reproduced, 1 reversed"
    assert lines[2:4] == [
        "| Place | Claim | Verdict | Number | Why |",
        "| --- | --- | --- | --- | --- |",
    ]
    assert [line.split(" | ")[2] for line in lines[4:]] == ["reproduced", "reversed"]


def test_verdicts_need_no_finished_study(judged_study: tuple[Path, Path]) -> None:
    folder, claims = judged_study
    next(iter((folder / "points").glob("interleaved_rayleigh_5dB*"))).unlink()
    judged = judge_folder(folder, claims)
    assert {verdict.word for _, verdict in judged} == {"not checked"}
    assert "of interleaved at 5 dB are missing" in judged[0][1].why
    line = json.loads(write(folder, judged)[1].read_text())[0]
    assert (line["value"], line["n"]) == (None, 0)
    (folder / "bench_call.json").write_text("[]")
    with pytest.raises(LinksimError, match="not what 'linksim bench call --json' writes"):
        read(folder)


def test_the_section_is_html_of_the_papers_claims(
    judged_study: tuple[Path, Path], write_study: Callable[[str], Path], tmp_path: Path
) -> None:
    title, page = claims_section(judged_study[0])
    assert (title, page) == ("Claims of the paper", "")  # of other schemes
    text = (tmp_path / "small.yaml").read_text().replace("label: interleaved", "label: DVST")
    run(load(write_study(text)), tmp_path / "other", work=steady)
    page = claims_section(tmp_path / "other")[1]
    assert page.count("<tr>") == 1 + len(load_claims())
    assert "the study has no scheme &#x27;Wav2Vid&#x27;" in page


def test_bad_input_to_the_command(
    judged_study: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = judged_study
    for arguments, message in (
        ([str(tmp_path)], "not a study's folder"),
        ([str(folder), "--claims", str(tmp_path / "none.yaml")], "cannot be read"),
    ):
        assert main(["study", "claims", *arguments]) == 2
        assert message in capsys.readouterr().err


def test_judging_asks_each_claim_once() -> None:
    judged = judge(load_claims(), made({}))
    assert [claim.id for claim, _ in judged] == [claim.id for claim in load_claims()]
    assert all(verdict.why for _, verdict in judged)
