"""Channel uses per pixel: measured, tabulated and drawn against."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_parts import fake_record
from matplotlib.figure import Figure as Canvas

import studies.figures.draw as figures
from linksim.media import Clip, write
from studies.cli.main import main
from studies.figures.panel import Panel
from studies.run.plan import Point
from studies.run.runner import run
from studies.run.store import Store
from studies.spec.load import load
from studies.spec.study import Study

STUDY = """\
name: uses
clips: [talk.mp4]
channels: [rayleigh]
snr_db: [0, 10]
trials: 2
metrics: [psnr]
schemes:
  - {label: "A, large", scheme: fake, options: {quality: 40}}
  - {label: "A, small", scheme: fake, options: {quality: 10}}
  - {label: "B, large", scheme: fake, options: {quality: 30}}
  - {label: "B, small", scheme: fake, options: {quality: 20}}
  - {label: "C", scheme: fake, options: {quality: 25}}
figures:
  - metric: psnr
    name: psnr_uses
    against: channel_uses
    snr_db: 10
    curves:
      A: ["A, large", "A, small"]
      B: ["B, small", "B, large"]
"""


def measured(point: Point, folder: Path) -> dict[str, Any]:
    """Use more where the quality is higher and, as if it adapted, where the SNR is low."""
    record = fake_record(point, folder)
    quality = point.scheme.options["quality"]
    uses = 100 * quality + 10 * point.trial + (500 if point.snr_db < 5 else 0)
    record["accounting"] |= {"channel_uses": uses, "overhead_uses": 9999}
    record["metrics"]["psnr"] = {"value": 20.0 + quality + point.trial, "n": 3, "reason": ""}
    return record


@pytest.fixture
def study(tmp_path: Path, small_clip: Clip) -> Study:
    """A study of five schemes and a figure of two curves."""
    write(small_clip, tmp_path / "talk.mp4")
    (tmp_path / "uses.yaml").write_text(STUDY)
    return load(tmp_path / "uses.yaml")


@pytest.fixture
def folder(study: Study, tmp_path: Path) -> Path:
    """The study, run."""
    run(study, tmp_path / "out", work=measured)
    return tmp_path / "out"


PIXELS = 12 * 48 * 64


def test_summary_has_the_mean_over_trials(folder: Path) -> None:
    rows = {
        (r["scheme"], r["snr_db"], r["metric"]): float(r["uses_per_pixel"])
        for r in Store(folder).read_table("summary.csv")
    }
    assert rows["A, small", "10.0", "psnr"] == pytest.approx(1005 / PIXELS)
    assert rows["A, small", "0.0", "psnr"] == pytest.approx(1505 / PIXELS)
    assert rows["A, small", "10.0", "bler"] == rows["A, small", "10.0", "psnr"]


def test_sound_has_no_pixels(study_file: Path, tmp_path: Path) -> None:
    run(load(study_file), tmp_path / "out", work=fake_record)
    rows = Store(tmp_path / "out").read_table("summary.csv")
    assert {r["uses_per_pixel"] for r in rows} == {"nan"}
    assert main(["study", "report", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out" / "report.html").read_text()
    assert '<td class="n">–</td><td class="n">70 (14.3%)</td>' in page


def expect_whole_texts(canvas: Canvas) -> None:
    (axes,) = canvas.axes
    whole = canvas.bbox
    for text in (axes.title, axes.xaxis.label, axes.yaxis.label, *canvas.legends[0].get_texts()):
        box = text.get_window_extent()
        assert whole.x0 <= box.x0 < box.x1 <= whole.x1
        assert whole.y0 <= box.y0 < box.y1 <= whole.y1


def test_schemes_become_the_points_of_curves(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    draw = figures.draw

    def spy(panel: Panel) -> Any:
        canvas = draw(panel)
        drawn.append((panel.curves, canvas))
        expect_whole_texts(canvas)  # before it is saved in another resolution
        return canvas

    monkeypatch.setattr(figures, "draw", spy)
    paths = figures.draw_all(folder, theory=True)
    assert [path.name for path in paths] == ["psnr_uses.pdf", "psnr_uses.png"]
    ((curves, canvas),) = drawn
    assert [c.name for c in curves] == ["A", "B"]
    assert curves[0].x == pytest.approx(np.array([1005, 4005]) / PIXELS)
    assert list(curves[0].mean) == [30.5, 60.5]
    assert curves[0].schemes == ("A, small", "A, large")
    assert list(curves[0].n) == [2, 2]
    assert list(curves[1].mean) == [40.5, 50.5]
    assert np.isnan([curves[0].low, curves[0].high]).all()  # two values have no interval
    assert curves[0].trials == ((30.0, 31.0), (60.0, 61.0))
    (axes,) = canvas.axes
    assert axes.get_xlabel() == "Channel uses per pixel"
    assert axes.get_title() == ("Channel: rayleigh\nSNR: $E_s/N_0$ = 10 dB per resource element")


def test_report_and_table_show_uses_per_pixel(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["study", "report", str(folder)]) == 0
    page = (folder / "report.html").read_text()
    assert '<th class="n">Uses per pixel</th>' in page
    assert f'<td class="n">{1255 / PIXELS:.3g}</td>' in page  # mean over SNR as well
    capsys.readouterr()
    assert main(["study", "table", str(folder)]) == 0
    head, _, first, *_, note = capsys.readouterr().out.splitlines()
    assert head.startswith("| Scheme | Uses per pixel |")
    assert float(first.split(" | ")[1]) == pytest.approx(4255 / PIXELS, rel=0.01)
    assert "Channel uses per pixel are without pilots" in note


def test_points_from_before_pixels_were_counted_are_kept(study: Study, folder: Path) -> None:
    path = folder / "study.json"
    identity = json.loads(path.read_text())
    for clip in identity["clips"]:
        del clip["pixels"]
    path.write_text(json.dumps(identity))
    (clip,) = Store(folder).study()[1]
    assert clip.pixels == 0
    result = run(study, folder, work=measured)
    assert result.kept == result.points
    rows = Store(folder).read_table("summary.csv")
    assert not any(math.isnan(float(r["uses_per_pixel"])) for r in rows)
    assert Store(folder).study()[1][0].pixels == PIXELS


def test_settings_can_be_read_again(study: Study) -> None:
    assert Study.model_validate(study.model_dump(mode="json")) == study
