"""Results that were edited or damaged: a line that names the file, and the rest is shown."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_parts import fake_record

from linksim.errors import warn_once
from studies.cli.main import main
from studies.run.plan import Point
from studies.run.record import undefined_record
from studies.run.runner import run
from studies.run.store import Store
from studies.spec.load import load

POINTS = 24


@pytest.fixture
def folder(study_file: Path, tmp_path: Path) -> Path:
    """The small study, run."""
    run(load(study_file), tmp_path / "out", work=fake_record)
    warn_once.cache_clear()
    return tmp_path / "out"


def _edit(path: Path, change: Callable[[Any], None]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


NESTED = "[" * 100_000 + "]" * 100_000

RECORDS: dict[str, Any] = {
    "null metric": lambda r: r["metrics"].update(pesq=None),
    "no value": lambda r: r["metrics"]["pesq"].pop("value"),
    "text for a number": lambda r: r["metrics"]["pesq"].update(value="1"),
    "infinite": lambda r: r["metrics"]["pesq"].update(value=1e999),
    "no metrics": lambda r: r.pop("metrics"),
    "no accounting but null": lambda r: r.update(accounting=None),
    "null accounting": lambda r: r["accounting"].update(channel_uses=None),
    "more errors than trials": lambda r: r["block_errors"].update(errors=10**6),
    "a count that is none": lambda r: r["block_errors"].update(trials=True),
    "a count of what is unknown": lambda r: r["block_errors"].update(true=1),
    "huge runs": lambda r: r.update(origins=[["generated", 10**12]]),
    "unknown origin": lambda r: r.update(origins=[["<b>", 1]]),
    "null warnings": lambda r: r.update(warnings=None),
    "no status": lambda r: r.pop("status"),
    "null status": lambda r: r.update(status=None),
    "unknown kind": lambda r: r.update(kind="smell"),
    "another point": lambda r: r.update(snr_db=r["snr_db"] + 1),
    "versions": lambda r: r.update(versions=[1]),
}
TEXTS = {"nothing": "", "cut": '{"id": "x"', "nested": NESTED, "list": "[1]", "not UTF-8": "\udcff"}


@pytest.mark.parametrize("change", [*RECORDS, *TEXTS])
def test_a_record_that_cannot_be_used_counts_as_not_run(
    change: str, folder: Path, study_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = sorted((folder / "points").iterdir())[0]
    if change in TEXTS:
        path.write_bytes(TEXTS[change].encode(errors="surrogateescape"))
    else:
        _edit(path, RECORDS[change])
    capsys.readouterr()
    assert main(["study", "status", str(folder)]) == 0
    said = capsys.readouterr()
    assert f"{POINTS - 1} done, 1 missing" in said.out
    assert said.err.count("\n") == 1
    assert said.err.startswith(f"linksim: warning: {path}: ")
    for command in ("table", "cost", *(["report"] if change == "cut" else [])):
        assert main(["study", command, str(folder)]) == 0
    done = run(load(study_file), folder, work=fake_record)
    assert (done.kept, done.run) == (POINTS - 1, 1)


IDENTITIES: dict[str, Any] = {
    "no clips": lambda i: i.update(clips=[]),
    "unknown kind": lambda i: i["clips"][0].update(kind="smell"),
    "negative length": lambda i: i["clips"][0].update(seconds=-1),
    "null schemes": lambda i: i["study"].update(schemes=None),
    "text for SNRs": lambda i: i["study"].update(snr_db=["x"]),
    "endless": lambda i: i["study"].update(trials=10**9),
    "endless sweep": lambda i: i["study"].update(
        sweep={f"link.{n}": list(range(99)) for n in ("harq", "code_rate", "subcarriers")}
    ),
    "no inputs": lambda i: i.update(inputs=[]),
    "other inputs": lambda i: i.update(inputs={"a": 1}),
    "unknown figure": lambda i: i["study"].update(figures=[{"kind": "../x"}]),
    "unknown metric": lambda i: i["study"].update(metrics=["../x"]),
}


@pytest.mark.parametrize("change", [*IDENTITIES, *TEXTS])
def test_a_damaged_identity_gives_one_line(
    change: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "study.json"
    if change in TEXTS:
        path.write_bytes(TEXTS[change].encode(errors="surrogateescape"))
    else:
        _edit(path, IDENTITIES[change])
    capsys.readouterr()
    reads = "report" if change.startswith("unknown") else "status"
    assert main(["study", reads, str(folder)]) == 2
    err = capsys.readouterr().err.splitlines()[-1]
    assert err.startswith("linksim: ")
    assert any(word in err for word in ("study.json", "unknown", "code that results name"))


@pytest.mark.parametrize("cell", ["", "many", "inf", "1e999", "0x1"])
@pytest.mark.parametrize("column", ["mean", "n", "snr_db", "kind", "uses_per_pixel"])
def test_a_table_that_was_edited_gives_one_line(
    cell: str, column: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "summary.csv"
    head, first, *rest = path.read_text().splitlines()
    cells = first.split(",")
    at = head.split(",").index(column) + len(cells) - len(head.split(","))  # labels have commas
    cells[at] = cell
    path.write_text("\n".join([head, ",".join(cells), *rest]) + "\n")
    capsys.readouterr()
    assert main(["study", "table", str(folder)]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert f"{path}: is damaged: row 0.{column}" in err


def test_a_point_without_a_value_is_kept(study_file: Path, tmp_path: Path) -> None:
    def undefined(point: Point, folder: Path) -> dict[str, Any]:
        return undefined_record(point, "the capacity is too low")

    study, out = load(study_file), tmp_path / "none"
    run(study, out, work=undefined)
    assert run(study, out, work=undefined).kept == POINTS
    assert main(["study", "report", str(out)]) == 0


def test_what_is_written_passes_the_models(folder: Path) -> None:
    store = Store(folder)
    for point in store.planned():
        record = store.load(point)
        assert record is not None
        stored = json.loads((folder / "points" / f"{point.id}.json").read_text())
        assert {name: record[name] for name in stored} == stored
