"""FID and KID are never shown without the number of frames that they are of."""

from pathlib import Path
from typing import Any

import pytest
from fake_parts import fake_record

from studies.run.frames import frames
from studies.run.plan import Point
from studies.run.runner import run
from studies.run.store import Store
from studies.spec.load import load
from studies.tables.table import markdown


def some_shorter(point: Point, folder: Path) -> dict[str, Any]:
    """Score two frames at the second trial."""
    record = fake_record(point, folder)
    for entry in record["metrics"].values():
        entry["n"] = 2 if point.trial else entry["n"]
    return record


@pytest.mark.parametrize(("work", "count"), [(fake_record, "3"), (some_shorter, "2 to 3")])
def test_frames_are_counted(study_file: Path, tmp_path: Path, work: Any, count: str) -> None:
    run(load(study_file, overrides=["metrics=[fid, psnr]"]), tmp_path / "out", work=work)
    store = Store(tmp_path / "out")
    assert frames(store, "fid", "speech") == f"{count} frames"
    assert [frames(store, m, "speech") for m in ("psnr", "bler")] == ["", ""]
    assert frames(store, "fid", "music") == ""


def test_the_count_stands_in_figures_and_tables(
    study_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import studies.figures.draw as figures

    headings, draw = {}, figures.draw

    def spy(panel: Any) -> Any:
        headings[panel.figure.metric] = panel.heading
        return draw(panel)

    monkeypatch.setattr(figures, "draw", spy)
    out = tmp_path / "out"
    run(load(study_file, overrides=["metrics=[kid, psnr]"]), out, work=fake_record)
    figures.draw_all(out)
    assert headings == {"kid": "3 frames", "psnr": "", "bler": ""}
    assert "\n\nKID of 3 frames, mean over" in markdown(out)
    assert "\n\nPSNR (dB), mean over" in markdown(out, metric="psnr")
