"""Speed of a whole study: the same 24 points of pure link simulation by one worker and by more."""

import os
import time
from argparse import ArgumentParser, Namespace
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from linksim.flags import check_flags
from studies.bench.bench import Bench, Report
from studies.run.threads import limit_threads

if TYPE_CHECKING:
    from rich.table import Table

    from studies.run.workers import Engine

STUDY = "waterfall"


def bench_study(
    *, engine: str, workers: int, blocks: int, report: Report = print
) -> dict[str, Any]:
    """Time a study with one worker and with several, one after the other.

    Every point simulates equally many blocks. Starting workers, or a cluster, and compiling the
    link are part of the time, as they are of a user's.

    Parameters
    ----------
    engine : {"local", "ray"}
        Engine that runs the points.
    workers : int
        Number of workers the second time.
    blocks : int
        Number of transport blocks of each point; rounded up to whole batches.
    report : callable
        Receives what is being timed, in a few words.

    Returns
    -------
    dict
        ``seconds`` by number of workers, ``speedup``, and whether all points ran and
        ``results.csv`` has the same bytes each time.
    """
    from studies.run.runner import run
    from studies.spec.load import load

    study = load(
        STUDY, overrides=[f"schemes.0.options={{block_errors: none, max_blocks: {blocks}}}"]
    )
    seconds: dict[str, float] = {}
    tables, failed = set(), 0
    with TemporaryDirectory() as folder:
        for count in (1, workers):
            report(f"{engine}, {count} worker{'s' * (count > 1)}")
            out = Path(folder) / str(count)
            start = time.perf_counter()
            with _engine(engine, count) as run_points:
                result = run(study, out, engine=run_points)
            seconds[str(count)] = time.perf_counter() - start
            failed += result.failed
            tables.add((out / "results.csv").read_bytes())
    return {
        "engine": engine,
        "points": result.points,
        "blocks": blocks,
        "threads": os.environ.get("TF_NUM_INTRAOP_THREADS"),
        "cores": os.cpu_count(),
        "seconds": seconds,
        "speedup": seconds["1"] / seconds[str(workers)],
        "failed": failed,
        "identical": len(tables) == 1,
    }


def _engine(name: str, workers: int) -> AbstractContextManager["Engine"]:
    if name == "ray":
        from studies.run.ray_engine import ray_engine

        return ray_engine(address=None, workers=workers, cpus=1, gpus=0)
    from studies.run.workers import run_in_processes

    return nullcontext(partial(run_in_processes, workers=workers))


def _measure(args: Namespace, report: Report) -> dict[str, Any]:
    check_flags(args, (("workers", 2, 4096), ("blocks", 1, 10**9), ("threads", 1, 4096)))
    limit_threads(args.threads)  # before NumPy is loaded, which makes its threads at once
    return bench_study(engine=args.engine, workers=args.workers, blocks=args.blocks, report=report)


def _table(result: dict[str, Any]) -> "Table":
    from rich.table import Table

    title = f"{result['points']} points of {result['blocks']} blocks, engine {result['engine']}"
    table = Table("workers", "time", "speed", title=title)
    for workers, seconds in result["seconds"].items():
        table.add_row(workers, f"{seconds:.1f} s", f"{result['seconds']['1'] / seconds:.2f}x")
    same = "the same" if result["identical"] else "NOT the same"
    table.caption = f"results.csv is {same}; {result['failed']} points failed"
    return table


def _add_flags(parser: ArgumentParser) -> None:
    text = "what runs the points: processes of this machine, or actors on Ray (default ray)"
    parser.add_argument("--engine", choices=("local", "ray"), default="ray", help=text)
    text = "number of workers the second time (default 2)"
    parser.add_argument("--workers", type=int, default=2, help=text)
    text = "transport blocks simulated at each point (default 16384)"
    parser.add_argument("--blocks", type=int, default=16_384, help=text)
    text = "threads of each worker (default 1)"
    parser.add_argument("--threads", type=int, default=1, help=text)


BENCH = Bench(
    "study", "time 24 points of a link by one worker and by several", _add_flags, _measure, _table
)
