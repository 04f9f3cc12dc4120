"""Curves against SNR or channel uses, at the size of one IEEE column."""

import itertools
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import cycle
from operator import itemgetter
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator

from linksim.link_config import MODULATIONS, LinkConfig, code_block
from linksim.metrics import METRICS
from linksim.theory import ergodic_limit_db, outage_rayleigh
from studies.atomic import replacing
from studies.frames import frames
from studies.kinds import KINDS, SPEECH
from studies.record import BLER
from studies.schema import Figure, Study
from studies.store import Store

STYLE = Path(__file__).with_name("linksim.mplstyle")
SNR_LABEL = "SNR, $E_s/N_0$ per resource element (dB)"
USES_LABEL = "Channel uses per pixel"
OUTAGE, LIMIT = "outage bound", "ergodic limit"
BOUND_LOOK = {"color": "0.35", "ls": "--", "marker": ""}
MOST_CURVES = 4
"""Channels share a figure, told apart by line style, up to this many curves."""


@dataclass(frozen=True)
class Curve:
    """One curve: arrays over its points, NaN where there is no value.

    Parameters
    ----------
    name, channel : str
        What it is called, and where it was measured.
    bound : bool
        Whether it is a ceiling and not a simulation.
    x : np.ndarray
        SNR in dB, or channel uses per pixel; rising.
    mean, low, high : np.ndarray
        Values and 95 % interval.
    missing : np.ndarray
        Trials without a value.
    """

    name: str
    channel: str
    bound: bool
    x: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    missing: np.ndarray


def draw_all(folder: Path, *, theory: bool = False) -> list[Path]:
    """Draw the figures of a study from its ``summary.csv``, as PDF and as PNG.

    Parameters
    ----------
    folder : Path
        The study's output folder.
    theory : bool
        Draw the outage bound beside block error rates in flat Rayleigh fading.

    Returns
    -------
    list of Path
        The files written, under ``figures/``.
    """
    store = Store(folder)
    study, _ = store.study()
    rows = store.read_table("summary.csv")
    figures = study.figures or [Figure(metric=metric) for metric in (*study.metrics, BLER)]
    written = []
    for figure, kind in itertools.product(figures, KINDS):
        mine = [r for r in rows if (r["metric"], r["kind"]) == (figure.metric, kind)]
        name = figure.file_name if kind == SPEECH else f"{figure.file_name}_{kind}"
        limits = theory and figure.metric == BLER and figure.against == "snr"
        parts = (kind if study.clips and study.music else "", frames(store, figure.metric, kind))
        heading = ", ".join(filter(None, parts))
        for file_name, group in _share(_curves(mine, study, figure), name):
            canvas = draw(figure, group, study if limits else None, heading)
            written += _save(canvas, folder / "figures", file_name)
    return written


def draw(
    figure: Figure, curves: Sequence[Curve], theory: Study | None = None, heading: str = ""
) -> Canvas:
    """Draw one figure.

    Parameters
    ----------
    figure : Figure
        Which metric, and against what.
    curves : sequence of Curve
        What to draw; channels are told apart by line style.
    theory : Study, optional
        Draw the outage bound of this study's links.
    heading : str
        What was sent, to stand above.
    """
    channels = list(dict.fromkeys(c.channel for c in curves if not c.bound))
    names = list(dict.fromkeys(c.name for c in curves if not c.bound))
    dashes = dict(zip(channels, cycle(("-", "--", ":", "-.")), strict=False))
    with plt.style.context(STYLE):
        canvas, axes = plt.subplots()
        looks = dict(zip(names, cycle(plt.rcParams["axes.prop_cycle"]), strict=False))
        for curve in curves:
            if curve.bound:
                axes.plot(curve.x, curve.mean, label=curve.name, **BOUND_LOOK)
                continue
            label = f"{curve.name}, {curve.channel}" if len(channels) > 1 else curve.name
            look = {**looks[curve.name], "ls": dashes[curve.channel]}
            _draw_curve(axes, curve, look, label, logarithmic=figure.metric == BLER)
        if figure.metric == BLER:
            axes.set_yscale("log")
        if theory:
            _draw_limits(axes, theory, channels)
        axes.xaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10]))
        axes.set_xlabel(SNR_LABEL if figure.against == "snr" else USES_LABEL)
        label = "Block error rate" if figure.metric == BLER else METRICS[figure.metric].label
        axes.set_ylabel(label)
        axes.set_title(_title(figure, channels, heading))
        _legend(canvas, axes)
        canvas.canvas.draw()
    plt.close(canvas)
    return canvas


def _title(figure: Figure, channels: Sequence[str], heading: str) -> str:
    alone = f"channel: {channels[0]}" if len(channels) == 1 else ""
    title = ", ".join(filter(None, (heading, alone)))
    lines = [title[:1].upper() + title[1:]]
    if figure.snr_db is not None:
        lines.append(f"SNR: $E_s/N_0$ = {figure.snr_db:g} dB per resource element")
    return "\n".join(filter(None, lines))


def _draw_curve(axes: Axes, curve: Curve, look: dict, label: str, *, logarithmic: bool) -> None:
    """Draw means with intervals; hollow markers where trials without a value are left out.

    On a logarithmic axis a rate of 0 has no place: an arrow hangs from the end of its
    interval instead.
    """
    off_scale = logarithmic & (curve.mean == 0)
    mean = np.where(off_scale, math.nan, curve.mean)
    reach = np.nan_to_num(np.abs([mean - curve.low, curve.high - mean]))
    axes.errorbar(curve.x, mean, yerr=reach, label=label, elinewidth=0.6, **look)
    hollow = (curve.missing > 0) & ~np.isnan(mean)
    off = {"color": look["color"], "marker": look["marker"], "ls": "none", "mfc": "white"}
    axes.plot(curve.x[hollow], mean[hollow], zorder=3, **off)
    limits = {"yerr": 0.35 * curve.high[off_scale], "uplims": True, "fmt": "none"}
    axes.errorbar(curve.x[off_scale], curve.high[off_scale], ecolor=look["color"], **limits)


def _draw_limits(axes: Axes, study: Study, channels: Iterable[str]) -> None:
    """Draw what no code can beat in flat Rayleigh fading.

    P(outage) where one block sees one fade; the ergodic limit where it sees several.
    """
    links = [s.link_config(c) for c in channels for s in study.schemes]
    flat = [x for x in links if x.channel == "rayleigh"]
    snr_db = np.linspace(min(study.snr_db), max(study.snr_db), 100)
    for rate in sorted({_rate(link) for link in flat if link.interleave_slots == 1}):
        bound = outage_rayleigh(rate, 10 ** (snr_db / 10))
        axes.plot(snr_db, bound, "k--", lw=0.8, marker="", label=f"{OUTAGE}, {rate:.2f} bit/use")
    for rate in sorted({_rate(link) for link in flat if link.interleave_slots > 1}):
        label = f"{LIMIT}, {rate:.2f} bit/use"
        axes.axvline(ergodic_limit_db(rate), color="k", ls=":", lw=0.8, label=label)


def _rate(link: LinkConfig) -> float:
    block = code_block(link, link.mcs)
    return round(block.info_bits / block.coded_bits * MODULATIONS[link.modulation], 3)


def _legend(canvas: Canvas, axes: Axes) -> None:
    """Put the legend below the axes, where it hides no curve."""
    # Matplotlib lists plain lines, which bounds are, before those with error bars.
    entries = sorted(
        zip(*axes.get_legend_handles_labels(), strict=True),
        key=lambda entry: not isinstance(entry[0], ErrorbarContainer),
    )
    if not entries:
        return
    handles, labels = zip(*entries, strict=True)
    columns = 2 if max(map(len, labels)) <= 26 and len(labels) > 1 else 1
    width, height = canvas.get_size_inches()
    canvas.set_size_inches(width, height + 0.14 * math.ceil(len(labels) / columns))
    canvas.legend(handles, labels, loc="outside lower center", ncols=columns)


def _curves(rows: list[dict[str, str]], study: Study, figure: Figure) -> list[Curve]:
    """Return the curves of a figure that have a value, in the figure's order."""
    bounds = {bound.label for bound in study.bounds}
    channels, labels = (dict.fromkeys(names) for names in zip(*study.curves, strict=True))
    groups = figure.curves or {label: [label] for label in figure.schemes or labels}
    along = "snr_db" if figure.against == "snr" else "uses_per_pixel"
    names = (along, "mean", "ci_low", "ci_high", "missing")
    curves = []
    for channel, (name, members) in itertools.product(channels, groups.items()):
        mine = [
            [float(row[column]) for column in names]
            for row in rows
            if row["channel"] == channel
            and row["scheme"] in members
            and figure.snr_db in (None, float(row["snr_db"]))
        ]
        points = np.array(sorted((p for p in mine if not math.isnan(p[0])), key=itemgetter(0)))
        if points.size and not np.isnan(points[:, 1]).all():
            bound = not figure.curves and name in bounds
            curves.append(Curve(name, channel, bound, *points.T))
    return curves


def _share(curves: list[Curve], name: str) -> list[tuple[str, list[Curve]]]:
    """Divide curves among figures; bounds stand in each, as they do not depend on the channel."""
    channels = list(dict.fromkeys(c.channel for c in curves if not c.bound))
    if not channels:
        return []
    if len(curves) <= MOST_CURVES:
        return [(name, curves)]
    slugs = {c: re.sub(r"[^A-Za-z0-9.-]+", "-", c) for c in channels}
    groups = ((c, [x for x in curves if x.bound or x.channel == c]) for c in channels)
    return [(f"{name}_{slugs[c]}", group) for c, group in groups]


def _save(canvas: Canvas, folder: Path, name: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.pdf", folder / f"{name}.png"]
    for path in paths:
        with replacing(path) as temporary, plt.style.context(STYLE):
            metadata = {"CreationDate": None} if path.suffix == ".pdf" else {}
            canvas.savefig(temporary, metadata=metadata)
    return paths
