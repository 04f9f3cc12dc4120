"""Resident memory of a study as it goes, with one worker."""

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from studies.run.plan import Point
from studies.run.point import run_point
from studies.run.runner import run
from studies.spec.study import LINK_ALONE, Study

LEVEL = 50
"""The point whose level the others are held against."""
LOG = "memory.txt"
SNR_VALUES = 25
LEAST_SUBCARRIERS = 12


def bench_memory(
    *, points: int, links: int, scheme: str, clip: str, report: Callable[[str], object]
) -> dict[str, Any]:
    """Run a study over small links and note the memory after each point.

    Parameters
    ----------
    points : int
        At least so many; each is one batch of blocks, or one clip.
    links : int
        Different ones, each of which has to be compiled.
    scheme : str
        What crosses them: ``"link"`` for random bits, or that which sends `clip`.
    clip : str
        Source of a clip, which PESQ and STOI score as it arrives.
    report : callable
        Told what is being run.

    Returns
    -------
    dict
        `scheme`, `links`, ``rss_mib`` after each point, of this process and its worker together,
        and the ``range`` of it from point 50 on, over its level there.

    Raises
    ------
    LinksimError
        If there is no such scheme, or the clip cannot be read.
    """
    trials = -(-points // (links * SNR_VALUES))
    crossing: dict[str, Any] = {
        "label": "QPSK",
        "scheme": scheme,
        "link": {"modulation": "qpsk", "estimator": "perfect"},
    }
    sent: dict[str, Any] = {}
    if scheme == LINK_ALONE:
        crossing["options"] = {"block_errors": None, "max_blocks": 1}
    else:
        sent = {"clips": [clip], "metrics": ["pesq", "stoi"]}
    study = Study.model_validate(
        {
            "name": "memory",
            "channels": ["rayleigh"],
            "snr_db": list(range(SNR_VALUES)),
            "trials": trials,
            "schemes": [crossing],
            "sweep": {
                "link.subcarriers": list(range(LEAST_SUBCARRIERS, LEAST_SUBCARRIERS + links))
            },
            **sent,
        }
    )
    report(f"{links * SNR_VALUES * trials} points, {links} links")
    with TemporaryDirectory() as folder:
        run(study, Path(folder), work=run_and_note)
        rss = [float(line) for line in (Path(folder) / LOG).read_text().split()]
    after = rss[LEVEL - 1 :]
    return {
        "scheme": scheme,
        "links": links,
        "rss_mib": rss,
        "range": [min(after) / rss[LEVEL - 1], max(after) / rss[LEVEL - 1]],
    }


def run_and_note(
    point: Point, folder: Path, work: Callable[..., Any] = run_point
) -> dict[str, Any]:
    """Run a point as `studies.run.point.run_point` and append the memory in MiB to a file."""
    record = work(point, folder)
    pids = [os.getpid()]
    if multiprocessing.parent_process():
        pids.append(os.getppid())
    with (folder / LOG).open("a") as log:
        log.write(f"{sum(map(_resident, pids)):.1f}\n")
    return record


def _resident(pid: int) -> float:
    """Return the resident memory of a process in MiB, from Linux's ``/proc``."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
