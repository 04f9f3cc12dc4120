"""Workers, each with one point at a time: processes of this machine, or others of their kind.

Unlike a process pool this says which worker gets which point, so that a link compiled in a
worker is used there again; it notices a worker that died, and it can be stopped at once.
"""

import json
import multiprocessing
import shutil
import signal
import tempfile
import traceback
from collections import Counter, deque
from collections.abc import Callable, Generator, Hashable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Protocol

from linksim.errors import LinksimError
from studies.run.offspring import Watchdog, settle
from studies.run.plan import Point

PATIENCE = 10.0
"""Seconds for a process that is done to end."""
MOST_LINKS = 3
"""Different links that one worker compiles: TensorFlow keeps what it compiled, some 40 MB a link,
for as long as a process lives. Two more than the first are less than a tenth of what it holds."""

TEMPORARY = ".temporary"
"""Folder within that of a study that workers have folders of their own in."""

Work = Callable[[Point, Path], dict[str, Any]]


@dataclass(frozen=True)
class Failure:
    """Why a point has no record: one line, and where it was raised.

    Bad input would fail every point alike, so the run ends there. A lost worker says nothing of
    the point.
    """

    reason: str
    trace: str = ""
    bad_input: bool = False
    lost: bool = False


Result = tuple[Point, dict[str, Any] | Failure]
Engine = Callable[[Sequence[Point], Path, Work], Generator[Result]]
"""Runs points, and gives each back with its record as soon as it is there."""


class Worker(Protocol):
    """A worker, which `share_out` gives points to, one at a time."""

    def give(self, point: Point) -> Hashable:
        """Start a point; return what is waited for."""

    def answer(self) -> dict[str, Any] | Failure:
        """Return what became of the point that was waited for."""

    def end(self) -> None:
        """Let it go while it is idle."""

    def stop(self) -> None:
        """End it at once."""


def run_serially(points: Sequence[Point], folder: Path, work: Work) -> Generator[Result]:
    """Run points in this process, in the order given."""
    for point in points:
        try:
            yield point, work(point, folder)
        except LinksimError as error:
            yield point, Failure(str(error), bad_input=True)
        except Exception as error:
            text = " ".join(f"{type(error).__name__}: {error}".split())
            yield point, Failure(text[:300], traceback.format_exc())


def run_in_processes(
    points: Sequence[Point], folder: Path, work: Work, workers: int
) -> Generator[Result]:
    """Run points in processes of their own; results come as they are ready."""
    with Watchdog() as watchdog:
        yield from share_out(points, lambda: _Process(folder, work, watchdog), workers, wait)


def share_out(
    points: Sequence[Point],
    hire: Callable[[], Worker],
    workers: int,
    wait_for: Callable[[list[Any]], Iterable[Any]],
    retries: int = 0,
) -> Generator[Result]:
    """Share points among workers; results come as they are ready.

    Parameters
    ----------
    points : sequence of Point
        Points to run.
    hire : callable
        Makes a worker.
    workers : int
        Number of workers at a time.
    wait_for : callable
        Blocks until some of what `Worker.give` returned is ready, and returns that.
    retries : int
        Number of times that a point is given to another worker after one was lost with it.
    """
    pending = _Pending(points, retries)
    idle = [_Hired(hire()) for _ in range(min(workers, len(points)))]
    busy: dict[Hashable, tuple[_Hired, Point]] = {}
    try:
        while pending or busy:
            while pending and idle:
                hired = idle.pop()
                point, link = pending.take(hired.link, {other.link for other, _ in busy.values()})
                if link != hired.link and hired.links == MOST_LINKS:
                    hired.worker.end()
                    hired = _Hired(hire())
                busy[hired.start(point, link)] = hired, point
            while idle:  # what it holds, others may be waiting for
                idle.pop().worker.end()
            for ready in wait_for(list(busy)):
                hired, point = busy.pop(ready)
                result = hired.worker.answer()
                if not (isinstance(result, Failure) and result.lost):
                    idle.append(hired)
                    yield point, result
                    continue
                hired.worker.stop()
                idle.append(_Hired(hire()))
                if not pending.retry(point):
                    yield point, result
    finally:
        for hired, _ in busy.values():
            hired.worker.stop()
        for hired in idle:
            hired.worker.end()


@dataclass
class _Hired:
    """A worker, the link it is at and how many different ones it has been at."""

    worker: Worker
    link: str = ""
    links: int = 0

    def start(self, point: Point, link: str) -> Hashable:
        self.links += link != self.link
        self.link = link
        return self.worker.give(point)


class _Pending:
    """Points by the link that they need."""

    def __init__(self, points: Iterable[Point], retries: int) -> None:
        self._retries = retries
        self._lost: Counter[str] = Counter()
        self._by_link: dict[str, deque[Point]] = {}
        for point in points:
            self._put(point)

    def __bool__(self) -> bool:
        return bool(self._by_link)

    def retry(self, point: Point) -> bool:
        """Take back a point whose worker was lost, unless that was its last try."""
        self._lost[point.id] += 1
        if self._lost[point.id] > self._retries:
            return False
        self._put(point)
        return True

    def _put(self, point: Point) -> None:
        self._by_link.setdefault(link_of(point), deque()).append(point)

    def take(self, link: str, others: set[str]) -> tuple[Point, str]:
        """Prefer the link a worker has compiled, then one that no other worker is at."""
        free = (other for other in self._by_link if other not in others)
        chosen = link if link in self._by_link else next(free, next(iter(self._by_link)))
        point = self._by_link[chosen].popleft()
        if not self._by_link[chosen]:
            del self._by_link[chosen]
        return point, chosen


def link_of(point: Point) -> str:
    """Return what tells the link of a point from others."""
    return json.dumps([point.channel, getattr(point.scheme, "link", None)], default=str)


class _Process:
    def __init__(self, folder: Path, work: Work, watchdog: Watchdog) -> None:
        context = multiprocessing.get_context("spawn")  # TensorFlow does not survive a fork
        self.connection, theirs = context.Pipe()
        (folder / TEMPORARY).mkdir(parents=True, exist_ok=True)
        self.temporary = tempfile.mkdtemp(dir=(folder / TEMPORARY).absolute())
        given = (theirs, folder, work, self.temporary)
        self.process = context.Process(target=_serve, args=given, daemon=True)
        self.process.start()
        self.watchdog = watchdog
        watchdog.guard(self.process.pid)
        theirs.close()  # else it would stay open when the worker dies, and wait() would not return

    def give(self, point: Point) -> Connection:
        with suppress(OSError):  # it died while idle; answer() says so
            self.connection.send(point)
        return self.connection

    def answer(self) -> dict[str, Any] | Failure:
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            code = self.process.exitcode
            return Failure(f"worker died with exit code {code}; out of memory?", lost=True)

    def end(self) -> None:
        """Let an idle process end by itself, which frees what its libraries hold."""
        self.connection.close()
        self.process.join(PATIENCE)
        self.stop()

    def stop(self) -> None:
        self.process.terminate()
        self.process.join()
        self.watchdog.release(self.process.pid)
        self.connection.close()
        shutil.rmtree(self.temporary, ignore_errors=True)


def _serve(connection: Connection, folder: Path, work: Work, temporary: str) -> None:
    settle(temporary)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    try:
        while True:
            point = connection.recv()
            connection.send(next(run_serially([point], folder, work))[1])
    except (EOFError, OSError):  # the parent is gone
        return
