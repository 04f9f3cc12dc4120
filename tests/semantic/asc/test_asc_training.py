"""Training of the audio codec as it is run: the command, killed and resumed, and its corpora."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from linksim.errors import LinksimError
from linksim.media import Clip, write
from semantic.asc.data import find_audio, load
from studies.cli.main import main

KILLED_WITHIN = 180
"""Seconds to the first checkpoint, at most; a loaded machine takes its time."""


def tone(seconds: float, hertz: float) -> Clip:
    """A tone that comes and goes, at 16 kHz."""
    t = np.arange(round(16_000 * seconds)) / 16_000
    swell = np.sin(2 * np.pi * 1.5 * t) ** 2
    return Clip(audio=(0.3 * swell * np.sin(2 * np.pi * hertz * t)).astype(np.float32))


def save_flac(path: Path, clip: Clip) -> None:
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("flac", rate=clip.sample_rate, layout="mono", format="s16")
        pcm = np.round(clip.audio * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
        frame.sample_rate = clip.sample_rate
        container.mux([*stream.encode(frame), *stream.encode(None)])


def arguments(audio: Path, out: Path) -> list[str]:
    run = ["train", "asc", "--audio", str(audio), "--out", str(out)]
    return [*run, "--batch", "1", "--steps", "9", "--save-every", "2"]


def kill_after_a_checkpoint(command: list[str], log: Path) -> int:
    """Start a run and end it by SIGKILL once its log has a row; return its exit code."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + KILLED_WITHIN
        while process.poll() is None and time.monotonic() < deadline:
            if log.exists() and log.read_text().count("\n") > 1:
                break
            time.sleep(0.01)
    finally:
        process.kill()
    return process.wait()


def test_a_killed_run_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    audio, killed, whole = (tmp_path / name for name in ("audio", "killed", "whole"))
    audio.mkdir()
    write(tone(6.0, 300.0), audio / "a.wav")
    command = [sys.executable, "-m", "studies.cli.main", *arguments(audio, killed)]
    assert kill_after_a_checkpoint(command, killed / "log.csv") == -9
    assert "\n9," not in (killed / "log.csv").read_text()
    for out in (killed, whole):
        assert main(arguments(audio, out)) == 0
    log = (whole / "log.csv").read_text()
    assert [row.split(",")[0] for row in log.splitlines()] == ["step", "2", "4", "6", "8", "9"]
    assert (killed / "log.csv").read_text() == log
    with np.load(killed / "best.npz") as resumed, np.load(whole / "best.npz") as unbroken:
        assert resumed.files == unbroken.files
        assert all(np.array_equal(resumed[name], unbroken[name]) for name in resumed.files)


@pytest.fixture
def librispeech(tmp_path: Path) -> Path:
    """Two speakers, three chapters, laid out as LibriSpeech is."""
    root = tmp_path / "LibriSpeech" / "dev-clean"
    for index, (speaker, chapter) in enumerate(((84, 121123), (84, 121550), (1272, 128104))):
        folder = root / f"{speaker}" / f"{chapter}"
        for utterance in range(2):
            name = f"{speaker}-{chapter}-{utterance:04d}"
            save_flac(folder / f"{name}.flac", tone(0.5 + index, 200.0))
        lines = [f"{speaker}-{chapter}-{u:04d} SOME WORDS\n" for u in range(2)]
        (folder / f"{speaker}-{chapter}.trans.txt").write_text("".join(lines))
    (tmp_path / "LibriSpeech" / "SPEAKERS.TXT").write_text("; id | sex\n")
    return tmp_path / "LibriSpeech"


def test_librispeech_is_read_without_its_transcripts(librispeech: Path) -> None:
    files = find_audio([librispeech])
    assert len(files) == 6
    assert {file.suffix for file in files} == {".flac"}
    assert files == find_audio([librispeech])
    recording = load(files)
    assert recording.dtype == np.int16
    assert len(recording) == 2 * (0.5 + 1.5 + 2.5) * 16_000
    assert len(load(files, min_seconds=1.0)) == 2 * (1.5 + 2.5) * 16_000


def test_speakers_are_left_out(librispeech: Path) -> None:
    files = find_audio([librispeech], without=["/84/"])
    assert {file.parts[-3] for file in files} == {"1272"}
    with pytest.raises(LinksimError, match="no audio in"):
        find_audio([librispeech], without=["/84/", "/1272/"])


def test_left_out_on_the_command_line(
    librispeech: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = arguments(librispeech, librispeech / "run")
    assert main([*command, "--without", "/84/", "/1272/"]) == 2
    assert "no audio in" in capsys.readouterr().err
