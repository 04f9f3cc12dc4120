"""Time and delay of each block of each system that a call may use, on this machine."""

from argparse import Namespace
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING, Any

from studies.bench.bench import Bench, Report, add_clip, begin_with_clip
from studies.bench.timing import repeat

if TYPE_CHECKING:
    from rich.table import Table

    from linksim.media import Clip

REPEATS = 2
"""Least number of repeats of a block, after one to warm up: an interval needs two."""


def bench_call(clip: "Clip", *, seconds: float, report: Report = print) -> dict[str, Any]:
    """Time every block of every system on one clip.

    Parameters
    ----------
    clip : Clip
        Clip with video, and with audio at 16 kHz.
    seconds : float
        Shortest time for which each block is timed, whole clips, after one to warm up.
    report : callable
        Receives what is being timed, in a few words.

    Returns
    -------
    dict
        ``systems``: by system and block, the seconds that each repeat took for the whole clip;
        ``delays``: likewise, the look-ahead of a block in s; ``seconds``, ``width`` and
        ``height`` of the clip.
    """
    from studies.bench.systems import call

    assert clip.frames is not None
    times: dict[str, dict[str, list[float]]] = {}
    delays: dict[str, dict[str, float]] = {}
    for system, blocks in call.systems(clip).items():
        times[system], delays[system] = {}, {}
        for name, delay, run in blocks:
            report(f"{system}: {name}")
            run()
            times[system][name] = repeat(run, seconds, least=REPEATS)
            delays[system][name] = delay
    height, width = clip.frames.shape[1:3]
    return {
        "seconds": clip.duration,
        "width": width,
        "height": height,
        "systems": times,
        "delays": delays,
    }


def _measure(args: Namespace, report: Report) -> dict[str, Any]:
    clip = begin_with_clip(args)
    return bench_call(clip, seconds=args.seconds, report=report)


def _table(result: dict[str, Any]) -> "Table":
    from rich.table import Table

    seconds = result["seconds"]
    title = f"a call of {seconds:g} s, {result['width']}x{result['height']}"
    columns = ("system", "block", "time", "per second of call", "waits for")
    table = Table(*columns, title=title)
    for system, blocks in result["systems"].items():
        for block, times in blocks.items():
            spent, wait = fmean(times), result["delays"][system][block]
            name = system if block == next(iter(blocks)) else ""
            waits = f"{wait:.3g} s" if wait else "–"
            table.add_row(name, block, f"{spent:.2f} s", f"{spent / seconds:.3f} s", waits)
        spent = sum(fmean(times) for block, times in blocks.items() if block != "link")
        longest = f"{max(result['delays'][system].values()):.3g} s"
        table.add_row(
            "",
            "all but the link, which is simulated",
            f"{spent:.2f} s",
            f"{spent / seconds:.3f} s",
            longest,
        )
        table.add_section()
    return table


_add_flags = partial(add_clip, default="builtin:talk")
BENCH = Bench("call", "time every block of every system for a call", _add_flags, _measure, _table)
