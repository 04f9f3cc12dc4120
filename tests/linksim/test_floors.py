"""The rules of the house: floors, no circles, small folders and files, nothing on import."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOPS = ("linksim", "semantic", "baselines", "studies")
FLOORS = (
    ("root",),
    ("media", "phy"),
    ("metrics",),
    ("endpoint",),
    ("link",),
    ("torch",),
    ("streams",),
    ("semantic",),
    ("baselines",),
    ("studies.spec",),
    ("studies.run",),
    ("studies.tables", "studies.figures"),
    ("studies.claims",),
    ("studies.report",),
    ("studies.bench",),
    ("studies.api",),
    ("studies.cli",),
)
"""Rooms from the bottom up. A file imports from its own room or from a floor below."""

STRANGERS = {("metrics", "phy"), ("phy", "metrics")}
"""Rooms that do not know each other although one is above the other."""

MOST_FILES, MOST_LINES = 20, 300

LIGHT = (
    "linksim", "linksim.endpoint", "linksim.media", "linksim.metrics", "linksim.link.config",
    "linksim.link.accounting", "linksim.streams.protection", "studies.spec.load",
    "studies.cli.main",
)  # fmt: skip
"""Modules that may load neither TensorFlow nor Sionna."""


@cache
def _modules() -> dict[str, Path]:
    found = {}
    for path in (p for top in TOPS for p in (ROOT / top).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def _imports() -> dict[str, set[str]]:
    """Return what each module imports of ours, inside functions and for type checking too."""
    return {name: set(_imported(name, path)) - {name} for name, path in _modules().items()}


def _imported(name: str, path: Path) -> Iterator[str]:
    modules = _modules()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert not node.level, f"{name} has a relative import"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield from (m for m in (whole, node.module) if m in modules)


def _room(module: str) -> str:
    parts = module.split(".")
    if parts[0] == "linksim":
        is_folder = len(parts) > 1 and (ROOT / "linksim" / parts[1]).is_dir()
        return parts[1] if is_folder or parts[1:] in (["endpoint"], ["torch"]) else "root"
    return ".".join(parts[:2]) if parts[0] == "studies" and len(parts) > 1 else parts[0]


def test_every_room_has_a_floor() -> None:
    known = {room for floor in FLOORS for room in floor} | {"studies"}
    assert {_room(module) for module in _modules()} == known


def test_no_import_runs_up() -> None:
    floor = {room: i for i, rooms in enumerate(FLOORS) for room in rooms} | {"studies": 0}
    wrong = [
        f"{module} imports {other}"
        for module, others in _imports().items()
        for other in sorted(others)
        if floor[_room(other)] > floor[_room(module)]
        or (_room(module) != _room(other) and floor[_room(other)] == floor[_room(module)])
        or (_room(module), _room(other)) in STRANGERS
    ]
    assert not wrong, "\n".join(wrong)


def test_no_circle() -> None:
    """Modules without imports are taken away until none is left; what stays is a circle."""
    left = {name: set(others) for name, others in _imports().items()}
    for name, others in left.items():  # a package hands on names of its own modules
        left[name] = {other for other in others if not name.startswith(f"{other}.")}
    while free := {name for name, others in left.items() if not others}:
        left = {name: others - free for name, others in left.items() if name not in free}
    assert not left, f"in or behind a circle: {sorted(left)}"


def test_the_rules_find_what_breaks_them() -> None:
    assert _room("linksim.phy.grid") == "phy"
    assert _room("linksim.errors") == "root"
    assert _room("studies.cli.main") == "studies.cli"
    assert "linksim.phy.grid" in _imports()["linksim.link.transceiver"]
    assert "linksim.media" in _imports()["linksim.endpoint"]  # for type checking alone


@pytest.mark.parametrize("top", [*TOPS, "tests"])
def test_folders_and_files_are_small(top: str) -> None:
    folders: dict[Path, int] = {}
    long = []
    for path in (ROOT / top).rglob("*.py"):
        if path.name != "__init__.py":
            folders[path.parent] = folders.get(path.parent, 0) + 1
        lines = path.read_text(encoding="utf-8").count("\n")
        if lines > MOST_LINES:
            long.append(f"{path.relative_to(ROOT)}: {lines} lines")
    crowded = [f"{f.relative_to(ROOT)}: {n} files" for f, n in folders.items() if n > MOST_FILES]
    assert not long + crowded, "\n".join(long + crowded)


def test_nothing_runs_on_import() -> None:
    wrong = []
    for path in _modules().values():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if (
                (isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant))
                or isinstance(node, ast.For | ast.While | ast.With | ast.Try)
                or (
                    isinstance(node, ast.If)
                    and ast.unparse(node.test)
                    not in (
                        "TYPE_CHECKING",
                        "typing.TYPE_CHECKING",
                        "__name__ == '__main__'",
                    )
                )
            ):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not wrong, "\n".join(wrong)


def test_light_modules_load_no_tensorflow() -> None:
    code = (
        f"import sys, {', '.join(LIGHT)}\n"
        "print(*sorted({m.partition('.')[0] for m in sys.modules} & "
        "{'tensorflow', 'sionna', 'keras'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == ""
