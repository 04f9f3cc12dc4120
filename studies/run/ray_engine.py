"""Workers on a Ray cluster: one of this machine, or a real one.

::

    this process ──point──▶ actor (CPUs, a share of a GPU) ──record──▶ this process ──▶ points/

Which point goes where, and what is kept, is as with processes of this machine, see
`studies.run.workers`. Actors and this process see the study's folder under the same path.
"""

import math
import os
import signal
import socket
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from linksim.errors import LinksimError
from studies.run.plan import Point
from studies.run.workers import Engine, Failure, Result, Work, run_serially, share_out

RETRIES = 2
"""Number of times that a point is tried again after its worker was lost."""
STORE_BYTES = 2**27
"""Shared memory of a local cluster; a record is some kilobytes."""
TOKEN = "; if it asks for a token, set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN as it has them"
PATIENCE = 5.0
"""Seconds for a cluster to take a connection, and as many to say something."""
HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""First bytes of a client of gRPC, which Ray speaks: preface and empty SETTINGS (RFC 9113, 3.4)."""
SETTINGS = 4
"""Type of the frame that a server begins with, the fourth byte of it (RFC 9113, 3.4 and 4.1)."""
CARRIED = ("TF_", "XLA_", "OMP_", "NUMBA_", "OPENBLAS_", "LINKSIM_", "KERAS_")
"""Environment variables, by how they begin, that decide how a point is computed."""


@contextmanager
def ray_engine(*, address: str | None, workers: int, cpus: float, gpus: float) -> Iterator[Engine]:
    """Connect to a cluster for as long as a study runs.

    Parameters
    ----------
    address : str or None
        Address of a cluster, ``"host:port"``, or ``"auto"`` for that of this machine; None starts
        one here that ends with this process.
    workers : int
        Actors, each with one point at a time.
    cpus, gpus : float
        CPUs and GPUs that each actor asks the cluster for.

    Raises
    ------
    LinksimError
        If Ray is not installed, the cluster does not answer, or no node of it has what an actor
        asks for.
    """
    _set_up(address)
    try:
        import ray
    except ImportError:
        raise LinksimError(
            "--engine ray: Ray is not installed; install it with pip install 'linksim[ray]'"
        ) from None
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "CRITICAL"}
    on_sigterm = signal.getsignal(signal.SIGTERM)
    try:
        if address is None:
            cores = math.ceil(workers * cpus)
            own = {"include_dashboard": False, "object_store_memory": STORE_BYTES}
            # "local", or it would join a cluster that someone else started here.
            ray.init(address="local", num_cpus=cores, **own, **quiet)
        else:
            _check_answers(address)
            ray.init(address=address, **quiet)
    except LinksimError:
        raise
    except Exception as error:  # Ray raises anything
        where, hint = (f" at {address}", TOKEN) if address else ("", "")
        reason = str(error).strip().partition("\n")[0]
        raise LinksimError(f"--engine ray: no Ray cluster{where}: {reason}{hint}") from None
    try:
        if on_sigterm is not None and signal.getsignal(signal.SIGTERM) != on_sigterm:
            signal.signal(signal.SIGTERM, on_sigterm)  # Ray's own would skip the farewell
        _check_fits(ray.nodes(), cpus, gpus)
        yield partial(_run, workers=workers, cpus=cpus, gpus=gpus)
    finally:
        ray.shutdown()


def _set_up(address: str | None) -> None:
    """Set what Ray reads when it is loaded: no reports to its makers, no endless tries."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if address is not None:  # it would else try a quarter of an hour where something else answers
        os.environ.setdefault("RAY_NUM_REDIS_GET_RETRIES", "1")


def _check_answers(address: str) -> None:
    """Find out at once, where Ray itself would try for a minute, in lines of its own."""
    if address == "auto":
        return
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or "/" in host:
        raise LinksimError(f"--address {address}: not of the form host:port, nor auto")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), PATIENCE) as connection:
            _check_greeting(connection)
    except (OSError, OverflowError) as error:
        raise LinksimError(
            f"--address {address}: no Ray cluster answers there: {error}; "
            "start one with: ray start --head"
        ) from None


def _check_greeting(connection: socket.socket) -> None:
    """Raise `OSError` unless a server of gRPC is there; behind TLS it is left to Ray."""
    if os.environ.get("RAY_USE_TLS", "0").lower() in ("1", "true"):
        return
    connection.sendall(HELLO)
    with connection.makefile("rb") as stream:
        frame = stream.read(9)
    if len(frame) < 9 or frame[3] != SETTINGS:
        raise OSError("what answers is something else")


def _check_fits(nodes: Sequence[dict[str, Any]], cpus: float, gpus: float) -> None:
    """Check that some node has what an actor asks for, which would else wait for ever."""
    have = [node["Resources"] for node in nodes if node["Alive"]]
    for flag, name, asked in (("--cpus", "CPU", cpus), ("--gpus", "GPU", gpus)):
        most = max((node.get(name, 0) for node in have), default=0)
        if asked > most:
            raise LinksimError(f"{flag} {asked:g}: no node of the Ray cluster has more than "
                               f"{most:g} {name}")  # fmt: skip
    if not any(n.get("CPU", 0) >= cpus and n.get("GPU", 0) >= gpus for n in have):
        raise LinksimError(f"no node of the Ray cluster has {cpus:g} CPU and {gpus:g} GPU at once")


def _run(
    points: Sequence[Point], folder: Path, work: Work, *, workers: int, cpus: float, gpus: float
) -> Generator[Result]:
    import ray

    actor = ray.remote(_Serve).options(
        num_cpus=cpus, num_gpus=gpus, runtime_env={"env_vars": _environment()}
    )
    # The work goes by name, or whole where it has none: once, and not with each actor.
    hire = partial(_Actor, actor, folder.absolute(), ray.put(work))
    return share_out(points, hire, workers, lambda refs: ray.wait(refs)[0], RETRIES)


def _environment() -> dict[str, str]:
    """Return what makes an actor compute as a process of this machine would."""
    carried = {k: v for k, v in os.environ.items() if k.startswith(CARRIED)}
    # Else Ray sets it to the CPUs asked for, and sums might be taken in another order.
    carried.setdefault("OMP_NUM_THREADS", "")
    if os.environ.get("CUDA_VISIBLE_DEVICES") == "-1":  # of --device cpu
        carried["CUDA_VISIBLE_DEVICES"] = "-1"
    paths = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    return carried | {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, paths))}


class _Serve:
    """An actor, which runs points on the cluster."""

    def __init__(self, folder: Path, work: Work) -> None:
        self._folder, self._work = folder, work

    def run(self, point: Point) -> dict[str, Any] | Failure:
        return next(run_serially([point], self._folder, self._work))[1]


class _Actor:
    """This process's end of one."""

    def __init__(self, actor: Any, folder: Path, work: Any) -> None:
        self._actor = actor.remote(folder, work)

    def give(self, point: Point) -> Any:
        self._ref = self._actor.run.remote(point)
        return self._ref

    def answer(self) -> dict[str, Any] | Failure:
        import ray

        try:
            return ray.get(self._ref)
        except ray.exceptions.RayError as error:
            reason = " ".join(str(error).split())
            return Failure(f"worker lost {RETRIES + 1} times, last: {reason[:200]}", lost=True)

    def end(self) -> None:
        self.stop()

    def stop(self) -> None:
        import ray

        ray.kill(self._actor)
