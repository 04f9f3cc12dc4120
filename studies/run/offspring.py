"""Processes that end with the one that started them, and keep their temporary files together."""

import ctypes
import multiprocessing
import os
import signal
import sys
import tempfile
import threading

PR_SET_PDEATHSIG = 1
"""Option of prctl(2): the signal that a process gets when its parent has died."""


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
