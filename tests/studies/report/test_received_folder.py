"""A folder of results from elsewhere: links in it are not followed, odd names are drawn."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fake_parts import fake_record

from linksim.errors import LinksimError
from linksim.files import is_plain
from linksim.link.call.delivery import Delivery, keep
from linksim.media import Clip, write
from studies.cli.main import main
from studies.report.players import data_uri
from studies.run.point import TIMELINES
from studies.run.runner import run
from studies.spec.load import load
from studies.spec.mathtext import math_fault


@pytest.fixture
def folder(study_file: Path, tmp_path: Path) -> Path:
    """The small study, run."""
    run(load(study_file), tmp_path / "out", work=fake_record)
    return tmp_path / "out"


def test_a_link_among_the_clips_is_not_followed(
    folder: Path, tmp_path: Path, small_clip: Clip
) -> None:
    write(small_clip, tmp_path / "secret.wav")
    secret = data_uri(tmp_path / "secret.wav")
    records = sorted((folder / "points").iterdir())
    (folder / "media" / f"{records[0].stem}.wav").symlink_to(tmp_path / "secret.wav")
    (folder / "media" / "original-tone.wav").unlink()
    (folder / "media" / "original-tone.wav").symlink_to("../../secret.wav")
    assert main(["study", "report", str(folder)]) == 0
    assert secret not in (folder / "report.html").read_text()
    media = folder / "media"
    media.rename(tmp_path / "elsewhere")
    media.symlink_to(tmp_path / "elsewhere")
    write(small_clip, tmp_path / "elsewhere" / f"{records[0].stem}.wav")
    assert main(["study", "report", str(folder)]) == 0
    assert secret not in (folder / "report.html").read_text()


def test_a_link_among_the_timelines_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"secret")
    secret = data_uri(tmp_path / "secret.png")
    (folder / TIMELINES).mkdir()
    for record in (folder / "points").iterdir():
        (folder / TIMELINES / f"{record.stem}.png").symlink_to(tmp_path / "secret.png")
    assert main(["study", "report", str(folder)]) == 0
    assert secret not in (folder / "report.html").read_text()


def test_timelines_are_shown_of_clips_that_are(folder: Path, small_clip: Clip) -> None:
    two = np.array([0.0, 0.02])
    for record in (folder / "points").iterdir():
        write(small_clip, folder / "media" / f"{record.stem}.wav")
        told = {"sound": Delivery(two, two + 0.02, two + 0.03, two + 0.04, 0.15)}
        keep(told, folder / TIMELINES / f"{record.stem}.json")
    assert main(["study", "report", str(folder)]) == 0
    page = (folder / "report.html").read_text()
    assert page.count("Delays of") == 2 * page.count('class="pane"') == 12  # of two schemes


@pytest.mark.parametrize("text", ["", "[" * 10**5, '{"sound": {"budget_s": 1e308}}', "{}", "[1]"])
def test_a_damaged_timeline_is_left_out(text: str, folder: Path) -> None:
    (folder / TIMELINES).mkdir()
    for record in (folder / "points").iterdir():
        (folder / TIMELINES / f"{record.stem}.json").write_text(text)
    assert main(["study", "report", str(folder)]) == 0
    assert "Delays of" not in (folder / "report.html").read_text()


def test_plain_files(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "file").touch()
    (folder / "link").symlink_to("deep")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "fifo")
    (tmp_path / "by-link").symlink_to(folder)
    assert is_plain(folder / "deep" / "file", folder)
    assert is_plain(tmp_path / "by-link" / "deep" / "file", tmp_path / "by-link")
    for name in ("link/file", "loop", "fifo", "deep", "absent", "deep/../../folder/deep/file"):
        assert not is_plain(folder / name, folder)


def test_figures_are_not_written_through_a_link(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (folder / "figures").symlink_to(tmp_path / "elsewhere")
    assert main(["study", "plot", str(folder)]) == 2
    assert "is a link, through which nothing is written" in capsys.readouterr().err
    assert not list((tmp_path / "elsewhere").iterdir())


BAD = (r"$\frac{1}$", r"$x^$", r"cost $\dollar$", r"$\left($")


@pytest.mark.parametrize("label", BAD)
def test_a_label_with_a_bad_formula_is_refused_when_the_study_is_read(
    label: str, study_text: str, write_study: Callable[[str], Path]
) -> None:
    for place, old in (("schemes.0.label", "plain, 16QAM"), ("schemes.1.label", "interleaved")):
        text = study_text.replace(f"label: {old}", f"label: '{label}'")
        with pytest.raises(LinksimError, match=rf"small.yaml:\d+: {place}: .* cannot be drawn"):
            load(write_study(text))


def test_dollars_that_are_none_or_a_formula_are_drawn() -> None:
    assert not any(map(math_fault, ("5 $", r"5 \$ and $6", r"$\alpha$", "$x^2$, 16QAM", "plain")))


@pytest.mark.parametrize("label", BAD)
def test_a_bad_formula_in_results_is_drawn_as_text(label: str, folder: Path) -> None:
    for name in ("study.json", "summary.csv", "results.csv"):
        path = folder / name
        text = label.replace("\\", "\\\\") if name == "study.json" else label
        path.write_text(path.read_text().replace("interleaved", text))
    assert main(["study", "plot", str(folder)]) == 0
    assert main(["study", "report", str(folder)]) == 0
