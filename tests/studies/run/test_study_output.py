"""Figures and the report: there, complete, and in need of no network."""

import json
import math
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from fake_parts import fake_record

import studies.report.page
from linksim.media import Clip, write
from studies.cli.main import main
from studies.figures.interactive import curve_data
from studies.report.gallery import choose, telling_snrs
from studies.report.page import command
from studies.run.plan import Point
from studies.run.runner import run
from studies.run.store import Store
from studies.spec.load import load


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


def test_figures_of_before_are_removed_and_others_left(folder: Path) -> None:
    (folder / "figures").mkdir(exist_ok=True)
    for name in ("pesq_rayleigh.png", "pesq_rayleigh.pdf", "mine.png"):
        (folder / "figures" / name).touch()
    assert main(["study", "plot", str(folder)]) == 0
    drawn = sorted(path.stem for path in (folder / "figures").glob("*.png"))
    assert drawn == ["bler", "mine", "nrmse", "pesq"]


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


def test_report_holds_each_clip_once(study_file: Path, tmp_path: Path, small_clip: Clip) -> None:
    write(small_clip, tmp_path / "clip.mp4")  # encoded again, it may be of other bytes

    def with_media(point: Point, folder: Path) -> dict[str, Any]:
        shutil.copyfile(tmp_path / "clip.mp4", folder / "media" / f"{point.id}.mp4")
        return fake_record(point, folder)

    run(load(study_file), tmp_path / "out", work=with_media)
    for path in (tmp_path / "out" / "media").glob("*awgn_10dB*.mp4"):
        path.write_bytes(b"damaged")
    assert main(["study", "report", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.count("<video") == 2  # one is damaged and has no picture
    assert page.count('poster="data:image/jpeg;base64,') == 1
    assert page.count('class="card"') == 1 + 2 * 2 * 3  # the original too
    assert page.count('class="same"') == 2 * 2 * 3 - 2
    assert "<h4>5 dB over rayleigh</h4>" in page


def test_a_page_holds_what_fits_and_the_telling_first(tmp_path: Path) -> None:
    files = {}
    for snr_db, size in ((0, 10), (5, 20), (10, 5), (15, 7)):
        path = tmp_path / f"{snr_db}.mp4"
        path.write_bytes(bytes([snr_db]) * size)
        files["awgn", snr_db] = [path]
    files["awgn", 20] = files["awgn", 15]  # costs no more
    telling = {("awgn", 5), ("awgn", 15)}

    def held(most_bytes: int) -> list[float]:
        return sorted(snr_db for _, snr_db in choose(files, telling, most_bytes))

    assert held(1000) == [0, 5, 10, 15, 20]
    assert held(27) == [5, 15, 20]
    assert held(32) == [5, 10, 15, 20]
    assert held(20) == [5]
    assert held(1) == [5]


def test_other_modules_add_sections(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def claims(where: Path) -> tuple[str, str]:
        return "Claims & more", f"<p>of {where.name}</p>"

    monkeypatch.setattr(studies.report.page, "SECTIONS", (claims, lambda where: ("Left out", "")))
    assert main(["study", "report", str(folder)]) == 0
    page = (folder / "report.html").read_text()
    assert '<h2 id="claims-more">Claims &amp; more</h2><p>of out</p>' in page
    assert '<a href="#claims-more">Claims &amp; more</a>' in page
    assert "Left out" not in page


def test_curves_in_the_page_are_those_of_the_summary(folder: Path) -> None:
    data = json.loads(curve_data(Store(folder), theory=True))
    assert data["snr_db"] == [0, 5, 10]
    assert [p["name"] for p in data["panels"]] == ["pesq", "nrmse", "bler"]
    pesq, nrmse, bler = data["panels"]
    assert [(p["better"], p["log"]) for p in (pesq, nrmse, bler)] == [
        ("higher", False),
        ("lower", False),
        ("lower", True),
    ]
    assert [limit["name"][:6] for limit in bler["limits"]] == ["outage", "outage", "finite"]
    assert "slots" in bler["limits"][1]["name"]
    assert pesq["limits"] == []
    curve = pesq["curves"][0]
    rows = [
        row
        for row in Store(folder).read_table("summary.csv")
        if (row["metric"], row["scheme"], row["channel"])
        == ("pesq", curve["name"], curve["channel"])
    ]
    for key, column in (("x", "snr_db"), ("mean", "mean"), ("low", "ci_low"), ("n", "n")):
        expected = [None if row[column] == "nan" else float(row[column]) for row in rows]
        assert curve[key] == expected
    assert curve["colour"] == "#0072b2"
    assert curve["marker"].startswith("M")
    assert len({c["dash"] for c in pesq["curves"]}) == 2  # channels


def test_names_cannot_end_the_data(study_text: str, write_study: Any, tmp_path: Path) -> None:
    text = study_text.replace("interleaved", "</script><b>")
    run(load(write_study(text)), tmp_path / "out", work=fake_record)
    assert main(["study", "report", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out" / "report.html").read_text()
    assert "</script><b>" not in page
    assert page.count("</script>") == 2


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
    assert not re.search(r"@import|url\((?!#)", page)
    assert "default-src 'none'" in page
    assert "<!-- " not in page
    assert page.count("data:image/png;base64,") == 3
    assert "linksim study run" in page
    assert "plain, 16QAM" in page
