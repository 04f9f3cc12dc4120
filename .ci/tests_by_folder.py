"""Run the tests folder by folder, two processes at a time, and print what each took.

TensorFlow keeps all that it compiles for as long as its process lives. A process for each folder
bounds the memory, and a core that is done with one folder takes the next.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from queue import Empty, Queue

WORKERS = 2
SOURCE = "linksim,semantic,baselines,studies"
# Numba compiles the bytecode of these, which must not hold the probes that count lines.
COMPILED = "linksim/phy/coding/min_sum.py"


def folders(root: Path) -> list[list[str]]:
    """Return lists of paths, one list a process: a folder with tests, those of most text first."""
    groups = [[str(path)] for path in root.glob("*/*/") if any(path.rglob("test_*.py"))]
    for folder in root.glob("*/"):
        if files := sorted(str(path) for path in folder.glob("test_*.py")):
            groups.append(files)
    return sorted(groups, key=lambda paths: -sum(map(_size, map(Path, paths))))


def _size(path: Path) -> int:
    return sum(
        file.stat().st_size for file in (path.rglob("test_*.py") if path.is_dir() else [path])
    )


def _run(command: list[str], paths: list[str]) -> bool:
    """Run one process and print its output and a line about it; return whether it passed."""
    start = time.monotonic()
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen([*command, *paths], stdout=log, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        code = process.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        name = paths[0] if len(paths) == 1 else f"{Path(paths[0]).parent}/*.py"
        took = f"{time.monotonic() - start:.0f} s, {usage.ru_utime + usage.ru_stime:.0f} CPU s"
        took += f", {usage.ru_maxrss / 2**20:.1f} GB"
        print(f"== {name}: exit code {code}, {took}\n{log.read()}", flush=True)
    return code == 0


def _command(paths: list[str], counts: bool) -> list[str]:
    """Return the command for a process; what it counts is for ``coverage_by_room.py``."""
    counted: list[str] = []
    if counts:
        name = Path(paths[0]).with_suffix("").as_posix().replace("/", "-")
        counted = [
            "slipcover",
            "--source",
            SOURCE,
            "--omit",
            COMPILED,
            "--json",
            "--out",
            f".coverage.{name}.json",
            "-m",
        ]
    return [sys.executable, "-m", *counted, "pytest", "-q", "-p", "no:cacheprovider"]


def main() -> int:
    """Run all, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--coverage", action="store_true", help="count the lines that tests run")
    counts = parser.parse_args().coverage
    queue: Queue[list[str]] = Queue()
    for paths in folders(Path("tests")):
        queue.put(paths)
    passed: list[bool] = []

    def work() -> None:
        try:
            while True:
                paths = queue.get_nowait()
                passed.append(_run(_command(paths, counts), paths))
        except Empty:
            return

    threads = [threading.Thread(target=work) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 0 if all(passed) else 1


sys.exit(main())
