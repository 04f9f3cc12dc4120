"""A study that is killed, or whose workers are: nothing is lost, and nobody is left behind."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fake_parts import fake_record

from studies.run.runner import run
from studies.run.store import Store
from studies.run.workers import TEMPORARY
from studies.spec.load import load

KILLS = int(os.environ.get("LINKSIM_KILLS", "4"))
"""Times that the study is killed."""
EARLY = 0.25
"""Share of kills that may come before there are workers."""
LONGEST = 5.0 if "LINKSIM_KILLS" in os.environ else 30.0
"""Seconds for all processes to end, once the first has; one that starts has to see it first, which
takes long where other tests keep the processors busy."""
RUN = """
import sys
from pathlib import Path
from fake_parts import slow_record
from studies.run.runner import run
from studies.spec.load import load

if __name__ == "__main__":
    study, out = map(Path, sys.argv[1:])
    run(load(study), out, workers=2, work=slow_record)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def _below(parent: int) -> set[int]:
    """Return the processes that a process has started, and those that they have."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit():
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                parents[int(folder.name)] = int(fields[1])
        except OSError:
            continue
    found, waiting = set(), {parent}
    while waiting:
        waiting = {pid for pid, of in parents.items() if of in waiting} - found
        found |= waiting
    return found


def _alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def _described(pid: int) -> str:
    stat, command = (Path(f"/proc/{pid}/{name}").read_text() for name in ("stat", "cmdline"))
    return f"{pid}: {' '.join(stat.split()[2:4])} {command}"


def _left_of(family: set[int]) -> list[str]:
    """Describe the processes of a family that are alive after the longest time to end."""
    end = time.monotonic() + LONGEST
    while any(map(_alive, family)) and time.monotonic() < end:
        time.sleep(0.05)
    return [_described(pid) for pid in family if _alive(pid)]


def _wait_for_workers(process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 60.0
    while process.poll() is None and len(_below(process.pid)) < 2 and time.monotonic() < end:
        time.sleep(0.05)


def test_a_study_survives_being_killed(study_file: Path, tmp_path: Path) -> None:
    """Kill it, or a worker, at random moments; what it ends with is what an undisturbed one has."""
    script, out = tmp_path / "run_it.py", tmp_path / "out"
    script.write_text(RUN)
    run(load(study_file), tmp_path / "undisturbed", work=fake_record)
    rng, killed, at_work = random.Random(1), 0, 0
    while killed < KILLS:
        process = subprocess.Popen(
            [sys.executable, str(script), str(study_file), str(out)], stderr=subprocess.DEVNULL
        )
        if rng.random() < EARLY:
            time.sleep(rng.uniform(0.1, 3.0))
        else:
            _wait_for_workers(process)
            time.sleep(rng.uniform(0.0, 2.0))
        family = {process.pid} | _below(process.pid)
        if process.poll() is None:
            victim = rng.choice([process.pid, rng.choice(sorted(family))])
            os.kill(victim, signal.SIGKILL)
            killed += 1
            at_work += len(family) > 2
            if victim != process.pid:  # the rest is done without that worker, or not at all
                process.wait(timeout=120)
            process.wait()
            assert not _left_of(family)
        if len(list((out / "points").glob("*.json"))) == 24:  # then once more, from the start
            for path in (out / "points").iterdir():
                path.unlink()
    assert at_work
    run(load(study_file), out, workers=2, work=fake_record)
    assert not (out / TEMPORARY).exists()
    assert (out / "results.csv").read_bytes() == (
        tmp_path / "undisturbed" / "results.csv"
    ).read_bytes()
    assert len([p for p in Store(out).planned() if Store(out).finished(p)]) == 24


WAITS = """
import sys, time
from pathlib import Path
from fake_parts import fake_record
from studies.run.runner import run
from studies.spec.load import load

def waits(point, folder):
    (Path(sys.argv[2]) / "at-work").touch()
    time.sleep(60.0)
    return fake_record(point, folder)

if __name__ == "__main__":
    study, out = map(Path, sys.argv[1:])
    run(load(study), out, workers=2, work=waits)
"""


def test_workers_end_in_the_midst_of_a_point(study_file: Path, tmp_path: Path) -> None:
    """Once the process that started them is killed; they went on until their point was done."""
    script, out = tmp_path / "waits.py", tmp_path / "out"
    script.write_text(WAITS)
    process = subprocess.Popen([sys.executable, str(script), str(study_file), str(out)])
    end = time.monotonic() + 120.0
    while not (out / "at-work").exists() and time.monotonic() < end:
        time.sleep(0.05)
    family = {process.pid} | _below(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    left = _left_of(family)
    for pid in filter(_alive, family):
        os.kill(pid, signal.SIGKILL)
    assert len(family) > 1
    assert not left


GENERATES = """
import os, sys, tempfile
from pathlib import Path
from fake_parts import fake_record
from studies.run.runner import run
from studies.spec.load import load

def leaves_files(point, folder):
    with tempfile.NamedTemporaryFile(prefix="__autograph_generated_file", delete=False):
        return fake_record(point, folder)

if __name__ == "__main__":
    study, out = map(Path, sys.argv[1:])
    run(load(study), out, workers=2, work=leaves_files)
"""


def test_temporary_files_of_workers_go_with_them(study_file: Path, tmp_path: Path) -> None:
    script, temporary = tmp_path / "leaves.py", tmp_path / "temporary"
    script.write_text(GENERATES)
    temporary.mkdir()
    words = [sys.executable, str(script), str(study_file), str(tmp_path / "out")]
    subprocess.run(words, check=True, env={**os.environ, "TMPDIR": str(temporary)})
    assert not list(temporary.iterdir())
    assert not list((tmp_path / "out").rglob("*autograph*"))
