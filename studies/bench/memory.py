"""Resident memory of a study as it goes, with one worker."""

import multiprocessing
import os
from argparse import ArgumentParser, Namespace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from linksim.flags import check_flags
from studies.bench.bench import Bench, Report

if TYPE_CHECKING:
    from rich.table import Table

    from studies.run.plan import Point
    from studies.run.workers import Work

LEVEL = 50
"""The point whose level the others are held against."""
LOG = "memory.txt"
SNR_VALUES = 25
LEAST_SUBCARRIERS = 12


def bench_memory(
    *, points: int, links: int, scheme: str, clip: str, report: Report = print
) -> dict[str, Any]:
    """Run a study over small links and note the memory after each point.

    Parameters
    ----------
    points : int
        Least number of points; each is one batch of blocks, or one clip.
    links : int
        Number of different links, each of which has to be compiled.
    scheme : str
        Scheme that is run: ``"link"`` for random bits, or one that sends `clip`.
    clip : str
        Source of a clip, which PESQ and STOI score as it arrives.
    report : callable
        Receives what is being run, in a few words.

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
    from studies.run.runner import run
    from studies.spec.scheme import LINK_ALONE
    from studies.spec.study import Study

    trials = -(-points // (links * SNR_VALUES))
    sender: dict[str, Any] = {
        "label": "QPSK",
        "scheme": scheme,
        "link": {"modulation": "qpsk", "estimator": "perfect"},
    }
    sent: dict[str, Any] = {}
    if scheme == LINK_ALONE:
        sender["options"] = {"block_errors": None, "max_blocks": 1}
    else:
        sent = {"clips": [clip], "metrics": ["pesq", "stoi"]}
    study = Study.model_validate(
        {
            "name": "memory",
            "channels": ["rayleigh"],
            "snr_db": list(range(SNR_VALUES)),
            "trials": trials,
            "schemes": [sender],
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


def run_and_note(point: "Point", folder: Path, work: "Work | None" = None) -> dict[str, Any]:
    """Run a point as `studies.run.point.run_point` and append the memory in MiB to a file."""
    from studies.run.point import run_point

    record = (work or run_point)(point, folder)
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


def _measure(args: Namespace, report: Report) -> dict[str, Any]:
    check_flags(args, (("points", LEVEL + 1, 100_000), ("links", 1, 1000)))
    return bench_memory(
        points=args.points, links=args.links, scheme=args.scheme, clip=args.clip, report=report
    )


def _table(result: dict[str, Any]) -> "Table":
    from rich.table import Table

    level = result["rss_mib"][LEVEL - 1]
    title = f"{len(result['rss_mib'])} points of {result['scheme']}, {result['links']} links"
    table = Table("point", "resident", f"of that at {LEVEL}", title=f"{title}, one worker")
    shown = sorted({1, 2, 5, 10, 20, LEVEL, *range(100, len(result["rss_mib"]) + 1, 100)})
    for number in (n for n in shown if n <= len(result["rss_mib"])):
        rss = result["rss_mib"][number - 1]
        table.add_row(str(number), f"{rss:.0f} MiB", f"{rss / level:.3f}")
    low, high = result["range"]
    table.caption = f"from point {LEVEL} on between {low:.3f} and {high:.3f} of that"
    return table


def _add_flags(parser: ArgumentParser) -> None:
    text = "least number of points of the study (default 1000)"
    parser.add_argument("--points", type=int, default=1000, help=text)
    text = "number of different links, each compiled once (default 1)"
    parser.add_argument("--links", type=int, default=1, help=text)
    text = "scheme that is run; link sends random bits (default link)"
    parser.add_argument("--scheme", default="link", help=text)
    text = "media file or built-in clip that another scheme sends (default builtin:speech1)"
    parser.add_argument("--clip", default="builtin:speech1", help=text)


BENCH = Bench(
    "memory", "note the resident memory of a study as it goes", _add_flags, _measure, _table
)
