"""Figures and the report: there, complete, and in need of no network."""

import math
import re
from pathlib import Path
from typing import Any

import pytest
from fake_parts import fake_record

from linksim.media import Clip, write
from studies.cli import main
from studies.gallery import telling_snrs
from studies.load import load
from studies.plan import Point
from studies.report import command
from studies.runner import run


@pytest.fixture
def folder(study_file: Path, tmp_path: Path) -> Path:
    """The small study, run."""
    run(load(study_file), tmp_path / "out", work=fake_record)
    return tmp_path / "out"


def test_figures(folder: Path) -> None:
    assert main(["study", "plot", str(folder), "--theory"]) == 0
    drawn = sorted(path.name for path in (folder / "figures").iterdir())
    assert drawn == sorted(f"{m}.{s}" for m in ("pesq", "nrmse", "bler") for s in ("pdf", "png"))
    for path in (folder / "figures").iterdir():
        kind = b"%PDF" if path.suffix == ".pdf" else b"\x89PNG"
        assert path.read_bytes().startswith(kind)
        assert path.stat().st_size > 5000


def test_many_curves_get_a_figure_per_channel(study_file: Path, tmp_path: Path) -> None:
    changes = ["channels=[awgn, rayleigh, 'tdl-a:speed=3']", "figures=[{metric: nrmse}]"]
    run(load(study_file, overrides=changes), tmp_path / "out", work=fake_record)
    assert main(["study", "plot", str(tmp_path / "out")]) == 0
    drawn = sorted(path.name for path in (tmp_path / "out" / "figures").glob("*.png"))
    assert drawn == ["nrmse_awgn.png", "nrmse_rayleigh.png", "nrmse_tdl-a-speed-3.png"]


def test_figures_need_a_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "figures").touch()
    assert main(["study", "plot", str(folder)]) == 2
    assert capsys.readouterr().err == f"linksim: {folder / 'figures'}: File exists\n"


def test_report_shows_pictures_where_curves_bend(
    study_file: Path, tmp_path: Path, small_clip: Clip
) -> None:
    def with_media(point: Point, folder: Path) -> dict[str, Any]:
        write(small_clip, folder / "media" / f"{point.id}.mp4")
        return fake_record(point, folder)

    run(load(study_file), tmp_path / "out", work=with_media)
    for path in (tmp_path / "out" / "media").glob("*awgn_10dB*.mp4"):
        path.write_bytes(b"damaged")
    assert main(["study", "report", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.count('poster="data:image/jpeg;base64,') == page.count("<video") - 2
    assert "<strong>5 dB</strong>" in page


@pytest.mark.parametrize(
    ("values", "chosen"),
    [
        ([1, 1, 1, 9, 9, 9], {6, 9}),
        ([1, 2, 5, 8, 9, 9], {3, 6, 9}),
        ([9, 9, 6, 5, 4, 1], {3, 9, 15}),
        ([math.nan, 1, 5, 9, math.nan, math.nan], {3, 6, 9}),
        ([math.nan] * 6, {0, 15}),
        ([2, 2, 2, 2, 2, 2], {0}),
    ],
)
def test_telling_snrs(values: list[float], chosen: set[float]) -> None:
    assert telling_snrs(dict(zip(range(0, 18, 3), values, strict=True))) == chosen


def test_command_names_what_was_changed() -> None:
    assert command(load("quick")) == "linksim study run quick --out DIR"
    changed = load("quick", overrides=["trials=9", "channels=[awgn]"])
    assert command(changed) == (
        "linksim study run quick --set 'channels=[\"awgn\"]' --set trials=9 --out DIR"
    )
    assert load("quick", overrides=['channels=["awgn"]', "trials=9"]) == changed
    other = changed.model_copy(update={"name": "mine"})
    assert command(other) == "linksim study run study.yaml --out DIR"


def test_report_is_self_contained(folder: Path) -> None:
    assert main(["study", "report", str(folder)]) == 0
    page = (folder / "report.html").read_text()
    assert "A small &lt;study&gt;" in page
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", page)
    assert not re.search(r"@import|url\(", page)
    assert "<!-- " not in page
    assert page.count("data:image/png;base64,") == 3
    assert "linksim study run" in page
    assert "plain, 16QAM" in page
