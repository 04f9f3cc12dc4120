"""The results of a study as checks read them: the values of single trials."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from linksim.errors import LinksimError
from linksim.files import read_json
from linksim.metrics import METRICS
from studies.run.kinds import SPEECH
from studies.run.record import OK, block_tally
from studies.run.store import Store
from studies.spec.figure import BLER
from studies.tables.cost import in_paper_units

CHANNEL_USES, PAPER_UNITS = "channel_uses", "paper_units"
COSTS = (CHANNEL_USES, PAPER_UNITS, *(f"{PAPER_UNITS}.{s}" for s in ("video", "audio", "text")))
"""Quantities beside metrics: data channel uses, and how the paper counts, in all or of a stream."""

PROXY = "_proxy"
BENCH = "bench_call.json"
"""File of ``linksim bench call --json`` in a study's folder, for claims about time."""

Trial = tuple[str, int]
Place = tuple[str, float, str]


class MissingError(Exception):
    """Why a check cannot be made."""


@dataclass(frozen=True)
class Results:
    """The results of one channel, clips of speech.

    Parameters
    ----------
    schemes, metrics : tuple of str
        Labels of the schemes, and metrics, of the study.
    snr_db : tuple of float
        SNR values of the study in dB, rising.
    trials : tuple of (str, int)
        Clip and number of every trial that there should be at each SNR.
    values : dict
        Values by trial, for each scheme, SNR and quantity; NaN where there is none. A trial that
        has not run is not in it.
    reasons : dict
        Reason why a value is NaN, for each scheme, SNR and quantity.
    bench : dict
        Timings, as `BENCH` holds them; empty if there are none.
    """

    schemes: tuple[str, ...]
    metrics: tuple[str, ...]
    snr_db: tuple[float, ...]
    trials: tuple[Trial, ...]
    values: Mapping[Place, Mapping[Trial, float]]
    reasons: Mapping[Place, str] = field(default_factory=dict)
    bench: Mapping[str, Any] = field(default_factory=dict)

    def between(self, low: float, high: float) -> tuple[float, ...]:
        """Return the SNR values of the study in a range, limits included.

        Raises
        ------
        MissingError
            If there is none.
        """
        found = tuple(snr for snr in self.snr_db if low <= snr <= high)
        if not found:
            raise MissingError(f"the study has no SNR from {low:g} to {high:g} dB")
        return found

    def quantity(self, name: str) -> str:
        """Return a quantity by its name, or what stands in for FID and KID without weights.

        Raises
        ------
        MissingError
            If the study did not measure it.
        """
        if name in COSTS:
            return name
        names = [n for n in (name, name + PROXY) if n in (*self.metrics, BLER)]
        if not names:
            raise MissingError(f"the study does not measure {name}")
        valued = {
            quantity
            for (_, _, quantity), by_trial in self.values.items()
            if not all(map(math.isnan, by_trial.values()))
        }
        return next((n for n in names if n in valued), names[0])

    def sample(self, scheme: str, snr_db: float, name: str) -> dict[Trial, float]:
        """Return the values at one SNR, without those that are NaN.

        Raises
        ------
        MissingError
            If the study has no such scheme, a trial has not run, or none has a value.
        """
        if scheme not in self.schemes:
            raise MissingError(f"the study has no scheme '{scheme}'")
        place = (scheme, snr_db, self.quantity(name))
        by_trial = self.values.get(place, {})
        absent = len(self.trials) - len(by_trial)
        if absent:
            raise MissingError(
                f"{absent} of {len(self.trials)} points of {scheme} at {snr_db:g} dB are missing"
            )
        known = {trial: v for trial, v in by_trial.items() if not math.isnan(v)}
        if not known:
            reason = self.reasons.get(place, "no value")
            raise MissingError(f"{place[2]} of {scheme} at {snr_db:g} dB: {reason}")
        return known

    def one(self, scheme: str, snr_db: float, name: str) -> np.ndarray:
        """Return the values of a scheme at one SNR, two or more: float, [n].

        Raises
        ------
        MissingError
            For the reasons of `sample`, or with fewer than two.
        """
        return _enough(list(self.sample(scheme, snr_db, name).values()), scheme, snr_db)

    def pairs(
        self, first: str, second: str, snr_db: float, name: str, other: str | None = None
    ) -> np.ndarray:
        """Return values of two schemes that met the same fading: float, [n, 2], n at least 2.

        They are of the quantity `name`, or for the second scheme of `other`.

        Raises
        ------
        MissingError
            For the reasons of `one`.
        """
        a, b = self.sample(first, snr_db, name), self.sample(second, snr_db, other or name)
        both = [(a[trial], b[trial]) for trial in a if trial in b]
        return _enough(both, f"{first} and {second}", snr_db)


def _enough(values: Sequence[Any], what: str, snr_db: float) -> np.ndarray:
    if len(values) < 2:
        raise MissingError(
            f"{what} at {snr_db:g} dB: an interval needs two trials, not {len(values)}"
        )
    return np.array(values, float)


def higher_is_better(name: str) -> bool:
    """Return whether more of a quantity is better."""
    return name not in (*COSTS, BLER) and METRICS[name].higher_is_better


def unit_of(name: str) -> str:
    """Return what a quantity is called."""
    if name in COSTS:
        return name.replace("_", " ")
    return "Block error rate" if name == BLER else METRICS[name].label


def read(folder: Path) -> Results:
    """Read a study's first channel from its records, be they all there or not.

    Raises
    ------
    LinksimError
        If the folder is not that of a study, or its timings are damaged.
    """
    store = Store(folder)
    study, _ = store.study()
    values: dict[Place, dict[Trial, float]] = {}
    reasons: dict[Place, str] = {}
    points = [
        p
        for p in store.planned()
        if (p.channel, p.clip.kind) == (study.channels[0], SPEECH) and p.scheme in study.swept
    ]
    for point in points:
        record = store.load(point)
        if record is None or record["status"] != OK:
            continue
        for name, value in _quantities(record, point.metrics).items():
            place = (point.scheme.label, point.snr_db, name)
            values.setdefault(place, {})[point.clip.name, point.trial] = value
            if math.isnan(value):
                entries: dict[str, Any] = record["metrics"]
                entry: dict[str, Any] = entries.get(name) or next(iter(entries.values()), {})
                reasons[place] = entry.get("reason") or "nothing was sent"
    return Results(
        schemes=tuple(scheme.label for scheme in study.swept),
        metrics=tuple(study.metrics),
        snr_db=tuple(study.snr_db),
        trials=tuple(dict.fromkeys((p.clip.name, p.trial) for p in points)),
        values=values,
        reasons=reasons,
        bench=_bench(folder / BENCH),
    )


def _quantities(record: dict[str, Any], metrics: Sequence[str]) -> dict[str, float]:
    found = {m: record["metrics"][m]["value"] for m in metrics}
    found[BLER] = block_tally(record).rate
    found[CHANNEL_USES] = record.get("accounting", {}).get(CHANNEL_USES)
    amounts = in_paper_units(record["per_stream"]) if record.get("per_stream") else {}
    found[PAPER_UNITS] = sum(a.total for a in amounts.values()) if amounts else None
    found |= {f"{PAPER_UNITS}.{name}": amount.total for name, amount in amounts.items()}
    return {name: math.nan if value is None else float(value) for name, value in found.items()}


def _bench(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        bench = read_json(path, nan=True)
        return {"systems": {name: dict(blocks) for name, blocks in bench["systems"].items()}} | {
            "seconds": float(bench["seconds"])
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        raise LinksimError(
            f"{path}: not what 'linksim bench call --json' writes; delete it or time anew"
        ) from None
