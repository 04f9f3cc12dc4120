"""Clips that are too long are refused by commands, unless they are told otherwise."""

import numpy as np
import pytest
from scipy.io import wavfile

from studies.cli.main import main


@pytest.fixture
def clip(tmp_path):
    wavfile.write(tmp_path / "a.wav", 8000, np.zeros(24_000, np.int16))
    return str(tmp_path / "a.wav")


@pytest.mark.parametrize(
    "command",
    [
        ["send", "CLIP", "--scheme", "traditional", "--channel", "awgn", "--snr", "10"],
        ["study", "run", "quick", "--clip", "CLIP"],
    ],
)
def test_the_longest_clip_is_a_flag(clip, tmp_path, capsys, command):
    asked = [clip if word == "CLIP" else word for word in command]
    out = ["--out", str(tmp_path / "out"), "--longest"]
    assert main([*asked, *out, "2"]) == 2
    message = capsys.readouterr().err
    assert "a.wav: lasts 3 s or more, above the limit of 2 s" in message
    assert main([*asked, *out, "0"]) == 2
    assert "longest must be positive" in capsys.readouterr().err
