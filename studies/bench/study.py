"""Speed of a whole study: the same 24 points of pure link simulation by one worker and by more."""

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from studies.run.ray_engine import ray_engine
from studies.run.runner import run
from studies.run.workers import Engine, run_in_processes
from studies.spec.load import load

STUDY = "waterfall"


def bench_study(
    *, engine: str, workers: int, blocks: int, report: Callable[[str], object]
) -> dict[str, Any]:
    """Time a study with one worker and with several, one after the other.

    Every point simulates equally many blocks. Starting workers, or a cluster, and compiling the
    link are part of the time, as they are of a user's.

    Parameters
    ----------
    engine : {"local", "ray"}
        What runs the points.
    workers : int
        How many, the second time.
    blocks : int
        Of each point; rounded up to whole batches.
    report : callable
        Told what is being timed.

    Returns
    -------
    dict
        ``seconds`` by number of workers, ``speedup``, and whether all points ran and
        ``results.csv`` has the same bytes each time.
    """
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


def _engine(name: str, workers: int) -> AbstractContextManager[Engine]:
    if name == "ray":
        return ray_engine(address=None, workers=workers, cpus=1, gpus=0)
    return nullcontext(partial(run_in_processes, workers=workers))
