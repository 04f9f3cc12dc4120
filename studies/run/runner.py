"""Runs the missing points of a study and keeps each as soon as it is there."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from linksim.errors import LinksimError
from linksim.media import write
from linksim.media.limits import LONGEST
from linksim.media.sources import media_suffix
from studies.run.clips import NO_CLIP, ClipRef, clip_of, clip_refs
from studies.run.plan import Point, inputs_of, plan
from studies.run.point import run_point
from studies.run.progress import progress_bar
from studies.run.record import failed_record, rows
from studies.run.store import TABLES, Store
from studies.run.summary import summarise
from studies.run.workers import (
    MOST_LINKS,
    Engine,
    Failure,
    Result,
    Work,
    link_of,
    run_in_processes,
    run_serially,
)
from studies.spec.scheme import SweptScheme
from studies.spec.study import Study

NOT_ASKED = "; of an earlier run"
"""End of the status of a row whose SNR or trial the study does not ask for now."""


@dataclass(frozen=True)
class RunResult:
    """The outcome of a run.

    Parameters
    ----------
    points, kept, run, failed : int
        Points in all, found from before, newly finished, and failed.
    left_out : dict of str to str
        Label of each scheme that cannot run here, and why. What of it was not found was not run.
    beside : int
        Points of earlier runs at SNRs and trials that are not asked for now; they stand at the end
        of ``results.csv``, marked, and in no mean.
    """

    points: int
    kept: int
    run: int
    failed: int
    left_out: dict[str, str]
    beside: int = 0


def run(
    study: Study,
    folder: Path,
    *,
    workers: int = 1,
    order: Sequence[int] | None = None,
    work: Work = run_point,
    engine: Engine | None = None,
    on_curve: Callable[[str], object] | None = None,
    longest: float = LONGEST,
) -> RunResult:
    """Run a study, or what of it is missing in `folder`.

    The results do not depend on `workers`, `order` or `engine`, nor on how often it was cut off.

    Parameters
    ----------
    study : Study
        Study to run.
    folder : Path
        Output folder, see `studies.run.store`.
    workers : int
        Processes.
    order : sequence of int, optional
        Order in which to run the points, as indices into the plan.
    work : callable
        Maps a point and the folder to the point's record.
    engine : callable, optional
        Runs points elsewhere; by default they run in this process, or in `workers` of them.
    on_curve : callable, optional
        Is given the label of a scheme as soon as all its points over a channel are there and the
        tables hold them, but not after the last; for reports of what is there so far.
    longest : float
        Seconds from which on a clip is refused.

    Raises
    ------
    LinksimError
        If a clip cannot be read, or the folder is another study's or cannot be written.
    """
    clips = clip_refs(study, longest)
    inputs = inputs_of(study)
    points = plan(study, clips, inputs)
    store = Store(folder)
    with store.claim(study, clips, inputs):
        for clip in (clip for clip in clips if clip != NO_CLIP):
            _keep_original(clip, store.media)
        ordered = points if order is None else [points[i] for i in order]
        missing = [point for point in ordered if not store.finished(point)]
        left_out = study.left_out()
        finished = {point.id for point in points} - {point.id for point in missing}
        beside = store.beside(study, clips, inputs, points)
        to_run = [point for point in missing if point.scheme.label not in left_out]
        try:
            results = (engine or _local_engine(to_run, workers))(to_run, folder, work)
            failed = 0
            for point, bad in _keep(results, len(points), len(missing), store):
                failed += bad
                finished.add(point.id)
                if on_curve and _completes(point, points, finished):
                    write_tables(store, points, beside)
                    on_curve(point.scheme.label)
        finally:
            write_tables(store, points, beside)
    kept, new = len(points) - len(missing), len(to_run) - failed
    return RunResult(len(points), kept, new, failed, left_out, len(beside))


def write_tables(
    store: Store, points: Sequence[Point], beside: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Write ``results.csv`` and ``summary.csv`` from the records that are there.

    A column an axis of the sweep stands at their end. Records of earlier runs that are not asked
    for now stand in the former alone, marked.
    """
    metrics = points[0].metrics
    clips = list(dict.fromkeys(point.clip for point in points))
    places = {p.scheme.label: p.scheme.axes for p in points if isinstance(p.scheme, SweptScheme)}
    axes = tuple(dict.fromkeys(axis for place in places.values() for axis in place))
    records = [record for point in points if (record := store.load(point))]
    table = [row for record in records for row in rows(record, metrics)]
    for row in (row for record in beside for row in rows(record, metrics)):
        table.append(row | {"status": f"{row['status']}{NOT_ASKED}"})
    summary = summarise(records, metrics, clips)
    for name, lines in (("results.csv", table), ("summary.csv", summary)):
        placed = (row | places.get(row["scheme"], {}) for row in lines)
        store.write_table(name, (*TABLES[name], *axes), placed)


def _local_engine(points: Sequence[Point], workers: int) -> Engine:
    """Return processes, or this one where it is to be the only one and to compile few links."""
    if workers == 1 and len(set(map(link_of, points))) <= MOST_LINKS:
        return run_serially
    return partial(run_in_processes, workers=workers)


def _completes(point: Point, points: Sequence[Point], finished: set[str]) -> bool:
    """Tell whether a curve is whole with this point, and others are not."""
    curve = {p.id for p in points if (p.scheme, p.channel) == (point.scheme, point.channel)}
    return curve <= finished and len(finished) < len(points)


def _keep(
    results: Generator[Result], total: int, missing: int, store: Store
) -> Iterator[tuple[Point, bool]]:
    """Save each result as it comes, and yield its point and whether it failed."""
    with closing(results), progress_bar() as progress:
        task = progress.add_task("points", total=total, completed=total - missing)
        for point, result in results:
            failed = isinstance(result, Failure)
            if isinstance(result, Failure):
                if result.bad_input:
                    raise LinksimError(f"{point.scheme.label}: {result.reason}")
                result = failed_record(point, result)
                progress.console.print(f"{point.id}: {result['status']}", style="red", markup=False)
            store.save(result)
            progress.advance(task)
            yield point, failed


def _keep_original(ref: ClipRef, folder: Path) -> None:
    clip = clip_of(ref)
    path = folder / f"original-{ref.name}{media_suffix(clip)}"
    if not path.exists():
        write(clip, path)
