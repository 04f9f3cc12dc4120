"""The curves and limits of a study's figures, picked from ``summary.csv``."""

import itertools
import math
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from linksim.link.config import LinkConfig
from linksim.phy.modulations import MODULATIONS
from linksim.plugins import is_withheld
from studies.figures.ber import outage_curves
from studies.figures.panel import Curve, Limit, Panel, channels_of
from studies.run.frames import frames
from studies.run.kinds import BITS, KINDS, MUSIC
from studies.run.store import Store
from studies.spec import axes
from studies.spec.figure import BLER, CHANNEL_USES, CURVES, SNR, Figure
from studies.spec.scheme import Bound, Scheme, SweptScheme
from studies.spec.study import Study

Key = tuple[str, ...]
"""Scheme, channel, SNR, kind and metric of a row of a table."""
MOST_CURVES = 4
"""Channels share a figure, told apart by line style, up to this many curves."""


def panels(
    store: Store, entries: Sequence[Figure] | None = None, *, theory: bool = False
) -> list[Panel]:
    """Return what a study's figures of curves show.

    Parameters
    ----------
    store : Store
        Folder of a study that has run, in whole or in part.
    entries : sequence of Figure, optional
        Entries to draw; by default all of the study.
    theory : bool
        Give block error rates in flat Rayleigh fading their limits.

    Raises
    ------
    LinksimError
        If the folder is not a study's, or a table is missing or damaged.
    """
    study, _ = store.study()
    rows = store.read_table("summary.csv")
    trials = _few_trials(rows, store)
    if entries is None:
        entries = [figure for figure in study.drawn if figure.kind == CURVES]
    found = []
    for figure, kind in itertools.product(entries, KINDS):
        mine = [r for r in rows if (r["metric"], r["kind"]) == (figure.metric, kind)]
        suffixed = kind == MUSIC or (kind == BITS and not study.links_alone)
        name = f"{figure.file_name}_{kind}" if suffixed else figure.file_name
        limited = (theory or kind == BITS) and figure.metric == BLER and figure.against == SNR
        parts = (kind if study.clips and study.music else "", frames(store, figure.metric, kind))
        heading = ", ".join(filter(None, parts))
        ticks = _ticks(study, figure)
        for file_name, group in _share(_curves(mine, study, figure, trials), name):
            limits = _limits(study, group) if limited else ()
            found.append(Panel(file_name, figure, group, heading, limits, ticks=ticks))
    names = dict.fromkeys(c.name for panel in found for c in panel.curves if not c.bound)
    return [replace(panel, names=tuple(names)) for panel in found]


def _key(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(row[name] for name in ("scheme", "channel", "snr_db", "kind", "metric"))


def _few_trials(rows: Sequence[Mapping[str, str]], store: Store) -> dict[Key, tuple[float, ...]]:
    """Return the values behind each row of ``summary.csv`` that has too few for an interval."""
    wanted = {_key(row) for row in rows if row["ci_low"] == "nan" and row["n"] not in ("0", "1")}
    found: dict[Key, list[float]] = defaultdict(list)
    for row in store.read_table("results.csv") if wanted else ():
        if _key(row) in wanted:
            found[_key(row)].append(float(row["value"]))
    return {key: tuple(values) for key, values in found.items()}


def _curves(
    rows: list[dict[str, str]],
    study: Study,
    figure: Figure,
    trials: Mapping[Key, tuple[float, ...]],
) -> list[Curve]:
    """Return the curves of a figure that have a value, in the figure's order."""
    bounds = {bound.label for bound in study.bounds}
    channels = dict.fromkeys(channel for channel, _ in study.curves)
    groups, along = _groups(study, figure), _along(study, figure)
    names = ("mean", "ci_low", "ci_high", "n", "missing")
    curves = []
    for channel, (name, members) in itertools.product(channels, groups.items()):
        mine = [
            row
            for row in rows
            if row["channel"] == channel
            and row["scheme"] in members
            and figure.snr_db in (None, float(row["snr_db"]))
            and not math.isnan(along(row))
        ]
        mine.sort(key=along)
        if any(not math.isnan(float(row["mean"])) for row in mine):
            bound = not figure.curves and name in bounds
            x = np.array([along(row) for row in mine])
            mean, low, high, n, missing = (np.array([float(r[c]) for r in mine]) for c in names)
            schemes = tuple(row["scheme"] for row in mine)
            few = tuple(trials.get(_key(row), ()) for row in mine)
            uses = np.array([float(row["uses_per_pixel"]) for row in mine])
            made = (name, channel, bound, x, mean, low, high, n, missing, schemes, few, uses)
            curves.append(Curve(*made))
    return curves


def _groups(study: Study, figure: Figure) -> Mapping[str, Sequence[str]]:
    """Return the curves of a figure, each with the labels of the schemes that are its points."""
    if figure.curves:
        return figure.curves
    every: list[Scheme | Bound] = [*study.swept, *study.bounds]
    wanted = figure.schemes or [scheme.label for scheme in every]
    chosen = {s.label: s for name in wanted for s in every if name in _names(s)}
    if figure.against == SNR:
        return {label: [label] for label in chosen}
    groups: dict[str, list[str]] = {}
    for scheme in chosen.values():
        if isinstance(scheme, SweptScheme) and figure.against in scheme.axes:
            others = {k: v for k, v in scheme.axes.items() if k != figure.against}
            groups.setdefault(axes.label(scheme.base, others), []).append(scheme.label)
    return groups


def _names(scheme: Scheme | Bound) -> set[str]:
    """Return what a figure may call a curve: a scheme that is swept gives its name to all."""
    return {scheme.label, scheme.base} if isinstance(scheme, SweptScheme) else {scheme.label}


def _along(study: Study, figure: Figure) -> Callable[[Mapping[str, str]], float]:
    """Return what gives the place of a row of ``summary.csv`` along the horizontal axis."""
    columns = {SNR: "snr_db", CHANNEL_USES: "uses_per_pixel"}
    if figure.against in columns:
        return lambda row: float(row[columns[figure.against]])
    values = study.sweep[figure.against]
    at = dict(enumerate(values)) if axes.numeric(values) else dict(enumerate(range(len(values))))
    places = {
        s.label: float(at[values.index(s.axes[figure.against])])
        for s in study.swept
        if isinstance(s, SweptScheme) and figure.against in s.axes
    }
    return lambda row: places[row["scheme"]]


def _ticks(study: Study, figure: Figure) -> Sequence[str]:
    values = study.sweep.get(figure.against, [])
    return () if axes.numeric(values) else [axes.text(value) for value in values]


def _share(curves: list[Curve], name: str) -> list[tuple[str, list[Curve]]]:
    """Divide curves among figures; bounds stand in each, as they do not depend on the channel."""
    channels = channels_of(curves)
    if not channels:
        return []
    if len(curves) <= MOST_CURVES:
        return [(name, curves)]
    slugs = {c: re.sub(r"[^A-Za-z0-9.-]+", "-", c) for c in channels}
    groups = ((c, [x for x in curves if x.bound or x.channel == c]) for c in channels)
    return [(f"{name}_{slugs[c]}", group) for c, group in groups]


def _limits(study: Study, curves: Sequence[Curve]) -> list[Limit]:
    """Return what no code can beat in flat Rayleigh fading, once for links that are alike."""
    drawn = {label for curve in curves for label in curve.schemes}
    schemes = [scheme for scheme in study.swept if scheme.label in drawn]
    limits: dict[str, Limit] = {}
    channels = [c for c in channels_of(curves) if not is_withheld(c.partition(":")[0])]
    snr_db = np.linspace(min(study.snr_db), max(study.snr_db), 100)
    for channel, scheme in itertools.product(channels, schemes):
        link = scheme.link_config(channel)
        over = f", {link.interleave_slots} slots" if link.interleave_slots > 1 else ""
        for name, rate in outage_curves(link, snr_db):
            named = f"{name}, {_rate(link):.2f} bit/use{over}"
            limits.setdefault(named, Limit(named, snr_db, rate))
    return list(limits.values())


def _rate(link: LinkConfig) -> float:
    block = link.code_block()
    return round(block.info_bits / block.coded_bits * MODULATIONS[link.modulation].bits, 3)
