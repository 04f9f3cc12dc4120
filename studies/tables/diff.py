"""Two result folders, point by point: the same study, the same values, or how far apart."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scipy import stats

from studies.run.store import Store, field_differences
from studies.tables.markup import terminal_table

if TYPE_CHECKING:
    from rich.table import Table

CONFIDENCE = 0.95
SAME, WITHIN, BEYOND, UNJUDGED = "same", "within", "beyond", "no interval"
KEY = ("scheme", "channel", "snr_db", "kind", "metric")


@dataclass(frozen=True)
class Value:
    """A mean or a rate, with its 95 % interval; NaN where there is none."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Pair:
    """One line of both summaries.

    Parameters
    ----------
    key : tuple of str
        Scheme, channel, SNR in dB, kind of clip and metric.
    a, b : Value
        On either side.
    verdict : str
        ``"same"``, ``"within"`` or ``"beyond"`` the interval of the difference, or
        ``"no interval"``.
    """

    key: tuple[str, ...]
    a: Value
    b: Value
    verdict: str


@dataclass(frozen=True)
class Difference:
    """The differences of two folders.

    Parameters
    ----------
    definition : list of str
        A line each field of the study that differs.
    only_a, only_b : int
        Points that one of them alone has.
    same, changed : int
        Points of both, by whether their records give the same values.
    pairs : list of Pair
        Lines of both summaries.
    """

    definition: list[str]
    only_a: int
    only_b: int
    same: int
    changed: int
    pairs: list[Pair]

    @property
    def beyond(self) -> bool:
        """Whether any value differs by more than chance explains."""
        return any(pair.verdict == BEYOND for pair in self.pairs)


def diff(a: Path, b: Path) -> Difference:
    """Compare two folders.

    Raises
    ------
    LinksimError
        If one of them is not that of a study that has run.
    """
    stores = Store(a), Store(b)
    ours, theirs = (_values_of_points(store) for store in stores)
    both = ours.keys() & theirs.keys()
    same = sum(ours[key] == theirs[key] for key in both)
    identities = [{k: s.identity()[k] for k in ("linksim", "study")} for s in stores]
    lines = [
        f"{name.removeprefix('.')} is {here!r} in {a} and {there!r} in {b}"
        for name, here, there in field_differences("", *identities)
    ]
    pairs = judge(*(_summary(store) for store in stores))
    return Difference(
        definition=lines,
        only_a=len(ours) - len(both),
        only_b=len(theirs) - len(both),
        same=same,
        changed=len(both) - same,
        pairs=pairs,
    )


def judge(a: Mapping[tuple[str, ...], Value], b: Mapping[tuple[str, ...], Value]) -> list[Pair]:
    """Judge what both have, all values together.

    The interval of a difference follows from those of its two terms, be they symmetric or not
    (Zou and Donner, 2008). It is widened so that one comparison of two folders in 20 finds some
    difference where there is none, however many values they hold (Bonferroni).
    """
    keys = [key for key in a if key in b]
    known = sum(not math.isnan(a[key].low + b[key].low) for key in keys)
    tail = (1.0 - CONFIDENCE) / 2.0
    widen = stats.norm.isf(tail / max(1, known)) / stats.norm.isf(tail)
    return [Pair(key, a[key], b[key], _verdict(a[key], b[key], widen)) for key in keys]


def _verdict(a: Value, b: Value, widen: float) -> str:
    if a.value == b.value or (math.isnan(a.value) and math.isnan(b.value)):
        return SAME
    if math.isnan(a.value) or math.isnan(b.value):
        return BEYOND
    upper, lower = (a, b) if a.value > b.value else (b, a)
    reach = math.hypot(upper.value - upper.low, lower.high - lower.value)
    if math.isnan(reach):
        return UNJUDGED
    return BEYOND if upper.value - lower.value > widen * reach else WITHIN


def _values_of_points(store: Store) -> dict[tuple[object, ...], object]:
    """Return what each finished point measured; times and versions are no part of it."""
    found: dict[tuple[object, ...], object] = {}
    for point in store.planned():
        if record := store.load(point):
            key = (point.scheme.label, point.channel, point.snr_db, point.clip.name, point.trial)
            names = ("status", "metrics", "block_errors", "accounting")
            found[key] = [record.get(name) for name in names]
    return found


def _summary(store: Store) -> dict[tuple[str, ...], Value]:
    return {
        tuple(row[name] for name in KEY): Value(
            *(float(row[name]) for name in ("mean", "ci_low", "ci_high"))
        )
        for row in store.read_table("summary.csv")
    }


def lines(difference: Difference) -> Iterator[str]:
    """Say in a few lines how two folders compare."""
    yield from difference.definition or ["the definitions are the same"]
    alone = f"{difference.only_a} in the first alone, {difference.only_b} in the second alone"
    yield (f"points: {difference.same} the same, {difference.changed} with other values, {alone}")
    counts = {
        verdict: sum(pair.verdict == verdict for pair in difference.pairs)
        for verdict in (SAME, WITHIN, BEYOND, UNJUDGED)
    }
    words = ", ".join(
        f"{counts[v]} {text}"
        for v, text in (
            (SAME, "the same"),
            (WITHIN, "apart within their intervals"),
            (BEYOND, "apart beyond them"),
            (UNJUDGED, "apart and without an interval"),
        )
    )
    yield f"means and rates: {words}"


def table(pairs: Sequence[Pair]) -> "Table":
    """Return the values that differ, for a terminal."""
    rows = []
    for pair in (pair for pair in pairs if pair.verdict != SAME):
        scheme, channel, snr_db, _, metric = pair.key
        snr_db = f"{float(snr_db):g}"
        rows.append([scheme, channel, snr_db, metric, _text(pair.a), _text(pair.b), pair.verdict])
    head = ("Scheme", "Channel", "SNR (dB)", "Metric", "First", "Second", "Apart")
    return terminal_table(head, rows)


def _text(value: Value) -> str:
    interval = "" if math.isnan(value.low) else f" [{value.low:.4g}, {value.high:.4g}]"
    return f"{value.value:.4g}{interval}"
