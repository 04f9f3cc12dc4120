"""Local worker processes, each with one point at a time.

Unlike a process pool this says which process gets which point, so that a link compiled in a
process is used there again; it notices a process that died, and it can be stopped at once.
"""

import multiprocessing
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from linksim.errors import LinksimError
from studies.plan import Point

PATIENCE = 10.0
"""Seconds for a process that is done to end."""

Work = Callable[[Point, Path], dict[str, Any]]


@dataclass(frozen=True)
class Failure:
    """Why a point has no record: one line, and where it was raised.

    Bad input would fail every point alike, so the run ends there.
    """

    reason: str
    trace: str = ""
    bad_input: bool = False


Result = tuple[Point, dict[str, Any] | Failure]


def run_serially(points: Sequence[Point], folder: Path, work: Work) -> Iterator[Result]:
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
) -> Iterator[Result]:
    """Run points in processes of their own; results come as they are ready."""
    pending = list(points)
    idle: list[_Worker] = [_Worker(folder, work) for _ in range(min(workers, len(points)))]
    busy: dict[Connection, _Worker] = {}
    try:
        while pending or busy:
            while pending and idle:
                worker = idle.pop()
                point = _choose(pending, worker, [w.link for w in busy.values()])
                pending.remove(point)
                worker.give(point)
                busy[worker.connection] = worker
            for connection in wait(list(busy)):
                worker = busy.pop(connection)  # type: ignore[arg-type]
                result = worker.answer()
                idle.append(worker if worker.process.is_alive() else _Worker(folder, work))
                yield result
    finally:
        for worker in busy.values():
            worker.stop()
        for worker in idle:
            worker.end()


def _choose(pending: list[Point], worker: "_Worker", others: list[Any]) -> Point:
    """Prefer the link this worker has compiled, then one that no other worker is at."""
    same = (p for p in pending if _link(p) == worker.link)
    free = (p for p in pending if _link(p) not in others)
    return next(same, None) or next(free, None) or pending[0]


def _link(point: Point) -> Any:
    return point.channel, point.scheme.model_dump(include={"link"})


class _Worker:
    def __init__(self, folder: Path, work: Work) -> None:
        context = multiprocessing.get_context("spawn")  # TensorFlow does not survive a fork
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, folder, work), daemon=True)
        self.process.start()
        theirs.close()  # else a dead worker's pipe would stay open and wait() would not return
        self.link: Any = None

    def give(self, point: Point) -> None:
        self.point, self.link = point, _link(point)
        with suppress(OSError):  # it died while idle; answer() says so
            self.connection.send(point)

    def answer(self) -> Result:
        try:
            return self.point, self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            code = self.process.exitcode
            return self.point, Failure(f"worker died with exit code {code}; out of memory?")

    def end(self) -> None:
        """Let an idle process end by itself, which frees what its libraries hold."""
        self.connection.close()
        self.process.join(PATIENCE)
        self.stop()

    def stop(self) -> None:
        self.process.terminate()
        self.process.join()
        self.connection.close()


def _serve(connection: Connection, folder: Path, work: Work) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    try:
        while True:
            point = connection.recv()
            connection.send(next(run_serially([point], folder, work))[1])
    except (EOFError, OSError):  # the parent is gone
        return
