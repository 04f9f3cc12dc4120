"""Means and intervals over clips and trials."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from scipy import stats

from linksim.montecarlo import clopper_pearson
from studies.record import BLER

SUMMARY_COLUMNS = (
    "study", "scheme", "channel", "snr_db", "metric", "mean", "ci_low", "ci_high", "n", "missing",
)  # fmt: skip
_KEY = SUMMARY_COLUMNS[:5]


def summarise(results: Iterable[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Reduce the rows of ``results.csv`` to one a scheme, channel, SNR and metric.

    Media metrics: the mean over clips and trials with Student's t interval, n values.
    Block error rate: errors over blocks of all trials with the Clopper-Pearson interval, n
    blocks. Intervals are 95 %. ``missing`` counts the trials without a value, which are in no
    mean: where it is above 0 the mean is over the others alone.
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
    return mean, mean - half, mean + half, n


def _pooled(rows: list[Mapping[str, str]]) -> tuple[float, float, float, int]:
    blocks = sum(int(row["n"]) for row in rows)
    errors = sum(round(float(row["value"]) * int(row["n"])) for row in rows)
    return errors / blocks, *clopper_pearson(errors, blocks), blocks
