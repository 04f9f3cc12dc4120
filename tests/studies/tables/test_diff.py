"""Two result folders against one another."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_parts import fake_record

from linksim.montecarlo import clopper_pearson
from studies.cli.main import main
from studies.run.plan import Point
from studies.run.runner import run
from studies.spec.load import load
from studies.tables.diff import BEYOND, SAME, UNJUDGED, WITHIN, Value, judge


def better_above_5_db(point: Point, folder: Path) -> dict[str, Any]:
    """Lose no block at high SNR, and score higher."""
    record = fake_record(point, folder)
    if point.snr_db > 5 and point.channel == "awgn":
        record["metrics"]["nrmse"]["value"] += 10.0
        record["block_errors"] |= {"errors": 20, "sum_ee": 20, "sum_em": 20, "with_errors": 20}
        record["block_errors"] |= {"with_successes": 0}
    return record


@pytest.fixture
def folders(study_file: Path, tmp_path: Path) -> tuple[str, str, str, str]:
    """The same study twice, with another seed and with another outcome."""
    names = tuple(str(tmp_path / name) for name in "abcd")
    study = load(study_file, overrides=["snr_db=[5, 10]"])
    for name in names[:2]:
        run(study, Path(name), work=fake_record)
    run(study.model_copy(update={"seed": 8}), Path(names[2]), work=fake_record)
    run(study, Path(names[3]), work=better_above_5_db)
    return names


def test_same_folders(folders: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    a, b, *_ = folders
    assert main(["study", "diff", a, b]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out == [
        "the definitions are the same",
        "points: 16 the same, 0 with other values, 0 in the first alone, 0 in the second alone",
        "means and rates: 24 the same, 0 apart within their intervals, 0 apart beyond them, "
        "0 apart and without an interval",
    ]


def test_another_seed_is_apart_within_intervals(
    folders: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    a, _, c, _ = folders
    assert main(["study", "diff", a, c]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"study.seed is 7 in {a} and 8 in {c}\n")
    assert "points: 0 the same, 16 with other values" in out
    assert "0 apart beyond them" in out


def test_another_outcome_is_beyond_them(
    folders: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    a, _, _, d = folders
    assert main(["study", "diff", a, d]) == 1
    out = capsys.readouterr().out
    assert "points: 12 the same, 4 with other values" in out
    beyond = [line for line in out.splitlines() if line.rstrip("│ ").endswith("beyond")]
    assert len([line for line in beyond if "bler" in line]) == 2
    assert all("awgn" in line and " 10 " in line for line in beyond)


def test_points_of_one_side(
    study_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    run(load(study_file, overrides=["snr_db=[0, 5]"]), a, work=fake_record)
    run(load(study_file), b, work=fake_record)
    assert main(["study", "diff", str(a), str(b)]) == 0
    out = capsys.readouterr().out
    assert "study.snr_db is [0.0, 5.0] in" in out
    assert "16 the same, 0 with other values, 0 in the first alone, 8 in the second" in out


def test_a_folder_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "diff", str(tmp_path), str(tmp_path)]) == 2
    assert "not a study's folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("a", "b", "verdict"),
    [
        (Value(0.1, 0.08, 0.12), Value(0.1, 0.08, 0.12), SAME),
        (Value(0.1, 0.08, 0.12), Value(0.12, 0.1, 0.14), WITHIN),
        (Value(0.1, 0.08, 0.12), Value(0.13, 0.11, 0.15), BEYOND),  # 0.030 above 0.028
        (Value(0.0, 0.0, 0.01), Value(0.004, 0.001, 0.02), WITHIN),
        (Value(1.0, math.nan, math.nan), Value(1.1, 1.0, 1.2), UNJUDGED),
        (Value(math.nan, math.nan, math.nan), Value(1.1, 1.0, 1.2), BEYOND),
        (Value(math.nan, math.nan, math.nan), Value(math.nan, math.nan, math.nan), SAME),
    ],
)
def test_verdicts(a: Value, b: Value, verdict: str) -> None:
    for pair in ((a, b), (b, a)):
        assert [p.verdict for p in judge({("x",): pair[0]}, {("x",): pair[1]})] == [verdict]


def test_equal_rates_are_seldom_called_apart() -> None:
    """Of folders with 40 equal rates no more than one in 20 holds one that is called apart."""
    rng = np.random.default_rng(1)
    rates = np.geomspace(1e-3, 0.5, 40)

    def draw() -> dict[tuple[str, ...], Value]:
        errors = rng.binomial(2000, rates)
        return {(str(i),): Value(e / 2000, *clopper_pearson(e, 2000)) for i, e in enumerate(errors)}

    alarms = sum(any(p.verdict == BEYOND for p in judge(draw(), draw())) for _ in range(200))
    assert alarms <= 0.05 * 200
