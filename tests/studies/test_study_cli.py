"""The command line: fast to start, and its other sub-commands."""

import subprocess
import sys
from pathlib import Path

import pytest
from fake_parts import fails_above_5_db, fake_record, interrupted_above_5_db

import studies.runner
from studies.cli import main

HEAVY = ("tensorflow", "sionna", "matplotlib", "pandas", "scipy", "numpy", "pydantic", "rich")


def test_starts_without_heavy_imports() -> None:
    code = f"import sys, studies.cli; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("argv", [["--help"], ["--version"], ["study", "run", "--help"]])
def test_help(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 0
    assert "linksim" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["stdy"], "unknown command 'stdy'; did you mean 'study'?"),
        (["study", "rnu"], "unknown command 'rnu'; did you mean 'run'?"),
        ([], "arguments are required: COMMAND"),
        (["--device", "tpu", "channels"], "unknown --device 'tpu'"),
        (["study", "status", "absent"], "absent: not a study's folder"),
        (["study", "plot", "absent"], "absent: not a study's folder"),
        (["study", "report", "absent"], "absent: not a study's folder"),
        (["send", "builtin", "--scheme", "fake"], "--channel, --snr, --out"),
    ],
)
def test_bad_commands_give_one_line(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    err = capsys.readouterr().err
    assert err.startswith("linksim: ")
    assert err.count("\n") == 1
    assert message in err


SEND = {"--scheme": "fake", "--channel": "awgn", "--snr": "10"}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"--scheme": "fkae"}, "unknown scheme 'fkae'; did you mean 'fake'?"),
        ({"--option": "qualty=3"}, "did you mean 'quality'"),
        ({"--option": "quality"}, "--option quality: not of the form key=value"),
        ({"--channel": "awng"}, "did you mean 'awgn'"),
        ({"--snr": "0:10:5"}, "one transmission has one SNR"),
        ({"--snr": "-5:10:5"}, "one transmission has one SNR"),
        ({"--snr": "loud"}, "SNR 'loud' is not understood"),
        ({"--link": "modulation=3qam"}, "unknown modulation '3qam'"),
        ({"--link": "channel=awgn"}, "given by --channel"),
        ({"--seed": "-1"}, "--seed must be at least 0"),
        ({}, "absent.mp4: no such file"),
    ],
)
def test_bad_send_gives_one_line(
    changed: dict[str, str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = [text for pair in (SEND | changed).items() for text in pair]
    assert main(["send", "absent.mp4", *options, "--out", str(tmp_path / "out")]) == 2
    err = capsys.readouterr().err
    assert err.startswith("linksim: ")
    assert err.count("\n") == 1
    assert message in err
    assert not (tmp_path / "out").exists()


def test_channels(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["channels"]) == 0
    out = capsys.readouterr().out
    assert "tdl-a" in out
    assert "delay_spread" in out


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "list"]) == 0
    assert "quick" in capsys.readouterr().out


def test_run_reports_failures_and_status(
    study_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    command = ["study", "run", str(study_file), "--out", str(out), "--set", "trials=1"]

    monkeypatch.setattr(studies.runner.run, "__kwdefaults__", _defaults(interrupted_above_5_db))
    assert main(command) == 130
    err = capsys.readouterr().err
    assert "interrupted; 2 of 12 points are kept" in err
    assert "resume with: linksim study run" in err

    monkeypatch.setattr(studies.runner.run, "__kwdefaults__", _defaults(fails_above_5_db))
    assert main(command) == 1
    assert "12 points: 2 kept, 6 run, 4 failed" in capsys.readouterr().out
    assert main(["study", "status", str(out)]) == 0
    assert "12 points: 8 done, 0 missing, 4 failed" in capsys.readouterr().out

    monkeypatch.setattr(studies.runner.run, "__kwdefaults__", _defaults(fake_record))
    assert main(command) == 0
    assert "12 points: 8 kept, 4 run, 0 failed" in capsys.readouterr().out


def _defaults(work: object) -> dict[str, object]:
    return {"workers": 1, "order": None, "work": work}
