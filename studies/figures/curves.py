"""The curves and limits of a study's figures, picked from ``summary.csv``."""

import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from linksim.link.config import LinkConfig
from linksim.metrics import METRICS
from linksim.phy.modulations import MODULATIONS
from studies.figures.ber import outage_curves
from studies.run.frames import frames
from studies.run.kinds import KINDS, MUSIC
from studies.run.store import Store
from studies.spec import axes
from studies.spec.figure import BLER, CHANNEL_USES, CURVES, SNR, Figure
from studies.spec.scheme import Bound, Scheme, SweptScheme
from studies.spec.study import Study

ES_N0 = "$E_s/N_0$"
SNR_LABEL = f"SNR, {ES_N0} per resource element (dB)"
USES_LABEL = "Channel uses per pixel"
MOST_CURVES = 4
"""Channels share a figure, told apart by line style, up to this many curves."""


@dataclass(frozen=True)
class Curve:
    """One curve: arrays over its points, NaN where there is no value.

    Parameters
    ----------
    name, channel : str
        Name in the legend, and channel that it was simulated over.
    bound : bool
        Whether it is a ceiling and not a simulation.
    x : np.ndarray
        SNR in dB, channel uses per pixel or values of an axis; rising. Where those are no numbers,
        their indices.
    mean, low, high : np.ndarray
        Values and 95 % interval.
    n, missing : np.ndarray
        Values in the mean, or blocks; and trials without a value.
    schemes : tuple of str
        Label of the scheme of each point: the curve's name, unless it is against channel uses.
    """

    name: str
    channel: str
    bound: bool
    x: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n: np.ndarray
    missing: np.ndarray
    schemes: tuple[str, ...]


@dataclass(frozen=True)
class Limit:
    """A limit from theory: a block error rate over SNR in dB."""

    name: str
    snr_db: np.ndarray
    rate: np.ndarray


@dataclass(frozen=True)
class Panel:
    """One figure with what it shows.

    Parameters
    ----------
    name : str
        Name of its files, without suffix.
    figure : Figure
        Entry of the study that it belongs to.
    curves : sequence of Curve
        Channels are told apart by line style.
    heading : str
        Content that was sent, for the title.
    limits : sequence of Limit
        Drawn beside the curves.
    names : sequence of str
        Simulated curves of all the study's figures, so that each can look the same in all.
    ticks : sequence of str
        Labels of the horizontal axis at 0, 1, 2, …; empty where it has numbers.
    """

    name: str
    figure: Figure
    curves: Sequence[Curve]
    heading: str = ""
    limits: Sequence[Limit] = ()
    names: Sequence[str] = ()
    ticks: Sequence[str] = ()

    @property
    def channels(self) -> list[str]:
        """The channels of its curves; bounds depend on none."""
        return _channels(self.curves)

    @property
    def title(self) -> str:
        """One or two lines to stand above."""
        alone = f"channel: {self.channels[0]}" if len(self.channels) == 1 else ""
        title = ", ".join(filter(None, (self.heading, alone)))
        lines = [title[:1].upper() + title[1:]]
        if self.figure.snr_db is not None:
            lines.append(f"SNR: {ES_N0} = {self.figure.snr_db:g} dB per resource element")
        return "\n".join(filter(None, lines))

    @property
    def x_label(self) -> str:
        """Label of the horizontal axis."""
        known = {SNR: SNR_LABEL, CHANNEL_USES: USES_LABEL}
        return known.get(self.figure.against) or axes.words(self.figure.against)

    @property
    def y_label(self) -> str:
        """Label of the vertical axis."""
        metric = self.figure.metric
        return "Block error rate" if metric == BLER else METRICS[metric].label

    def label(self, curve: Curve) -> str:
        """Return what a legend calls a curve."""
        alone = curve.bound or len(self.channels) == 1
        return curve.name if alone else f"{curve.name}, {curve.channel}"


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
    if entries is None:
        entries = [figure for figure in study.drawn if figure.kind == CURVES]
    found = []
    for figure, kind in itertools.product(entries, KINDS):
        mine = [r for r in rows if (r["metric"], r["kind"]) == (figure.metric, kind)]
        name = f"{figure.file_name}_{kind}" if kind == MUSIC else figure.file_name
        limited = theory and figure.metric == BLER and figure.against == SNR
        parts = (kind if study.clips and study.music else "", frames(store, figure.metric, kind))
        heading = ", ".join(filter(None, parts))
        ticks = _ticks(study, figure)
        for file_name, group in _share(_curves(mine, study, figure), name):
            limits = _limits(study, _channels(group)) if limited else ()
            found.append(Panel(file_name, figure, group, heading, limits, ticks=ticks))
    names = dict.fromkeys(c.name for panel in found for c in panel.curves if not c.bound)
    return [replace(panel, names=tuple(names)) for panel in found]


def _channels(curves: Sequence[Curve]) -> list[str]:
    return list(dict.fromkeys(c.channel for c in curves if not c.bound))


def _curves(rows: list[dict[str, str]], study: Study, figure: Figure) -> list[Curve]:
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
            curves.append(Curve(name, channel, bound, x, mean, low, high, n, missing, schemes))
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
    channels = _channels(curves)
    if not channels:
        return []
    if len(curves) <= MOST_CURVES:
        return [(name, curves)]
    slugs = {c: re.sub(r"[^A-Za-z0-9.-]+", "-", c) for c in channels}
    groups = ((c, [x for x in curves if x.bound or x.channel == c]) for c in channels)
    return [(f"{name}_{slugs[c]}", group) for c, group in groups]


def _limits(study: Study, channels: Sequence[str]) -> list[Limit]:
    """Return what no code can beat in flat Rayleigh fading, once for links that are alike."""
    limits: dict[str, Limit] = {}
    snr_db = np.linspace(min(study.snr_db), max(study.snr_db), 100)
    for channel, scheme in itertools.product(channels, study.swept):
        link = scheme.link_config(channel)
        over = f", {link.interleave_slots} slots" if link.interleave_slots > 1 else ""
        for name, rate in outage_curves(link, snr_db):
            named = f"{name}, {_rate(link):.2f} bit/use{over}"
            limits.setdefault(named, Limit(named, snr_db, rate))
    return list(limits.values())


def _rate(link: LinkConfig) -> float:
    block = link.code_block()
    return round(block.info_bits / block.coded_bits * MODULATIONS[link.modulation].bits, 3)
