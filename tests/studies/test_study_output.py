"""Figures and the report: there, complete, and in need of no network."""

import re
from pathlib import Path

import pytest
from fake_parts import fake_record

from studies.cli import main
from studies.runner import run
from studies.schema import load


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
