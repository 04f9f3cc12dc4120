"""Runs damaged input through commands, and looks at how they end.

::

    python harness.py --cases 2000 --seconds 300 --seed 1

A case is a pure function of the seed and its number; ``--only NUMBER`` runs one again, and keeps
its folder. Cases run in processes, which may die of one: that is a failure as well.
"""

import argparse
import contextlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from unittest import mock

HERE = Path(__file__).parent
PATHS = [str(HERE), str(HERE.parent), str(HERE.parents[2])]
MOST_MEMORY = 2 * 10**9
"""Most bytes that a process may have held."""
LONGEST = 40
"""Seconds that a case may take."""


def main() -> int:
    """Run cases in some processes; print what fails, and return 1 if anything does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2000, help="number of cases (default 2000)")
    parser.add_argument("--seconds", type=float, default=300, help="longest time (default 300 s)")
    parser.add_argument("--seed", type=int, default=1, help="seed of all cases (default 1)")
    parser.add_argument("--workers", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--only", type=int, help="number of the one case to run (default all)")
    args = parser.parse_args()
    done, failures = fuzz(args.seed, args.cases, args.seconds, args.workers, args.only)
    for line in failures:
        print(line)
    print(f"{done} cases, {len(failures)} failed")
    return 1 if failures else 0


def fuzz(
    seed: int, cases: int, seconds: float, workers: int, only: int | None = None
) -> tuple[int, list[str]]:
    """Run cases; return how many were run, and a text for each that failed."""
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="fuzz-") as base:
        lanes = [_Lane(seed, cases, n, workers, Path(base), only) for n in range(workers)]
        while any(lane.busy for lane in lanes) and time.monotonic() < end:
            time.sleep(0.2)
            for lane in lanes:
                lane.look()
        for lane in lanes:
            lane.stop()
        return sum(lane.done for lane in lanes), [line for lane in lanes for line in lane.failures]


class _Lane:
    """Every n-th case, in one process after the other."""

    def __init__(
        self, seed: int, cases: int, first: int, step: int, base: Path, only: int | None
    ) -> None:
        self.numbers = list(range(first, cases, step))
        if only is not None:
            self.numbers = [only] if first == 0 else []
        self.seed, self.base, self.keep = seed, base / str(first), only is not None
        self.done, self.failures, self.busy = 0, list[str](), True
        self.process: subprocess.Popen[bytes] | None = None

    def look(self) -> None:
        """Go on after what has ended."""
        if self.process and self.process.poll() is None:
            return
        self._read()
        if not self.numbers:
            self.busy = False
            return
        shutil.rmtree(self.base, ignore_errors=True)
        self.base.mkdir()
        self.log = (self.base / "log").open("wb")
        words = ["serve", str(self.seed), str(self.base), str(int(self.keep))]
        words += map(str, self.numbers)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(PATHS), "MPLBACKEND": "agg"}
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "harness.py"), *words],
            stdout=self.log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=environment,
        )

    def _read(self) -> None:
        """Take what a process has said; a case that was begun and has no end has killed it."""
        if self.process is None:
            return
        self.log.close()
        begun = None
        text = (self.base / "log").read_text(errors="replace")
        for line in text.split("\x1e"):
            word, _, rest = line.partition(" ")
            if word == "begin":
                begun = int(rest)
            elif word == "end" and begun is not None:
                self.numbers.remove(begun)
                self.done += 1
                if rest.strip():
                    self.failures.append(f"case {begun}: {rest.strip()}")
                begun = None
        if begun is None and self.process.returncode and self.numbers:
            self.failures.append(f"the process ended: {text[-2000:]}")
            self.numbers = []
        elif begun is not None and self.process.returncode:
            self.numbers.remove(begun)
            self.done += 1
            ended = self.process.returncode
            how = f"signal {signal.Signals(-ended).name}" if ended < 0 else f"exit code {ended}"
            case = (self.base / "case").read_text()
            self.failures.append(f"case {begun}: the process ended with {how}: {case}")
        self.process = None

    def stop(self) -> None:
        """End what runs, and count what it has done."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process.returncode = 0
        self._read()


def serve(seed: int, base: Path, keep: bool, numbers: list[int]) -> None:
    """Run cases in this process, and say of each when it begins and how it ended."""
    import cases

    import studies.run.runner

    kept = studies.run.runner.run.__kwdefaults__
    assert kept is not None
    # No link is compiled: what is read and written is what counts.
    kept["work"] = cases.reads_weights
    cases.prepare(base / "base")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in numbers:
        _say("begin", number)
        signal.alarm(LONGEST)
        fault = _one(seed, number, base, keep)
        signal.alarm(0)
        _say("end", fault)


def _say(word: str, rest: object) -> None:
    sys.stdout.write(f"\x1e{word} {rest}\x1e")
    sys.stdout.flush()


def _one(seed: int, number: int, base: Path, keep: bool) -> str:
    """Run one case; return what is wrong with how it ended, or nothing."""
    import cases

    folder = base / "case-folder"
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("cwd", "tmp"):
        (folder / name).mkdir(parents=True)
    case = cases.make(random.Random(f"{seed}/{number}"), base / "base", folder)
    told = f"{case.kind}: linksim {' '.join(word[:80] for word in case.argv)!a}"
    (base / "case").write_text(told)
    before = _listed(folder)
    os.environ |= {"TMPDIR": str(folder / "tmp"), "LINKSIM_IMPORT": ""}
    tempfile.tempdir = None
    os.chdir(folder / "cwd")
    with contextlib.ExitStack() as stack:
        if case.kind not in cases.DRAWN:  # what a page shows is the same each time
            page = "studies.report.page.write_report"
            stack.enter_context(mock.patch(page, lambda folder, **_: folder))
        code, said = _run(case.argv, folder)
    os.chdir(base)
    after = _listed(folder)
    faults = [
        f"exit code {code}" if code not in (0, 1, 2) else "",
        "a traceback" if "Traceback" in said else "",
        "no line says why" if code == 2 and "linksim: " not in said else "",
        f"files changed: {sorted(before ^ after)[:3]}" if before != after else "",
        f"{_held() / 1e9:.1f} GB" if _held() > MOST_MEMORY else "",
    ]
    if keep:
        print(f"{told}\n{code}\n{said}\n{folder}")
        shutil.copytree(folder, base.parent.parent / "fuzz-case", symlinks=True, dirs_exist_ok=True)
    if not any(faults):
        return ""
    return f"{', '.join(filter(None, faults))}: {told}\n{said[-3000:]}"


def _run(argv: list[str], folder: Path) -> tuple[object, str]:
    """Run a command; return its exit code, and what it or its libraries printed on stderr."""
    from linksim.errors import warn_once
    from studies.cli.main import main as linksim

    warn_once.cache_clear()
    log = folder / "said"
    with log.open("w+b") as file:
        kept = os.dup(1), os.dup(2)
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            with contextlib.ExitStack() as stack:
                for name, number in (("stdout", 1), ("stderr", 2)):
                    opened = os.fdopen(os.dup(number), "w", errors="backslashreplace")
                    stack.enter_context(opened)
                    stack.enter_context(getattr(contextlib, f"redirect_{name}")(opened))
                try:
                    code: object = linksim(argv)
                except BaseException:
                    code = "none"
                    traceback.print_exc()
        finally:
            for number, saved in zip((1, 2), kept, strict=True):
                os.dup2(saved, number)
                os.close(saved)
    said = log.read_bytes().decode(errors="replace")
    log.unlink()
    return code, said


def _listed(folder: Path) -> set[tuple[str, int]]:
    """Return the files that a command must leave alone, and their times."""
    found = set()
    for top in ("in", "cwd"):
        for path in (folder / top).rglob("*"):
            is_file = path.is_file() and not path.is_symlink()
            found.add((str(path.relative_to(folder)), path.stat().st_mtime_ns if is_file else 0))
    return found


def _held() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4] == "1", list(map(int, sys.argv[5:])))
    else:
        sys.exit(main())
