"""Means and intervals over clips and trials."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from scipy import stats

from linksim.metrics import METRICS
from linksim.montecarlo import Tally
from studies.record import BLER

SUMMARY_COLUMNS = (
    "study", "scheme", "channel", "snr_db", "metric", "mean", "ci_low", "ci_high", "n", "missing",
)  # fmt: skip
_KEY = SUMMARY_COLUMNS[:5]


def summarise(results: Iterable[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Reduce the rows of ``results.csv`` to one a scheme, channel, SNR and metric.

    Media metrics: the mean over clips and trials with Student's t interval, cut at the metric's
    bounds; n values. Block error rate: errors over blocks of all trials, each trial a cluster
    since its blocks may share fades; n blocks. Intervals are 95 %. ``missing`` counts the
    trials without a value, which are in no mean: where it is above 0 the mean is over the
    others alone.
    """
    groups: dict[tuple[str, ...], list[Mapping[str, str]]] = defaultdict(list)
    for row in results:
        groups[tuple(row[name] for name in _KEY)].append(row)
    table = []
    for key, rows in groups.items():
        ran = [row for row in rows if not math.isnan(float(row["value"]))]
        reduce = _pooled if key[-1] == BLER else _mean
        statistics = reduce(ran) if ran else (math.nan, math.nan, math.nan, 0)
        values = (*key, *statistics, len(rows) - len(ran))
        table.append(dict(zip(SUMMARY_COLUMNS, values, strict=True)))
    return table


def _mean(rows: list[Mapping[str, str]]) -> tuple[float, float, float, int]:
    values = np.array([float(row["value"]) for row in rows])
    mean, n = float(values.mean()), len(values)
    if n < 2:
        return mean, math.nan, math.nan, n
    half = float(stats.t.ppf(0.975, n - 1) * values.std(ddof=1) / math.sqrt(n))
    lowest, highest = METRICS[rows[0]["metric"]].bounds
    return mean, max(mean - half, lowest), min(mean + half, highest), n


def _pooled(rows: list[Mapping[str, str]]) -> tuple[float, float, float, int]:
    blocks = np.array([int(row["n"]) for row in rows])
    errors = np.rint([float(row["value"]) * int(row["n"]) for row in rows])
    tally = Tally.of(errors, blocks)
    if len(rows) == 1:  # its own interval knows the fades within the trial
        return tally.rate, float(rows[0]["ci_low"]), float(rows[0]["ci_high"]), tally.trials
    return tally.rate, *tally.interval(), tally.trials
