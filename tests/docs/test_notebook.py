"""The notebooks of the documentation run from top to bottom."""

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
TELL = {
    "quickstart": "[curves, len(axes.lines), sent.accounting.channel_uses]",
    "own_channel": "result.to_pandas().pivot(index='snr_db', columns='channel', values='bler')"
    ".to_numpy().tolist()",
    "own_codec": "result.to_pandas().pivot(index='snr_db', columns='endpoint', values='snr')"
    ".to_numpy().tolist()",
}
"""What each notebook is asked at its end."""


def cells(name: str) -> list[dict]:
    """Return the cells that hold code."""
    every = json.loads((DOCS / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    return [cell for cell in every if cell["cell_type"] == "code"]


def answer(name: str, folder: Path) -> object:
    """Run a notebook in a fresh process, and return what it is asked."""
    code = "\n\n".join("".join(cell["source"]) for cell in cells(name))
    file = folder / "notebook.py"
    file.write_text(f"{code}\nimport json; print(json.dumps({TELL[name]}))\n")
    done = subprocess.run(
        [sys.executable, str(file)],
        cwd=folder,
        env={
            **os.environ,
            "MPLBACKEND": "Agg",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert [path.name for path in folder.iterdir()] == ["notebook.py"]
    return json.loads(done.stdout.splitlines()[-1])


def test_every_notebook_is_tested() -> None:
    assert {path.stem for path in DOCS.glob("*.ipynb")} == set(TELL)


@pytest.mark.parametrize("name", TELL)
def test_it_is_kept_without_output(name: str) -> None:
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells(name))


def test_the_quickstart_runs(tmp_path: Path) -> None:
    curves, lines, uses = answer("quickstart", tmp_path)
    assert lines == len(curves) == 2
    assert uses > 0
    for values in curves.values():
        assert values[0] < values[1] < values[2]


def test_a_channel_of_ones_own_is_swept(tmp_path: Path) -> None:
    table = answer("own_channel", tmp_path)  # Nakagami m = 2, m = 4, Rayleigh by SNR
    assert len(table) == 4
    two, four, rayleigh = table[-1]
    assert four < two < rayleigh


def test_a_codec_of_ones_own_is_swept(tmp_path: Path) -> None:
    table = answer("own_codec", tmp_path)  # Opus, once, twice by SNR
    assert all(low[1] < high[1] for low, high in itertools.pairwise(table))
    assert all(row[1] < row[2] for row in table)
