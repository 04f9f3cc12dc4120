"""``linksim bench``: how fast linksim is, beside other code in the same run."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linksim.errors import LinksimError
from linksim.files import read_json
from studies.bench.bench import BENCHES, Bench
from studies.cli import arguments
from studies.cli.command import Command
from studies.cli.parser import add_parts

if TYPE_CHECKING:
    from rich.table import Table

SPEEDS = ("_bps", "_slots_per_s", "fps", "generator", "head_pose")
"""Ends of the names of figures that are speeds."""


def add_flags(parser: ArgumentParser) -> None:
    """Add a sub-command for each bench."""
    add_parts(parser, BENCHES, _add_bench, dest="what", metavar="BENCH")


def _add_bench(parser: ArgumentParser, bench: Bench) -> None:
    bench.add_flags(parser)
    arguments.add_json(parser)
    text = "figures that --json wrote before, to compare with"
    parser.add_argument("--against", type=arguments.path, metavar="FILE", help=text)


def run(args: Namespace) -> int:
    """Measure what was asked for, print it as a table and, with ``--json``, write it."""
    bench = BENCHES[args.what]
    arguments.check_outputs(args)
    before = _read(args.against) if args.against else None

    from rich.console import Console

    console = Console()
    with console.status("") as status:
        result = bench.measure(args, status.update)
    console.print(bench.table(result))
    if before is not None:
        console.print(_comparison(before, result))
    if args.json:
        arguments.write_json(args.json, result)
    return 0


def _read(path: Path) -> dict[str, Any]:
    figures = read_json(path, nan=True)
    if not isinstance(figures, dict):
        raise LinksimError(f"{path}: holds no figures of 'linksim bench'")
    return figures


def _comparison(before: dict[str, Any], now: dict[str, Any]) -> "Table":
    """Lay out every speed that both runs have, and their ratio."""
    from rich.table import Table

    table = Table("figure", "before", "now", "ratio", title="beside the run before")
    old = dict(_speeds(before))
    for name, value in _speeds(now):
        if old.get(name):
            table.add_row(name, f"{old[name]:.4g}", f"{value:.4g}", f"{value / old[name]:.2f}x")
    return table


def _speeds(figures: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """Yield each figure that is a speed or a speed-up, by its path."""
    if isinstance(figures, dict):
        for key, value in figures.items():
            yield from _speeds(value, f"{name} {key}".strip())
    elif isinstance(figures, float) and name.endswith(SPEEDS):
        yield name, figures


COMMAND = Command("bench", "measure speed, side by side in one run", add_flags, run)
