"""A scheme that lacks packages has no curve, and the study goes on without it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from fake_parts import fake_record

from linksim.media import Clip, write
from linksim.media.sources import load_clip, media_suffix
from semantic.text import speech
from studies.cli.main import main
from studies.report.page import write_report
from studies.run import runner
from studies.run.point import run_point
from studies.run.runner import run
from studies.run.store import Store
from studies.spec.load import load

CALL = "  - label: Call by <text>\n    scheme: txt2vid\n"
OTHERS = 2 * 2 * 3 * 2
WANTED = "pip install 'linksim[txt2vid]'"


@pytest.fixture
def study(
    study_text: str, write_study: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The small study with a call by text, for which packages are missing."""
    monkeypatch.setattr(speech, "MODULES", ("no_such_module",))
    return write_study(study_text + CALL)


def test_it_is_left_out_and_said(
    study: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    monkeypatch.setattr(runner, "run", partial(run, work=fake_record))
    assert main(["study", "run", str(study), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert f"{OTHERS * 3 // 2} points: 0 kept, {OTHERS} run, 0 failed" in printed
    assert [line for line in printed.splitlines() if WANTED in line] == [
        f"Call by <text> is left out: {speech.missing()}"
    ]
    schemes = {row["scheme"] for row in Store(out).read_table("summary.csv")}
    assert schemes == {"plain, 16QAM", "interleaved"}
    page = (out / "report.html").read_text()
    assert "<dt>Left out</dt><dd>Call by &lt;text&gt;: speech is" in page


def test_it_is_run_once_the_packages_are_there(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    first = run(load(study), out, work=fake_record)
    assert (first.kept, first.run, first.failed) == (0, OTHERS, 0)
    assert list(first.left_out) == ["Call by <text>"]
    monkeypatch.setattr(speech, "MODULES", ("sys",))
    then = run(load(study), out, work=fake_record)
    assert (then.kept, then.run, then.left_out) == (OTHERS, OTHERS // 2, {})
    # What ran elsewhere is no less there.
    monkeypatch.setattr(speech, "MODULES", ("no_such_module",))
    assert "Left out" not in write_report(out).read_text()


def test_text_is_a_clip_of_a_study(
    tmp_path: Path, write_study: Callable[[str], Path], study_text: str
) -> None:
    write(Clip(text="bin blue at f2 now"), tmp_path / "said.txt")
    head = study_text.split("schemes:")[0].replace("tone.wav", "said.txt")
    text = head.replace("[pesq, nrmse]", "[wer, pesq]")
    study = load(
        write_study(f"{text}schemes:\n  - {{label: words, scheme: text}}\n"),
        overrides=["snr_db=[20]", "trials=1", "channels=[awgn]"],
    )
    out = tmp_path / "out"
    assert run(study, out, work=run_point).failed == 0
    rows = {row["metric"]: row for row in Store(out).read_table("results.csv")}
    assert float(rows["wer"]["value"]) == 0.0
    assert rows["pesq"]["status"] == "nan: the reference has no audio"
    assert media_suffix(load_clip(str(tmp_path / "said.txt"))) == ".txt"
    received = [p for p in (out / "media").glob("*.txt") if not p.name.startswith("original")]
    assert [path.read_text() for path in received] == ["bin blue at f2 now\n"]
    page = write_report(out).read_text()
    assert "text of 18 characters" in page
    assert main(["study", "table", str(out), "--metric", "wer"]) == 0


def test_send_prints_the_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(Clip(text="Bin blue at F2, now."), tmp_path / "said.txt")
    argv = ["send", str(tmp_path / "said.txt"), "--scheme", "text", "--channel", "awgn"]
    assert main([*argv, "--snr", "20", "--out", str(tmp_path / "sent")]) == 0
    printed = capsys.readouterr().out
    assert "\nwer        0\n" in printed
    assert "\ntext       bin blue at f2, now.\n" in printed
    assert (tmp_path / "sent" / "received.txt").read_text() == "bin blue at f2, now.\n"
