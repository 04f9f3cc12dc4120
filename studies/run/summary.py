"""Means and intervals over clips and trials."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

from linksim.metrics import METRICS
from linksim.montecarlo import Tally
from studies.run.clips import ClipRef
from studies.run.record import block_tally, rows, uses_per_pixel
from studies.spec.figure import BLER

SUMMARY_COLUMNS = (
    "study", "scheme", "channel", "snr_db", "kind", "metric", "mean", "ci_low", "ci_high", "n",
    "missing", "uses_per_pixel",
)  # fmt: skip
FEWEST = 3
"""Fewest values that have an interval: Student's t of two is 12.7 times their deviation."""
_KEY = SUMMARY_COLUMNS[:6]


def summarise(
    records: Sequence[Mapping[str, Any]], metrics: tuple[str, ...], clips: Sequence[ClipRef]
) -> list[dict[str, Any]]:
    """Reduce the records of points to a row a scheme, channel, SNR, kind of clip and metric.

    Media metrics: the mean over clips and trials with Student's t interval, cut at the metric's
    bounds, from `FEWEST` values on; n values. Block error rate: errors over blocks of all trials,
    clustered by the channel realisations that they share; n blocks. Intervals are 95 %.
    ``missing`` counts the trials without a value, which are in no mean: where it is above 0 the
    mean is over the others alone.
    ``uses_per_pixel`` is the mean over clips and trials of `studies.run.record.uses_per_pixel`, of
    those that have it; NaN if none has.
    """
    by_name = {clip.name: clip for clip in clips}
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    lost: dict[tuple[Any, ...], Tally] = defaultdict(Tally)
    uses: dict[tuple[Any, ...], list[float]] = defaultdict(list)
    for record in records:
        for row in rows(record, metrics):
            groups[tuple(row[name] for name in _KEY)].append(row)
        place = tuple(record[name] for name in _KEY[:-1])
        lost[place] += block_tally(record)
        uses[place].append(uses_per_pixel(record, by_name[record["clip"]]))
    table = []
    for key, members in groups.items():
        values = _known(row["value"] for row in members)
        statistics = _rate(lost[key[:-1]]) if key[-1] == BLER else _mean(values, key[-1])
        spent = _known(uses[key[:-1]])
        cost = float(np.mean(spent)) if spent else math.nan
        line = (*key, *statistics, len(members) - len(values), cost)
        table.append(dict(zip(SUMMARY_COLUMNS, line, strict=True)))
    return table


def _known(values: Iterable[float]) -> list[float]:
    return [value for value in values if not math.isnan(value)]


def _mean(values: list[float], metric: str) -> tuple[float, float, float, int]:
    n = len(values)
    mean = float(np.mean(values)) if values else math.nan
    if n < FEWEST:
        return mean, math.nan, math.nan, n
    half = float(stats.t.ppf(0.975, n - 1) * np.std(values, ddof=1) / math.sqrt(n))
    lowest, highest = METRICS[metric].bounds
    return mean, max(mean - half, lowest), min(mean + half, highest), n


def _rate(tally: Tally) -> tuple[float, float, float, int]:
    interval = tally.interval() if tally.trials else (math.nan, math.nan)
    return tally.rate, *interval, tally.trials
