"""A study's folder: what belongs to it, and how nothing computed is lost.

::

    study.json      whose folder this is, and how it was made
    points/         one JSON record a point, each appears whole or not at all
    media/          original and received clips
    cache/          encoder output
    results.csv     every point, in the study's order; the same bytes however it was run
    summary.csv     means and intervals over clips and trials

A folder belongs to one study. Its SNR values, trials, sweep, figures and title may change between
runs, which then compute only what is missing; anything else makes it another study.
"""

import csv
import fcntl
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from linksim import __version__
from linksim.errors import LinksimError
from linksim.files import remove_partial, write_text
from studies.run.clips import ClipRef
from studies.run.plan import Point
from studies.run.record import COLUMNS, OK, rows
from studies.run.summary import SUMMARY_COLUMNS
from studies.spec.study import Study

TABLES = {"results.csv": COLUMNS, "summary.csv": SUMMARY_COLUMNS}
IDENTITY = {"linksim", "study", "clips"}
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
    def claim(self, study: Study, clips: Sequence[ClipRef]) -> Iterator[None]:
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
            lock = (self.folder / ".lock").open("w")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LinksimError(f"{self.folder}: another run is writing here") from None
            with self._disk(hint):
                self._identify(study, clips)
                for folder in (self.folder, self.points, self.media, self.cache):
                    remove_partial(folder)
            yield

    def save(self, record: Mapping[str, Any]) -> None:
        """Write the record of a point."""
        text = json.dumps(record, indent=1, allow_nan=False) + "\n"
        with self._disk():
            write_text(self.points / f"{record['id']}.json", text)

    def load(self, point: Point) -> dict[str, Any] | None:
        """Return the record of a point; None if there is none, or none that can be used."""
        try:
            record = json.loads((self.points / f"{point.id}.json").read_bytes())
            fits = record["config_hash"] == point.config_hash
            if fits and record["status"] == OK:
                list(rows(record, point.metrics))  # raises if a part is missing
            return record if fits and isinstance(record["status"], str) else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

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
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
        with self._disk():
            write_text(self.folder / name, text.getvalue())

    def read_table(self, name: str) -> list[dict[str, str]]:
        """Read what `write_table` wrote.

        Raises
        ------
        LinksimError
            If the folder has no such table, or a damaged one.
        """
        try:
            text = (self.folder / name).read_bytes().decode("utf-8")
            reader = csv.DictReader(io.StringIO(text, newline=""))
            table = list(reader)
            ragged = any(None in row or None in row.values() for row in table)
            columns = tuple(reader.fieldnames or ())[: len(TABLES[name])]  # then those of a sweep
            if ragged or columns != TABLES[name] or not text.endswith("\n"):
                raise ValueError
        except OSError:
            raise LinksimError(f"{self.folder}: has no {name}; run the study first") from None
        except (ValueError, csv.Error):
            raise LinksimError(
                f"{self.folder / name}: is damaged; run the study again, which keeps its points"
            ) from None
        return table

    def identity(self) -> dict[str, Any]:
        """Read ``study.json``.

        Raises
        ------
        LinksimError
            If the folder is not that of a study, or its file is damaged.
        """
        path = self.folder / "study.json"
        try:
            identity = json.loads(path.read_bytes())
            if not identity.keys() >= IDENTITY:
                raise ValueError
        except OSError:
            raise LinksimError(
                f"{self.folder}: not a study's folder; it has no study.json"
            ) from None
        except (ValueError, AttributeError):
            raise LinksimError(
                f"{path}: is damaged; delete it and run the study again, which keeps its points"
            ) from None
        return identity

    def study(self) -> tuple[Study, list[ClipRef]]:
        """Return the study as last run here, and its clips."""
        identity = self.identity()
        try:
            clips = [ClipRef(**clip) for clip in identity["clips"]]
            return Study.model_validate(identity["study"]), clips
        except (ValueError, KeyError, TypeError):
            raise LinksimError(
                f"{self.folder}: study.json is damaged or of another version"
            ) from None

    def _identify(self, study: Study, clips: Sequence[ClipRef]) -> None:
        ours = {
            "linksim": __version__,
            "study": study.model_dump(mode="json"),
            "clips": [vars(clip) for clip in clips],
        }
        if (self.folder / "study.json").exists():
            theirs = self.identity()
            for name, here, there in _differences(ours, theirs):
                raise LinksimError(
                    f"{self.folder}: holds another study ({name} is {there!r} there and {here!r} "
                    "here); choose another --out"
                )
        write_text(self.folder / "study.json", json.dumps(ours, indent=1) + "\n")

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
