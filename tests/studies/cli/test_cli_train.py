import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from linksim.media import Clip, write
from studies.cli.main import main


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    """A folder with 0.1 s of sound, which is too little to train on."""
    folder = tmp_path / "audio"
    folder.mkdir()
    write(Clip(audio=np.full(1600, 0.1, np.float32)), folder / "a.wav")
    return folder


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "asc", "--help"]) == 0
    assert "--audio" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "arguments are required: MODEL"),
        (["acs"], "unknown command 'acs'; did you mean 'asc'?"),
        (["asc"], "arguments are required: --audio, --out"),
        (["asc", "--steps", "many"], "argument --steps: invalid int value: 'many'"),
        (["asc", "--preset", "compat"], "unknown --preset 'compat'; did you mean 'compact'?"),
        (["asc", "--step", "5"], "--audio, --out"),
    ],
)
def test_wrong_arguments(argv: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", *argv]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--steps", "0"], "--steps must be between 1"),
        (["--batch", "-2"], "--batch must be between 1"),
        (["--learning-rate", "nan"], "--learning-rate must be between"),
        (["--perceptual", "-1"], "--perceptual must be between 0"),
        (["--waveform", "inf"], "--waveform must be between 0"),
        (["--seed", "-1"], "--seed must be between 0"),
        (["--save-every", "0"], "--save-every must be between 1"),
        (["--devices", "0"], "--devices must be between 1"),
        (["--devices", "2"], "--devices 2 needs KERAS_BACKEND=jax, not tensorflow"),
        (["--without", "a.wav"], "no audio in"),
        (["--music", "/absent"], "/absent"),
        ([], "is too little to train on"),
    ],
)
def test_bad_values_get_one_line(
    options: list[str], message: str, audio: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ["train", "asc", "--audio", str(audio), "--out", str(audio.parent / "run"), *options]
    assert main(run) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_backend_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jacks")
    assert main(["train", "asc", "--audio", "x", "--out", "y"]) == 2
    assert "KERAS_BACKEND=jacks is not installed" in capsys.readouterr().err


def test_bad_input_is_answered_without_keras(audio: Path) -> None:
    """And the process itself prints no more than the line."""
    argv = ["train", "asc", "--audio", str(audio), "--out", str(audio), "--without", "a.wav"]
    code = (
        "import sys; from studies.cli.main import main\n"
        f"code = main({argv})\n"
        "sys.exit(code if not {'keras', 'tensorflow'} & set(sys.modules) else 99)"
    )
    environment = {k: v for k, v in os.environ.items() if k != "KERAS_BACKEND"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
