"""Points of a sweep: measured once, kept in a folder, and found there again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pickle
import typing
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import active_children, get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from linksim.errors import LinksimError
from linksim.files import read_json, write_text
from linksim.link.config import LinkConfig
from linksim.link.contents import endpoint_contents, link_contents
from linksim.montecarlo import StopRule
from studies.api.curve import Row
from studies.run.offspring import Watchdog, settle

if typing.TYPE_CHECKING:
    from linksim.endpoint import Endpoint
    from linksim.media import Clip

Place = typing.Mapping[str, object]
"""Values of the axes at a point."""

Task = tuple[Place, LinkConfig, list[float]]
"""A point of the axes, its link, and the SNRs in dB to measure at."""


@dataclass(frozen=True)
class Measure(ABC):
    """A way to measure a link at an SNR."""

    @abstractmethod
    def identity(self, place: Place) -> dict[str, Any]:
        """Return all that a row depends on besides the link and its SNR."""

    @abstractmethod
    def rows(self, place: Place, link: LinkConfig, snr_db: float) -> list[Row]:
        """Measure one SNR."""

    def all(
        self,
        tasks: Sequence[Task],
        folder: Path | None,
        workers: int,
        done: Callable[[], object],
    ) -> Iterator[list[Row]]:
        """Yield the rows of each task in turn; `done` is called for each SNR.

        Raises
        ------
        LinksimError
            If `workers` is below 1, or processes cannot be handed a class of a notebook.
        """
        if workers < 1:
            raise LinksimError(f"workers must be 1 or more, not {workers}")
        if workers == 1:
            for place, link, snr_db in tasks:
                found = []
                for snr in snr_db:
                    found += kept(self, place, link, snr, folder)
                    done()
                yield found
            return
        try:
            pickle.dumps((self, tasks))
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise LinksimError(
                f"workers need classes that stand in a module, not in a notebook: {error}"
            ) from None
        spawn = get_context("spawn")
        with (
            TemporaryDirectory(prefix="linksim-") as temporary,
            Watchdog() as watchdog,
            ProcessPoolExecutor(workers, spawn, settle, (temporary,)) as pool,
        ):
            others = set(active_children())
            running = [pool.submit(_task, self, *task, folder) for task in tasks]
            for worker in set(active_children()) - others:
                watchdog.guard(worker.pid)
            for task, future in zip(tasks, running, strict=True):
                found = future.result()
                for _ in task[2]:
                    done()
                yield found


def _task(
    measure: Measure,
    place: Place,
    link: LinkConfig,
    snr_db: list[float],
    folder: Path | None,
) -> list[Row]:
    return [row for snr in snr_db for row in kept(measure, place, link, snr, folder)]


def kept(
    measure: Measure,
    place: Place,
    link: LinkConfig,
    snr_db: float,
    folder: Path | None,
) -> list[Row]:
    """Return the rows of a point from its file, or measure them and write the file."""
    if folder is None:
        return measure.rows(place, link, snr_db)
    told = {"link": link.identity(), "snr_db": snr_db, **measure.identity(place)}
    told |= {"contents": contents} if (contents := link_contents(link)) else {}
    text = json.dumps(told, sort_keys=True, default=str)
    file = folder / "points" / f"{hashlib.sha256(text.encode()).hexdigest()[:20]}.json"
    try:
        found = read_json(file, nan=True)
        if found["of"] == json.loads(text):
            return typing.cast(list[Row], found["rows"])
    except (ValueError, KeyError, TypeError):
        pass  # not there, or not whole: it is measured
    rows = measure.rows(place, link, snr_db)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_text(file, json.dumps({"of": json.loads(text), "rows": rows}, indent=1) + "\n")
    except OSError as error:
        raise LinksimError(f"{folder}: {error.strerror or error}") from None
    return rows


@dataclass(frozen=True)
class ErrorRates(Measure):
    """Bit and block error rates; see `studies.api.sweep.ber` for the parameters."""

    coded: bool
    stop: StopRule
    seed: int
    confidence: float

    def identity(self, place: Place) -> dict[str, Any]:
        """Return the settings of the simulation."""
        return {"kind": "error rates", **dataclasses.asdict(self)}

    def rows(self, place: Place, link: LinkConfig, snr_db: float) -> list[Row]:
        """Simulate one SNR."""
        from linksim.startup import quiet_tensorflow

        quiet_tensorflow()
        from linksim.link.experiments.error_rate import error_rate

        point = error_rate(
            link, snr_db, coded=self.coded, stop=self.stop, seed=self.seed,
            confidence=self.confidence,
        )  # fmt: skip
        row = dataclasses.asdict(point)
        ebn0 = {"ebn0_db": snr_db - link.ebn0_offset_db(coded=self.coded)}
        goodput = link.goodput_bps(row["bler"])
        bandwidth = link.subcarriers * link.subcarrier_spacing
        gained = {"goodput_bps": goodput, "efficiency": goodput / bandwidth}
        return [{"snr_db": row.pop("snr_db")} | ebn0 | row | gained]


@dataclass(frozen=True)
class Media(Measure):
    """Quality of a clip that crosses the link by an endpoint."""

    endpoints: tuple[Endpoint, ...]
    labels: tuple[str, ...]
    clip: Clip
    metrics: tuple[str, ...]
    trials: int
    seed: int

    def identity(self, place: Place) -> dict[str, Any]:
        """Return endpoint, clip and seeds."""
        endpoint = self._endpoint(place)
        return {
            "kind": "media",
            "endpoint": repr(endpoint),
            "endpoint_contents": endpoint_contents(endpoint),
            "clip": self.clip.fingerprint(),
            "metrics": self.metrics,
            "trials": self.trials,
            "seed": self.seed,
        }

    def rows(self, place: Place, link: LinkConfig, snr_db: float) -> list[Row]:
        """Send the clip once a trial."""
        from linksim.seeding import derive_seed
        from linksim.startup import quiet_tensorflow

        quiet_tensorflow()
        from studies.run.evaluate import evaluate, link_for

        rows = []
        for trial in range(self.trials):
            seed = derive_seed(self.seed, link.channel_text, snr_db, self.clip.name, trial)
            endpoint, ready = self._endpoint(place), link_for(link)
            outcome = evaluate(self.clip, endpoint, ready, snr_db, seed, self.metrics)
            measured = {name: value.value for name, value in outcome.metrics.items()}
            cost = outcome.sent.accounting.channel_uses
            rows.append(
                {"snr_db": snr_db, "trial": trial, **measured}
                | {"bler": outcome.sent.block_errors.rate, "channel_uses": cost}
            )
        return rows

    def _endpoint(self, place: Place) -> Endpoint:
        return self.endpoints[self.labels.index(str(place.get("endpoint", self.labels[0])))]


def media_points(
    endpoints: Sequence[Any], clip: Any, metrics: Sequence[str] | None, trials: int, seed: int
) -> Media:
    """Check what a media sweep is given, and make its measure.

    Raises
    ------
    LinksimError
        For an endpoint, a clip or a metric that is none.
    """
    from studies.api.send import as_clip, as_endpoint, default_metrics

    if trials < 1:
        raise LinksimError(f"trials must be 1 or more, not {trials}")
    made = tuple(as_endpoint(endpoint) for endpoint in endpoints)
    labels = tuple(e if isinstance(e, str) else repr(e) for e in endpoints)
    whole = as_clip(clip)
    return Media(made, labels, whole, tuple(metrics or default_metrics(whole)), trials, seed)
