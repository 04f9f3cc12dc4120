"""The command line: fast to start, and its other sub-commands."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from fake_parts import fails_above_5_db, fake_record, interrupted_above_5_db

import studies.run.runner
from linksim.media import Clip, write
from studies.cli.main import main

HEAVY = ("tensorflow", "sionna", "matplotlib", "pandas", "scipy", "numpy", "pydantic", "rich")


def test_starts_without_heavy_imports() -> None:
    code = f"import sys, studies.cli.main; print([m for m in {HEAVY} if m in sys.modules])"
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
        (["study", "status", ""], "argument DIR: the path is empty"),
        (["study", "run", "/"], "/: cannot be read: is a folder"),
        (["models", "--dev", "cpu"], "unrecognized arguments: --dev cpu"),
        (["models", "x"], "unrecognized arguments: x"),
        (["ber", "--channel", "raileigh"], "did you mean 'rayleigh'"),
        (["ber", "--modulation", "8psk"], "unknown modulation '8psk'"),
        (["ber", "--estimator", "ls"], "unknown estimator 'ls'"),
        (["ber", "--code-rate", "nan"], "option 'code_rate' must be a number, not 'nan'"),
        (["ber", "--code-rate", "0.01"], "code_rate must be between 0.02 and 0.95, not 0.01"),
        (["ber", "--code-rate", "0.5", "--uncoded"], "not allowed with argument"),
        (["ber", "--block-length", "40"], "leaves no payload"),
        (["ber", "--block-length", "0"], "block_length 0 must be between"),
        (["ber", "--interleave-slots", "0"], "interleave_slots must be between 1 and 1024"),
        (["ber", "--link", "pilots"], "--link pilots: not of the form key=value"),
        (["ber", "--link", "pilot=2"], "did you mean 'pilots'?"),
        (["ber", "--link", "noise=guessed"], "unknown noise 'guessed'"),
        (["ber", "--link", "noise=known", "--link", "noise=known"], "'noise' is given twice"),
        (["ber", "--link", "harq=2"], "--link harq=2: each transmission is counted by itself"),
        (["ber", "--link", "code_rate=0.5", "--uncoded"], "--uncoded has no code"),
        (
            ["ber", "--code-rate", "0.5", "--link", "code_rate=0.5"],
            "--link code_rate=0.5: code_rate is given by --code-rate",
        ),
        (["ber", "--snr", "20:0:5"], "is reversed"),
        (["ber", "--snr", "nan"], "SNR nan dB is outside"),
        (["ber", "--snr", "0:10:nan"], "SNR nan dB is outside"),
        (["ber", "--snr", ""], "SNR '' is not understood"),
        (["ber", "--seed", "-1"], "--seed must be between 0"),
        (["ber", "--max-blocks", "0"], "--max-blocks must be between 1"),
        (["ber", "--max-blocks", "1e5"], "invalid int value: '1e5'"),
        (["ber", "--block-errors", "-1"], "--block-errors must be between 1"),
        (["ber", "--relative-width", "nan"], "--relative-width must be between"),
        (["ber", "--confidence", "95"], "--confidence must be between 0.5 and 0.9999, not 95"),
        (["ber", "--json", "/absent/x.json"], "there is no folder /absent; make it first"),
        (["ber", "--json", "/proc/x.json"], "/proc/x.json: cannot be written"),
        (["ber", "--json", "/"], "/: is a folder; give the name of a file"),
        (["ber", "--json", "/dev/null"], "/dev/null: is not a regular file"),
        (["ber", "--plot", "/proc/x.png"], "/proc/x.png: cannot be written"),
        (["ber", "--plot", "x.bmp"], "the name must end in .png, .pdf or .svg"),
        (
            ["bench", "x"],
            "unknown command 'x'; known: call, decoder, dvst, estimation, generator, link, memory, "
            "stages, study",
        ),
        (["bench", "link", "--snr", "nan"], "--snr must be between -50 and 100, not nan"),
        (["bench", "link", "--batch", "0"], "--batch must be between"),
        (["bench", "link", "--seconds", "inf"], "--seconds must be between"),
        (["bench", "memory", "--scheme", "opsu"], "unknown scheme 'opsu'; did you mean 'opus'?"),
        (["bench", "memory", "--scheme", "opus", "--clip", "absent.wav"], "absent.wav: no such"),
        (["bench", "link", "--json", "/proc/x.json"], "/proc/x.json: cannot be written"),
        (["lips", "--video", "nowhere"], "nowhere: no such file or folder"),
        (
            ["lips", "--generator", "nowhere.npz"],
            "nowhere.npz: cannot be read: No such file or directory",
        ),
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


def test_send_looks_at_its_folder_before_the_clip(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linksim.media.sources.load_clip", None)
    (tmp_path / "file").touch()
    options = [text for pair in SEND.items() for text in pair]
    for out in ("file", "file/below"):
        assert main(["send", "builtin", *options, "--out", str(tmp_path / out)]) == 2
        assert f"{tmp_path / 'file'} is no folder" in capsys.readouterr().err


def _bad_clips(folder: Path) -> None:
    clip = Clip(audio=np.full(20_000, 0.5, np.float32))
    write(clip, folder / "good.wav")
    data = (folder / "good.wav").read_bytes()
    (folder / "cut.wav").write_bytes(data[: len(data) // 2])
    (folder / "header.wav").write_bytes(data[:44])
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("hello\n")
    (folder / "noise.mp4").write_bytes(bytes(range(256)) * 200)
    (folder / "cut.mpg").write_bytes(b"\0\0\1\xba" + b"\x21" * 8 + b"\0\0\1\xe0\x08\0" + b"x" * 900)


@pytest.mark.parametrize(
    ("clip", "message"),
    [
        (".", "is a directory"),
        ("empty.mp4", "empty.mp4: is empty"),
        ("text.mp4", "not a media file"),
        ("noise.mp4", "not a media file"),
        ("cut.wav", "truncated"),
        ("header.wav", "truncated"),
        ("cut.mpg", "truncated, its last packet lacks 1148 bytes"),
        ("good.wav/x", "cannot be read (Not a directory)"),
    ],
)
@pytest.mark.parametrize("command", ["send", "study"])
def test_bad_clips_give_one_line(
    command: str,
    clip: str,
    message: str,
    study_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _bad_clips(tmp_path)
    path, out = str(tmp_path / clip), str(tmp_path / "out")
    if command == "send":
        options = [text for pair in SEND.items() for text in pair]
        assert main(["send", path, *options, "--out", out]) == 2
    else:
        assert main(["study", "run", str(study_file), "--clip", path, "--out", out]) == 2
        if clip == ".":
            message = "two clips are called 'cut'"  # a folder stands for all of its files
        elif not (tmp_path / clip).is_file():
            message = "is neither a file nor a folder"
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert message in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("out", ["good.wav", "good.wav/out", "/proc/out"])
def test_send_checks_its_folder_first(
    out: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _bad_clips(tmp_path)
    options = [text for pair in SEND.items() for text in pair]
    assert main(["send", str(tmp_path / "good.wav"), *options, "--out", str(tmp_path / out)]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert str(tmp_path / out) in err


def test_closed_and_full_streams() -> None:
    for redirect, code in ((">&-", 0), (">&- 2>&- <&-", 0), (">/dev/full", 2)):
        shell = f"{sys.executable} -m studies.cli.main study list {redirect}"
        done = subprocess.run(shell, shell=True, capture_output=True, text=True, check=False)
        assert done.returncode == code
        assert done.stderr.count("\n") == (code != 0)


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

    monkeypatch.setattr(studies.run.runner.run, "__kwdefaults__", _defaults(interrupted_above_5_db))
    assert main(command) == 130
    err = capsys.readouterr().err
    assert "interrupted; 2 of 12 points are kept" in err
    assert "resume with: linksim study run" in err

    monkeypatch.setattr(studies.run.runner.run, "__kwdefaults__", _defaults(fails_above_5_db))
    assert main(command) == 1
    assert "12 points: 2 kept, 6 run, 4 failed" in capsys.readouterr().out
    assert main(["study", "status", str(out)]) == 0
    assert "12 points: 8 done, 0 missing, 4 failed" in capsys.readouterr().out

    monkeypatch.setattr(studies.run.runner.run, "__kwdefaults__", _defaults(fake_record))
    assert main(command) == 0
    assert "12 points: 8 kept, 4 run, 0 failed" in capsys.readouterr().out


def test_sigterm_is_an_interrupt(
    study_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def terminated(point: object, folder: Path) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)

    monkeypatch.setattr(studies.run.runner.run, "__kwdefaults__", _defaults(terminated))
    assert main(["study", "run", str(study_file), "--out", str(tmp_path / "out")]) == 130
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "interrupted; 0 of 24 points are kept" in err


def _defaults(work: object) -> dict[str, object]:
    return {"workers": 1, "order": None, "work": work}
