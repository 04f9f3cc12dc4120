"""A study's folder: what belongs to it, and how nothing computed is lost.

::

    study.json      whose folder this is, and how it was made
    points/         one JSON record a point, each appears whole or not at all
    media/          original and received clips
    cache/          encoder output
    .temporary/     what workers leave behind that are ended at once; removed with each run
    results.csv     every point, in the study's order; the same bytes however it was run
    summary.csv     means and intervals over clips and trials

A folder belongs to one study. Its SNR values, trials, sweep, figures and title may change between
runs, which then compute only what is missing; anything else makes it another study.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from linksim import __version__
from linksim.errors import LinksimError, warn_once
from linksim.files import read_json, remove_partial, write_text
from studies.run.clips import NO_CLIP, ClipRef
from studies.run.plan import Inputs, Point, plan, point_at
from studies.run.record import COLUMNS, OK
from studies.run.record import head as head_of
from studies.run.stored import Done, Head, Identity, read_rows, reason_of, table_text
from studies.run.summary import SUMMARY_COLUMNS
from studies.run.workers import TEMPORARY
from studies.spec.checks import check_size
from studies.spec.figure import STORED
from studies.spec.study import Study

TABLES = {"results.csv": COLUMNS, "summary.csv": SUMMARY_COLUMNS}
CLIPS = {"clips", "music"}  # compared by content
EXTENDABLE = {"snr_db", "trials", "sweep", "figures", "title"}


class Store:
    """The files of one study.

    Parameters
    ----------
    folder : Path
        The output folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.points = folder / "points"
        self.media = folder / "media"
        self.cache = folder / "cache"

    @contextmanager
    def claim(self, study: Study, clips: Sequence[ClipRef], inputs: Inputs) -> Iterator[None]:
        """Hold the folder for a run of `study`, and make it its own if it is new.

        Raises
        ------
        LinksimError
            If it belongs to another study, another run holds it or it cannot be written.
        """
        hint = "choose another --out"
        with self._disk(hint):
            for folder in (self.points, self.media, self.cache):
                folder.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
            lock = os.fdopen(os.open(self.folder / ".lock", flags, 0o666), "rb", buffering=0)
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LinksimError(f"{self.folder}: another run is writing here") from None
            with self._disk(hint):
                self._identify(study, clips, inputs)
                for folder in (self.folder, self.points, self.media, self.cache):
                    remove_partial(folder)
            self._remove_temporary()  # of workers that were killed
            try:
                yield
            finally:
                self._remove_temporary()

    def _remove_temporary(self) -> None:
        folder = self.folder / TEMPORARY
        if not folder.is_symlink():
            shutil.rmtree(folder, ignore_errors=True)

    def save(self, record: Mapping[str, Any]) -> None:
        """Write the record of a point."""
        model = Done if record["status"] == OK else Head
        model.model_validate(record)
        text = json.dumps(record, indent=1, allow_nan=False) + "\n"
        with self._disk():
            write_text(self.points / f"{record['id']}.json", text)

    def load(self, point: Point) -> dict[str, Any] | None:
        """Return the record of a point; None if there is none, or none that can be used.

        Of one that is there and cannot be used, a warning says why.
        """
        path = self.points / f"{point.id}.json"
        if not path.exists():
            return None
        try:
            return self._record(path, point)
        except LinksimError as error:
            warn_once(f"{error}; it counts as not run")
            return None

    def _record(self, path: Path, point: Point) -> dict[str, Any] | None:
        found = read_json(path)
        try:
            head = Head.model_validate(found)
            if head.config_hash != point.config_hash:
                return None
            ok = head.status == OK
            model = (Done if ok else Head).model_validate(found)
        except ValidationError as error:
            raise LinksimError(f"{path}: is damaged: {reason_of(error)}") from None
        record: dict[str, Any] = model.model_dump(exclude_unset=True)
        if any(record[name] != value for name, value in head_of(point, head.status).items()):
            raise LinksimError(f"{path}: is the record of another point")
        sends_clip = point.clip != NO_CLIP
        lacks_metrics = ok and sends_clip and set(point.metrics) - record["metrics"].keys()
        return None if lacks_metrics else record

    def beside(
        self, study: Study, clips: Sequence[ClipRef], inputs: Inputs, points: Sequence[Point]
    ) -> list[dict[str, Any]]:
        """Return the records of the study's curves at SNRs and trials that it does not ask for."""
        asked, found = {point.id for point in points}, []
        for path in sorted(self.points.glob("*.json")):
            if path.stem in asked:
                continue
            try:
                told = Head.model_validate(read_json(path)).model_dump()
            except ValueError:  # damaged, and nobody asks for it
                continue
            point = point_at(study, clips, inputs, told)
            if point is not None and point.id == path.stem and (record := self.load(point)):
                found.append(record)
        return sorted(found, key=lambda r: (r["channel"], r["scheme"], r["snr_db"], r["trial"]))

    def finished(self, point: Point) -> bool:
        """Return whether a point needs no run; failed ones are tried again."""
        record = self.load(point)
        return record is not None and record["status"] == OK

    def write_table(
        self, name: str, columns: Sequence[str], table: Iterable[Mapping[str, Any]]
    ) -> None:
        """Write a CSV file; floats in full, so that reading gives the same number.

        A row may lack columns, which stay empty.
        """
        with self._disk():
            write_text(self.folder / name, table_text(columns, table))

    def read_table(self, name: str) -> list[dict[str, str]]:
        """Read what `write_table` wrote.

        Raises
        ------
        LinksimError
            If the folder has no such table, or a damaged one.
        """
        path = self.folder / name
        if not path.exists():
            raise LinksimError(f"{self.folder}: has no {name}; run the study first")
        return read_rows(path, TABLES[name])

    def identity(self) -> dict[str, Any]:
        """Read ``study.json``.

        Raises
        ------
        LinksimError
            If the folder is not that of a study, or its file is damaged.
        """
        path = self.folder / "study.json"
        if not path.exists():
            raise LinksimError(f"{self.folder}: not a study's folder; it has no study.json")
        remedy = "delete it and run the study again, which keeps its points"
        try:
            identity: dict[str, Any] = Identity.model_validate(read_json(path)).model_dump()
        except ValidationError as error:
            raise LinksimError(
                f"{path}: is damaged or of another version: {reason_of(error)}; {remedy}"
            ) from None
        except LinksimError as error:
            raise LinksimError(f"{error}; {remedy}") from None
        return identity

    def study(self) -> tuple[Study, list[ClipRef]]:
        """Return the study as last run here, and its clips."""
        identity = self.identity()
        try:
            clips = [ClipRef(**clip) for clip in identity["clips"]]
            study = Study.model_validate(identity["study"], context=STORED)
            check_size(study, len(clips))
        except ValidationError as error:
            reason = reason_of(error)
        except LinksimError as error:
            reason = str(error)
        else:
            return study, clips
        raise LinksimError(f"{self.folder}/study.json: is damaged or of another version: {reason}")

    def planned(self) -> list[Point]:
        """Return the points of the study as last run here; no code or file of others is asked."""
        study, clips = self.study()
        try:
            return plan(study, clips, self.inputs())
        except KeyError as error:
            raise LinksimError(
                f"{self.folder}/study.json: is damaged: it lacks the inputs of {error}"
            ) from None

    def inputs(self) -> Inputs:
        """Return what the curves of the study depended on when it was last run here."""
        return {(channel, label): v for channel, label, v in self.identity()["inputs"]}

    def _identify(self, study: Study, clips: Sequence[ClipRef], inputs: Inputs) -> None:
        ours = {
            "linksim": __version__,
            "study": study.model_dump(mode="json"),
            "clips": [vars(clip) for clip in clips],
            "inputs": [[*key, values] for key, values in inputs.items()],
        }
        if (self.folder / "study.json").exists():
            theirs = self.identity()
            for name, here, there in _differences(ours, theirs):
                shown = f"{name} is {there!r:.200} there and {here!r:.200} here"
                raise LinksimError(
                    f"{self.folder}: holds another study ({shown}); choose another --out"
                )
        text = json.dumps(ours, indent=1, default=str)  # as `studies.run.plan.digest` does
        write_text(self.folder / "study.json", text + "\n")

    @contextmanager
    def _disk(self, hint: str = "all finished points are kept") -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise LinksimError(
                f"{error.filename or self.folder}: {error.strerror or error}; {hint}"
            ) from None


def _differences(ours: Any, theirs: Any) -> Iterator[tuple[str, Any, Any]]:
    yield from field_differences("linksim", ours["linksim"], theirs["linksim"])
    for key in (key for key in ours["study"] if key not in EXTENDABLE | CLIPS):
        yield from field_differences(key, ours["study"][key], theirs["study"].get(key))
    prints = (
        {c["name"]: {k: c.get(k) for k in ("kind", "fingerprint")} for c in side["clips"]}
        for side in (ours, theirs)
    )
    yield from field_differences("clips", *prints)


def field_differences(name: str, here: Any, there: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the dotted path of each field that differs, and what it is on either side."""
    if isinstance(here, dict) and isinstance(there, dict):
        for key in sorted(here.keys() | there.keys()):
            yield from field_differences(f"{name}.{key}", here.get(key), there.get(key))
    elif isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        for index, pair in enumerate(zip(here, there, strict=True)):
            yield from field_differences(f"{name}.{index}", *pair)
    elif here != there:
        yield name, here, there
