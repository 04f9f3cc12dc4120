"""The notebook of the documentation runs from top to bottom."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "docs" / "quickstart.ipynb"


@pytest.fixture
def cells() -> list[dict]:
    """The cells that hold code."""
    every = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in every if cell["cell_type"] == "code"]


def test_it_is_kept_without_output(cells: list[dict]) -> None:
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)


def test_it_runs_in_a_fresh_process(cells: list[dict], tmp_path: Path) -> None:
    code = "\n\n".join("".join(cell["source"]) for cell in cells)
    tell = "import json; print(json.dumps([curves, len(axes.lines), sent.accounting.channel_uses]))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{tell}"],
        cwd=tmp_path,
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
    curves, lines, uses = json.loads(done.stdout.splitlines()[-1])
    assert lines == len(curves) == 2
    assert uses > 0
    for values in curves.values():
        assert values[0] < values[1] < values[2]
    assert not list(tmp_path.iterdir())
