"""What the continuous integration runs fails on a lint error, on bad format and on a wrong type."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GOOD = 'def double(number: int) -> int:\n    """Return twice a number."""\n    return 2 * number\n'


def _linters(file: Path) -> list[list[str]]:
    """Return the commands of ``make lint`` with a file in place of the project."""
    shown = subprocess.run(
        ["make", "--dry-run", "lint"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    lines = [line for line in shown.splitlines() if re.match(r"\S+/(ruff|python -m mypy)\b", line)]
    commands = []
    for line in lines:
        program, *rest = shlex.split(line)
        paths = [] if rest[-1] == "." else [str(file)]
        here = Path(sys.executable).with_name(Path(program).name)
        commands.append([str(here), *(str(file) if r == "." else r for r in rest), *paths])
    return commands


def _fails(command: list[str], cache: Path) -> bool:
    words = command[1:]
    cached = [*words, f"--cache-dir={cache}"]
    done = subprocess.run([command[0], *cached], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode in (0, 1), done.stderr.decode()
    return done.returncode == 1


def test_it_lints_before_it_tests() -> None:
    assert re.search(r"^make lint test\b", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "failing"),
    [
        (GOOD, []),
        ("import os\n\n\n" + GOOD, ["ruff check"]),
        (GOOD.replace("2 * number", "2*number"), ["ruff format"]),
        (GOOD.replace("-> int", "-> str"), ["mypy"]),
        (GOOD.replace(": int)", ")"), ["mypy"]),
    ],
    ids=["good", "lint", "format", "type", "untyped"],
)
def test_bad_code_fails(text: str, failing: list[str], tmp_path: Path) -> None:
    file = tmp_path / "added.py"
    file.write_text(text)
    commands = _linters(file)
    names = ["ruff check", "ruff format", "mypy"]
    assert [n for n, c in zip(names, commands, strict=True) if _fails(c, tmp_path)] == failing
