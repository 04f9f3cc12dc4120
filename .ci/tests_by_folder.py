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
MOST_BYTES = 90_000
"""Text of the tests of one process, about: as much as keeps it well below 3 GB."""
SOURCE = "linksim,semantic,baselines,studies"
# Numba compiles the bytecode of these, which must not hold the probes that count lines.
COMPILED = "linksim/phy/coding/min_sum.py,linksim/phy/coding/stopping.py"


def folders(root: Path) -> list[list[str]]:
    """Return lists of files, one list a process, those of most text first.

    A process has the tests of a folder, of a part of a large one, or of several small ones.
    """
    groups: list[list[str]] = []
    for top in sorted(root.glob("*/")):
        packed: list[list[str]] = []
        for files in sorted(_parts(top), key=_text, reverse=True):
            room = (group for group in packed if _text(group) + _text(files) <= MOST_BYTES)
            if group := next(room, None):
                group += files
            else:
                packed.append(files)
        groups += packed
    return sorted(groups, key=_text, reverse=True)


def _parts(top: Path) -> list[list[str]]:
    """Return the files of each folder of a part of the project, those of a large one in parts."""
    parts = []
    for folder in [top, *top.glob("*/")]:
        inside = folder.glob if folder == top else folder.rglob
        files = sorted(map(str, inside("test_*.py")), key=_size)
        count = -(-_text(files) // MOST_BYTES)
        parts += [files[part::count] for part in range(count)]
    return parts


def _text(files: list[str]) -> int:
    return sum(map(_size, files))


def _size(file: str) -> int:
    return Path(file).stat().st_size


def _run(command: list[str], paths: list[str]) -> bool:
    """Run one process and print its output and a line about it; return whether it passed."""
    start = time.monotonic()
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen([*command, *paths], stdout=log, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        code = process.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        name = ", ".join([str(Path(paths[0]).parent), *(Path(path).name for path in paths)])
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
