"""A figure, a bench and a command of one's own: one file, used by name, and nothing else edited."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_parts import fake_record

from linksim.errors import LinksimError
from studies.bench.bench import BENCHES
from studies.cli.command import COMMANDS
from studies.cli.main import main
from studies.figures.draw import draw_all
from studies.run.runner import run
from studies.spec.figure import FIGURES
from studies.spec.load import load

MODULE = '''\
"""Parts that belong to nobody but the author of this file."""

import csv

import matplotlib.pyplot as plt
from rich.table import Table

from studies.bench.bench import Bench, add_seconds
from studies.bench.timing import repeat
from studies.cli.command import Command
from studies.spec.figure import FigureKind


def draw(folder, entries, theory):
    rows = list(csv.DictReader((folder / "results.csv").open()))
    for entry in entries:
        canvas, axes = plt.subplots()
        axes.hist([float(row["channel_uses"]) for row in rows])
        yield entry.file_name, canvas


def measure(args, report):
    report("counting")
    return {"calls": len(repeat(lambda: sum(range(args.numbers)), args.seconds))}


def table(result):
    shown = Table("calls")
    shown.add_row(str(result["calls"]))
    return shown


def add_bench_flags(parser):
    parser.add_argument("--numbers", type=int, default=10, help="numbers to add up (default 10)")
    add_seconds(parser)


def add_flags(parser):
    parser.add_argument("--name", default="you", help="whom to greet (default you)")


def greet(args):
    print(f"hello {args.name}")
    return 0


MY_FIGURE = FigureKind("uses", draw)
MY_BENCH = Bench("sum", "time a sum", add_bench_flags, measure, table)
MY_COMMAND = Command("hello", "greet somebody", add_flags, greet)
'''


@pytest.fixture(autouse=True)
def _my_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_parts.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "my_parts", raising=False)


def test_a_figure_of_a_study(
    study_text: str, write_study: Callable[[str], Path], tmp_path: Path
) -> None:
    text = f"{study_text}figures: [{{kind: my_parts.MY_FIGURE, name: uses}}, {{metric: bler}}]\n"
    run(load(write_study(text)), tmp_path / "out", work=fake_record)
    assert main(["study", "report", str(tmp_path / "out"), "--import", str(tmp_path)]) == 0
    drawn = {path.stem for path in draw_all(tmp_path / "out")}
    assert "uses" in drawn
    assert any(name.startswith("bler") for name in drawn)
    assert (tmp_path / "out" / "figures" / "uses.png").stat().st_size > 1000
    assert 'alt="uses"' in (tmp_path / "out" / "report.html").read_text()


def test_a_figure_without_a_name_is_called_as_its_kind(
    study_text: str, write_study: Callable[[str], Path]
) -> None:
    (figure,) = load(write_study(f"{study_text}figures: [{{kind: my_parts.MY_FIGURE}}]\n")).figures
    assert figure.file_name == "my_parts.MY_FIGURE"


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        ("[{kind: curvse, metric: bler}]", "unknown kind of figure 'curvse'; did you mean"),
        ("[{kind: my_parts.OTHER}]", "figures.0.kind: kind of figure 'my_parts.OTHER' is no"),
        ("[{kind: curves}]", "figures.0: 'metric' is missing"),
        ("[{}]", "figures.0: 'metric' is missing"),
    ],
)
def test_a_figure_that_is_none(
    figures: str, message: str, study_text: str, write_study: Callable[[str], Path]
) -> None:
    with pytest.raises(LinksimError, match=message):
        load(write_study(f"{study_text}figures: {figures}\n"))


def test_a_bench(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "sum.json"
    words = ["--numbers", "5", "--seconds", "0.01", "--json", str(out)]
    assert main(["bench", "my_parts.MY_BENCH", *words]) == 0
    calls = json.loads(out.read_text())["calls"]
    assert calls >= 1
    assert str(calls) in capsys.readouterr().out
    assert main(["bench", "my_parts.MY_BENCH", "--help"]) == 0
    assert "numbers to add up (default 10)" in capsys.readouterr().out


def test_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["my_parts.MY_COMMAND", "--name", "world"]) == 0
    assert capsys.readouterr().out == "hello world\n"
    assert main(["my_parts.MY_BENCH"]) == 2
    assert "is no instance of studies.cli.command.Command" in capsys.readouterr().err


def test_an_installed_part_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "installed"
    info = site / "my_parts-0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-parts\nVersion: 0\n")
    groups = {"commands": "hello = my_parts:MY_COMMAND", "benches": "sum = my_parts:MY_BENCH"}
    lines = [f"[linksim.{group}]\n{line}\n" for group, line in groups.items()]
    (info / "entry_points.txt").write_text("".join(lines))
    monkeypatch.syspath_prepend(str(site))
    for registry in (COMMANDS, BENCHES):
        monkeypatch.delitem(vars(registry), "_installed", raising=False)
    try:
        assert main(["--help"]) == 0
        assert "greet somebody" in capsys.readouterr().out
        assert main(["bench", "--help"]) == 0
        assert "time a sum" in capsys.readouterr().out
        assert main(["hello"]) == 0
    finally:
        for registry in (COMMANDS, BENCHES):
            vars(registry).pop("_installed", None)


def test_every_part_stands_where_its_registry_looks() -> None:
    assert list(FIGURES) == ["curves", "story", "map"]
    assert {"ber", "bench", "study", "train"} <= set(COMMANDS)
    assert {"link", "decoder", "memory"} <= set(BENCHES)
    for part in (*COMMANDS.values(), *BENCHES.values()):
        assert part.help


def test_help_loads_nothing_heavy() -> None:
    heavy = ("tensorflow", "sionna", "matplotlib", "pandas", "scipy", "numpy", "pydantic", "rich")
    code = (
        "import sys; from studies.cli.main import main; main(['--help']); main(['bench', '--help'])"
        f"; print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
