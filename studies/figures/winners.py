"""The winner of each cell of a study: the best scheme of each group, compared trial by trial.

::

    results.csv ─▶ cells: channel, place of the sweep, SNR ─▶ best scheme of each group ─▶ winner
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats

from linksim.errors import LinksimError
from linksim.metrics import METRICS
from studies.run.store import Store
from studies.run.summary import FEWEST
from studies.spec import axes
from studies.spec.figure import Figure
from studies.spec.scheme import Scheme, SweptScheme
from studies.spec.study import Study

MAP = "map"
"""Kind of the figures that show this."""

Trial = tuple[str, str]
"""Clip and number of a trial."""


@dataclass(frozen=True)
class Cell:
    """The outcome in one cell.

    Parameters
    ----------
    place : str
        Channel, and place on the axes of the sweep, in words.
    snr_db : float
        Mean Es/N0 in dB.
    winner, rival : str
        Group whose best scheme has the best mean, and that which comes second; ``""`` where none
        has a value.
    best : dict of str to str
        Label of the best scheme of each group that has a value.
    means : dict of str to float
        Its mean.
    margin, low, high : float
        By how much the winner is better than the second, and the 95 % interval, of trials that
        met the same fading; NaN where there is no second, or trials are too few.
    """

    place: str
    snr_db: float
    winner: str
    rival: str
    best: dict[str, str]
    means: dict[str, float]
    margin: float
    low: float
    high: float

    @property
    def significant(self) -> bool:
        """Whether the interval of the margin lies above 0."""
        return self.low > 0


def winners(folder: Path, metric: str, groups: Mapping[str, Sequence[str]]) -> list[Cell]:
    """Return the cells of a study, by channel, then place on the sweep, then SNR.

    In a cell all schemes have the same channel, link budget, clips and seeds. Choosing the best of
    a group by the very trials that are compared favours the group with more schemes; the
    intervals do not say so.

    Parameters
    ----------
    folder : Path
        Output folder of the study.
    metric : str
        Metric of the study.
    groups : mapping of str to sequence of str
        Labels of the schemes of each group. That of a scheme that is swept stands for all places.

    Raises
    ------
    LinksimError
        If the folder is not that of a study, or it has no such scheme or metric.
    """
    store = Store(folder)
    study, _ = store.study()
    if metric not in study.metrics:
        raise LinksimError(f"{folder}: the study does not measure '{metric}'")
    schemes = {scheme.label: scheme for scheme in study.swept}
    group_of = _groups(study, groups)
    values: dict[tuple[str, float], dict[str, dict[Trial, float]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    for row in store.read_table("results.csv"):
        if row["metric"] == metric and row["scheme"] in group_of and row["value"]:
            where = _place(row["channel"], schemes[row["scheme"]])
            cell = values[where, float(row["snr_db"])]
            cell[row["scheme"]][row["clip"], row["trial"]] = float(row["value"])
    higher = METRICS[metric].higher_is_better
    return [_cell(where, snr, found, group_of, higher) for (where, snr), found in values.items()]


def _groups(study: Study, groups: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the group of each scheme, by its label."""
    named = {label: group for group, labels in groups.items() for label in labels}
    known = {s.base if isinstance(s, SweptScheme) else s.label for s in study.swept}
    for label in named:
        if label not in known:
            raise LinksimError(f"the study has no scheme '{label}'")
    of = {s.label: s.base if isinstance(s, SweptScheme) else s.label for s in study.swept}
    return {label: named[base] for label, base in of.items() if base in named}


def _place(channel: str, scheme: Scheme) -> str:
    at = scheme.axes if isinstance(scheme, SweptScheme) else {}
    return axes.label(channel, {a: v for a, v in at.items() if a.startswith("link.")})


def _cell(
    place: str,
    snr_db: float,
    found: Mapping[str, Mapping[Trial, float]],
    group_of: Mapping[str, str],
    higher: bool,
) -> Cell:
    sign = 1.0 if higher else -1.0
    means: dict[str, float] = {}
    best: dict[str, str] = {}
    for label, trials in found.items():
        mean, group = float(np.mean(list(trials.values()))), group_of[label]
        if not np.isnan(mean) and (group not in means or sign * mean > sign * means[group]):
            means[group], best[group] = mean, label
    order = sorted(means, key=lambda group: -sign * means[group])
    winner, rival = (*order, "", "")[:2]
    margin = low = high = np.nan
    if rival:
        a, b = found[best[winner]], found[best[rival]]
        differences = [sign * (a[trial] - b[trial]) for trial in a if trial in b]
        margin, low, high = _interval(differences)
    return Cell(place, snr_db, winner, rival, best, means, margin, low, high)


def _interval(differences: Sequence[float]) -> tuple[float, float, float]:
    n = len(differences)
    mean = float(np.mean(differences)) if n else np.nan
    if n < FEWEST:
        return mean, np.nan, np.nan
    half = float(stats.t.ppf(0.975, n - 1) * np.std(differences, ddof=1) / np.sqrt(n))
    return mean, mean - half, mean + half


def map_of(study: Study) -> Figure:
    """Return the study's first figure of the kind ``"map"``, which names the groups.

    Raises
    ------
    LinksimError
        If it has none.
    """
    for figure in study.figures:
        if figure.kind == MAP:
            return figure
    raise LinksimError("the study has no figure of the kind 'map', which names the groups")
