"""A watchdog ends the processes that it guards once the one that it serves has died."""

import os
import signal
import subprocess
import sys
import time

import pytest

PARENT = """
import subprocess, sys, time
from studies.run.offspring import Watchdog

sleep = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
guarded, released = (subprocess.Popen(sleep) for _ in range(2))
watchdog = Watchdog()
for process in (guarded, released):
    watchdog.guard(process.pid)
watchdog.release(released.pid)
print(guarded.pid, released.pid, flush=True)
time.sleep(60)
"""


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    if sys.platform != "linux":
        return True
    with open(f"/proc/{pid}/stat") as stat:  # one that nobody waits for is dead all the same
        return stat.read().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGKILL")
def test_what_is_guarded_ends_with_its_parent_and_what_is_released_does_not() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    guarded, released = map(int, parent.stdout.readline().split())
    try:
        assert alive(guarded)
        parent.kill()
        parent.wait()
        end = time.monotonic() + 20.0
        while alive(guarded) and time.monotonic() < end:
            time.sleep(0.02)
        assert not alive(guarded)
        assert alive(released)
    finally:
        parent.stdout.close()
        os.kill(released, signal.SIGKILL)
