"""Processes that end with the one that started them, and keep their temporary files together."""

import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from typing import Self

PR_SET_PDEATHSIG = 1
"""Option of prctl(2): the signal that a process gets when its parent has died."""
_WATCH = """
import os, signal, sys
guarded = set()
for line in sys.stdin:
    (guarded.add if line[0] == "+" else guarded.discard)(int(line[1:]))
for pid in guarded:
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass
"""
"""What a watchdog runs: its input ends when the process that writes to it has ended."""


class Watchdog:
    """A small process that ends others at once when this one has died, whatever they are at.

    A process that is still importing what it needs cannot have asked for its own end (`settle`),
    and TensorFlow takes seconds to import.

    Examples
    --------
    >>> with Watchdog() as watchdog:
    ...     watchdog.guard(process.pid)
    ...     process.join()
    ...     watchdog.release(process.pid)
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _WATCH],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C and signals to the group are not for it
        )

    def guard(self, pid: int | None) -> None:
        """End a process, which has been started, together with this one."""
        self._tell(f"+{pid}\n")

    def release(self, pid: int | None) -> None:
        """Forget a process that has ended: another may get its number."""
        self._tell(f"-{pid}\n")

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # it was killed; processes have asked for their end themselves
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def __enter__(self) -> Self:
        """Return the watchdog."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let it go: what it guarded has ended, and others may have got the numbers."""
        self._process.kill()
        with suppress(OSError):
            self._process.communicate()


def settle(temporary: str) -> None:
    """Let this process end as soon as its parent has, and use a folder for temporary files.

    Parameters
    ----------
    temporary : str
        A folder of this process alone, which whoever made it removes: what a process leaves
        behind that is ended at once, as TensorFlow's generated code, goes with it.
    """
    os.environ["TMPDIR"] = temporary
    tempfile.tempdir = None  # which has what it was before
    if sys.platform == "linux":  # where the kernel sees to it, whatever this process is at
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Wait for the end of the parent, which may have come before the kernel was told."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
