"""Progress of what takes minutes: a bar on a terminal, a line every 30 s elsewhere."""

import sys
import threading
import time
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

SPEED_SECONDS = 3600.0
"""Time in s that the speed is estimated from; some points take minutes, and it needs two."""

LINE_SECONDS = 30.0
"""Time in s between two lines where there is no terminal."""


class Lines:
    """Progress as lines of text on stderr, for logs; it has what is used of `Progress`.

    Parameters
    ----------
    console : Console
        Receives the lines.
    every : float
        Time in s between two lines.
    """

    def __init__(self, console: Console, every: float = LINE_SECONDS) -> None:
        self.console = console
        self._every, self._over = every, threading.Event()
        self._what, self._total, self._done, self._kept = "", 0, 0, 0
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._report, daemon=True)

    def __enter__(self) -> "Lines":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def add_task(self, description: str, *, total: int, completed: int = 0) -> int:
        """Begin to count; there is one task."""
        self._what, self._total, self._done, self._kept = description, total, completed, completed
        self._began = time.monotonic()
        return 0

    def advance(self, task: int, advance: int = 1) -> None:
        """Count what is done."""
        self._done += advance

    def line(self) -> str:
        """Return how far it is."""
        new, spent = self._done - self._kept, time.monotonic() - self._began
        left = _duration(spent / new * (self._total - self._done)) if new else "unknown"
        return (
            f"{self._done} of {self._total} {self._what}, {_duration(spent)} so far, left: {left}"
        )

    def _report(self) -> None:
        while not self._over.wait(self._every):
            if self._total:
                self.console.print(self.line(), markup=False, highlight=False, soft_wrap=True)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def progress_bar() -> Any:
    """Return a bar with the time that is left on a terminal, and `Lines` elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return Lines(Console(file=sys.stderr))
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, transient=True, speed_estimate_period=SPEED_SECONDS)
