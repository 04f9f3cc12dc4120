"""The README is short, begins with what to type, and its example runs."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from linksim.media import Clip, write

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
Blocks = Callable[[str, str], list[str]]


def test_it_is_short_and_begins_with_two_commands(blocks: Blocks) -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 120
    first, second = blocks("../README.md", "sh")[0].splitlines()
    assert first.startswith("make study ")
    assert second.startswith("make test ")


def test_its_figure_is_there_and_small() -> None:
    figure = ROOT / "docs" / "ber.png"
    assert 'src="docs/ber.png"' in README.read_text(encoding="utf-8")
    assert figure.stat().st_size < 100_000


def test_its_example_runs(blocks: Blocks, small_clip: Clip, tmp_path: Path) -> None:
    (code,) = blocks("../README.md", "python")
    assert len(code.splitlines()) <= 12
    write(Clip(audio=small_clip.audio), tmp_path / "talk.wav")
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    head, *rows = [line.split() for line in done.stdout.splitlines()]
    assert head == ["snr_db", "pesq", "channel_uses"]
    assert [float(row[1]) for row in rows] == [5, 10, 15]
    assert len({row[3] for row in rows}) == 1  # channel uses do not depend on the SNR
