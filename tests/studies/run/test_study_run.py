"""A sweep's results depend on the study alone: not on order, workers, kills or failures."""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_parts import dies_above_5_db, fails_above_5_db, fake_record, interrupted_above_5_db

from linksim.errors import LinksimError
from studies.cli.main import main
from studies.run.plan import Point
from studies.run.record import COLUMNS
from studies.run.runner import run
from studies.run.store import Store
from studies.spec.load import load

POINTS = 2 * 2 * 3 * 2


@pytest.fixture
def expected(study_file: Path, tmp_path: Path) -> bytes:
    """``results.csv`` of an undisturbed run."""
    run(load(study_file), tmp_path / "expected", work=fake_record)
    return (tmp_path / "expected" / "results.csv").read_bytes()


def test_results_have_every_row(expected: bytes, tmp_path: Path) -> None:
    rows = list(csv.DictReader(expected.decode().splitlines()))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == POINTS * 3
    assert [r["metric"] for r in rows[:3]] == ["pesq", "nrmse", "bler"]
    assert len({r["config_hash"] for r in rows}) == POINTS
    assert len({r["seed"] for r in rows}) == POINTS / 2  # schemes meet the same fading
    undefined = [r for r in rows if r["status"] == "nan: silence"]
    assert undefined
    assert {r["value"] for r in undefined} == {"nan"}
    bler = next(r for r in rows if r["metric"] == "bler")
    assert float(bler["ci_low"]) <= float(bler["value"]) <= float(bler["ci_high"])
    summary = Store(tmp_path / "expected").read_table("summary.csv")
    assert len(summary) == POINTS / 2 * 3
    assert {r["n"] for r in summary if r["metric"] == "bler"} == {"40"}


def test_order_does_not_matter(expected: bytes, study_file: Path, tmp_path: Path) -> None:
    order = list(range(POINTS))
    random.Random(1).shuffle(order)
    run(load(study_file), tmp_path / "out", work=fake_record, order=order)
    assert (tmp_path / "out" / "results.csv").read_bytes() == expected


def test_workers_do_not_matter(expected: bytes, study_file: Path, tmp_path: Path) -> None:
    result = run(load(study_file), tmp_path / "out", work=fake_record, workers=2)
    assert (tmp_path / "out" / "results.csv").read_bytes() == expected
    assert (result.points, result.kept, result.failed) == (POINTS, 0, 0)


def test_study_grows(study_file: Path, tmp_path: Path) -> None:
    run(load(study_file, overrides=["snr_db=[5]"]), tmp_path / "out", work=fake_record)
    result = run(load(study_file), tmp_path / "out", work=fake_record)
    assert result.kept == POINTS / 3
    again = run(load(study_file), tmp_path / "out", work=fake_record)
    assert again.kept == POINTS


def test_other_study_is_refused(study_file: Path, tmp_path: Path) -> None:
    run(load(study_file), tmp_path / "out", work=fake_record)
    other = load(study_file, overrides=["schemes.0.options.quality=3"])
    with pytest.raises(LinksimError, match=r"schemes.0.options.quality is 2 there and 3 here"):
        run(other, tmp_path / "out", work=fake_record)


def test_damaged_points_are_run_again(expected: bytes, study_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(load(study_file), out, work=fake_record)
    first, second, third, *_ = sorted((out / "points").glob("*.json"))
    first.write_text(first.read_text()[:40])
    second.write_text("{}")
    record = json.loads(third.read_text())
    del record["metrics"]
    third.write_text(json.dumps(record))
    (out / "points" / ".partial-1-x.json").write_text("{")
    result = run(load(study_file), out, work=fake_record)
    assert result.kept == POINTS - 3
    assert (out / "results.csv").read_bytes() == expected
    assert not list(out.rglob(".partial*"))


@pytest.mark.parametrize("workers", [1, 2])
def test_failures_are_recorded_and_tried_again(
    workers: int, expected: bytes, study_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    result = run(load(study_file), out, work=fails_above_5_db, workers=workers)
    assert result.failed == POINTS / 3
    rows = Store(out).read_table("results.csv")
    failed = [r for r in rows if r["status"] == "failed: ValueError: first line second line"]
    assert len(failed) == POINTS
    assert {r["value"] for r in failed} == {"nan"}
    (out / "repaired").touch()
    assert run(load(study_file), out, work=fails_above_5_db).failed == 0
    assert (out / "results.csv").read_bytes() == expected


def test_a_dead_worker_fails_its_point_only(study_file: Path, tmp_path: Path) -> None:
    study = load(study_file, overrides=["trials=1", "channels=[awgn]"])
    result = run(study, tmp_path / "out", work=dies_above_5_db, workers=2)
    assert (result.points, result.failed) == (6, 2)


def test_interrupt_keeps_what_is_done(study_file: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(load(study_file), tmp_path / "out", work=interrupted_above_5_db)
    assert len(list((tmp_path / "out" / "points").glob("*.json"))) == 4
    assert len(Store(tmp_path / "out").read_table("results.csv")) == 12


def test_a_folder_has_one_run(study_file: Path, tmp_path: Path) -> None:
    study, out = load(study_file), tmp_path / "out"

    def run_again(point: Point, folder: Path) -> dict[str, Any]:
        with pytest.raises(LinksimError, match="another run is writing here"):
            run(study, out, work=fake_record)
        return fake_record(point, folder)

    assert run(study, out, work=run_again).failed == 0


def test_files_of_others_are_left_alone(study_file: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "out" / "download" / ".partial-1-film.mp4"
    theirs.parent.mkdir(parents=True)
    theirs.touch()
    run(load(study_file), tmp_path / "out", work=fake_record)
    assert theirs.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"linksim": 1, "study": 2, "clips": 3}'])
def test_damaged_identity(
    content: str, study_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    run(load(study_file), out, work=fake_record)
    (out / "study.json").write_text(content)
    capsys.readouterr()
    for command in (["status"], ["plot"], ["report"], ["run", str(study_file), "--out"]):
        assert main(["study", *command, str(out)]) == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        assert "study.json" in err or "holds another study" in err
    (out / "study.json").unlink()
    assert run(load(study_file), out, work=fake_record).kept == POINTS


@pytest.mark.parametrize("keep", [0, 5, 300])
def test_damaged_table(
    keep: int, study_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    run(load(study_file), out, work=fake_record)
    table = out / "summary.csv"
    table.write_bytes(table.read_bytes()[:keep])
    assert main(["study", "plot", str(out)]) == 2
    err = capsys.readouterr().err
    assert "summary.csv: is damaged: " in err
    assert err.endswith("; run the study again, which keeps its points\n")


def test_unwritable_folder(study_file: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LinksimError, match="Not a directory"):
        run(load(study_file), tmp_path / "file" / "out", work=fake_record)


def test_full_disk(
    expected: bytes, study_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> None:
        if target.name.startswith("interleaved"):
            raise OSError(28, "No space left on device", str(target))
        rename(source, target)

    rename = os.replace
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(LinksimError, match="No space left on device; all finished"):
            run(load(study_file), tmp_path / "out", work=fake_record)
    assert run(load(study_file), tmp_path / "out", work=fake_record).kept == POINTS / 4
    assert (tmp_path / "out" / "results.csv").read_bytes() == expected


KILLED = """
import sys, time
from pathlib import Path
from fake_parts import fake_record
from studies.run.runner import run
from studies.spec.load import load

def slow(point, folder):
    time.sleep(0.05)
    return fake_record(point, folder)

if __name__ == "__main__":
    run(load(sys.argv[1]), Path(sys.argv[2]), work=slow)
"""


def test_killed_three_times(expected: bytes, study_file: Path, tmp_path: Path) -> None:
    script, out = tmp_path / "killed.py", tmp_path / "out"
    script.write_text(KILLED)
    command = [sys.executable, str(script), str(study_file), str(out)]
    for kept in (3, 8, 14):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        _wait_for(lambda kept=kept: len(list((out / "points").glob("*.json"))) >= kept)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    subprocess.run(command, check=True, capture_output=True)
    assert (out / "results.csv").read_bytes() == expected


def _wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
