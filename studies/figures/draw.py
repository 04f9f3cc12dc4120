"""Curves against SNR or channel uses, at the size of one IEEE column."""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from linksim.errors import LinksimError
from studies.figures.curves import panels
from studies.figures.panel import Curve, Limit, Panel
from studies.figures.style import Style, load_style, save, styled
from studies.figures.text import settle_text, without_glyph_warnings
from studies.run.store import Store
from studies.spec.figure import BLER, CHANNEL_USES, CURVES, FIGURES, Figure, FigureKind

DASHES = ("-", "--", ":", "-.")
"""Line styles that tell the channels of a figure apart."""
BOUND_LOOK = {"color": "0.35", "ls": "--", "marker": ""}
WIDE = 5.0
"""Ratio of the largest channel uses to the least from which their axis is logarithmic."""
Look = dict[str, Any]
"""Colour, marker and line style of a curve, as Matplotlib takes them."""


def draw_all(folder: Path, *, theory: bool = False, style: Style | None = None) -> list[Path]:
    """Draw the figures of a study, as PDF and as PNG.

    Parameters
    ----------
    folder : Path
        The study's output folder.
    theory : bool
        Draw the outage bound beside block error rates in flat Rayleigh fading.
    style : dict, optional
        Style from `studies.figures.style.load_style`; by default the project's own.

    Returns
    -------
    list of Path
        The files written, under ``figures/``.
    """
    study, _ = Store(folder).study()
    figures = folder / "figures"
    if figures.is_symlink():
        raise LinksimError(f"{figures}: is a link, through which nothing is written; remove it")
    written: list[Path] = []
    for name in dict.fromkeys(figure.kind for figure in study.drawn):
        entries = [figure for figure in study.drawn if figure.kind == name]
        with styled(style or load_style()):
            for stem, canvas in FIGURES[name].draw(folder, entries, theory):
                paths = [figures / f"{stem}.{suffix}" for suffix in ("pdf", "png")]
                try:
                    for path in paths:
                        save(canvas, path)
                except (ValueError, RuntimeError) as error:  # as of LaTeX, or of a style
                    reason = " ".join(str(error).split())[:120]
                    raise LinksimError(f"{paths[0]}: cannot be drawn: {reason}") from None
                finally:
                    plt.close(canvas)
                written += paths
    _remove_old(figures, study.drawn, written)
    return written


def _remove_old(figures: Path, drawn: Iterable[Figure], written: Sequence[Path]) -> None:
    """Remove what an earlier drawing called otherwise, as of a study with fewer curves."""
    names = {figure.file_name for figure in drawn}
    for path in figures.glob("*.p[dn][fg]"):
        ours = any(path.stem == name or path.stem.startswith(f"{name}_") for name in names)
        if ours and path not in written:
            path.unlink()


def draw_curves(
    folder: Path, entries: Sequence[Figure], theory: bool
) -> Iterator[tuple[str, Canvas]]:
    """Draw the curves of a study from its ``summary.csv``; yield file names and figures."""
    for panel in panels(Store(folder), entries, theory=theory):
        yield panel.name, draw(panel)


def draw(panel: Panel) -> Canvas:
    """Draw one figure in the style that is set."""
    canvas, axes = plt.subplots()
    draw_on(axes, panel)
    _legend(canvas, axes)
    settle_text(canvas)
    with without_glyph_warnings():
        canvas.canvas.draw()
    plt.close(canvas)
    return canvas


def draw_on(axes: Axes, panel: Panel) -> None:
    """Draw the curves of one figure, its labels and title, on axes that are there."""
    logarithmic = panel.figure.metric == BLER
    for curve, look in zip(panel.curves, looks(panel), strict=True):
        if curve.bound:
            axes.plot(curve.x, curve.mean, label=panel.label(curve), **look)
        else:
            _draw_curve(axes, curve, look, panel.label(curve), logarithmic=logarithmic)
    if logarithmic:
        axes.set_yscale("log")
    _draw_limits(axes, panel.limits)
    if panel.ticks:
        axes.set_xticks(range(len(panel.ticks)), panel.ticks)
    elif _range_of(panel) > WIDE:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10]))
    axes.set_xlabel(panel.x_label)
    axes.set_ylabel(panel.y_label)
    axes.set_title(panel.title)


def _range_of(panel: Panel) -> float:
    """Return the largest of a figure's channel uses over the least; 1 against anything else."""
    if panel.figure.against != CHANNEL_USES:
        return 1.0
    uses = np.concatenate([curve.x for curve in panel.curves] or [np.ones(1)])
    return float(np.nanmax(uses) / np.nanmin(uses)) if np.isfinite(uses).any() else 1.0


def looks(panel: Panel) -> list[Look]:
    """Return how each curve of a figure looks in the style that is set.

    A scheme looks the same in all figures, unless there are more than there are looks.
    """
    available = list(plt.rcParams["axes.prop_cycle"])
    own = list(dict.fromkeys(c.name for c in panel.curves if not c.bound))
    fit = panel.names and len(panel.names) <= len(available)
    chosen = dict(zip(panel.names if fit else own, cycle(available), strict=False))
    dashes = dict(zip(panel.channels, cycle(DASHES), strict=False))
    return [
        BOUND_LOOK if c.bound else {**chosen[c.name], "ls": dashes[c.channel]} for c in panel.curves
    ]


def _draw_curve(axes: Axes, curve: Curve, look: Look, label: str, *, logarithmic: bool) -> None:
    """Draw means with intervals; hollow markers where trials without a value are left out.

    Where trials are too few for an interval, a dot stands for each.

    On a logarithmic axis a rate of 0 has no place: an arrow hangs from the end of its
    interval instead.
    """
    off_scale = logarithmic & (curve.mean == 0)
    mean = np.where(off_scale, math.nan, curve.mean)
    reach = np.nan_to_num(np.abs([mean - curve.low, curve.high - mean]))
    axes.errorbar(curve.x, mean, yerr=reach, label=label, elinewidth=0.6, **look)
    seen = [(x, value) for x, values in zip(curve.x, curve.trials, strict=True) for value in values]
    axes.plot(*np.array(seen).reshape(-1, 2).T, ls="none", marker=".", ms=3, color=look["color"])
    hollow = (curve.missing > 0) & ~np.isnan(mean)
    inside = plt.rcParams["axes.facecolor"]
    axes.plot(curve.x[hollow], mean[hollow], zorder=3, **{**look, "ls": "none", "mfc": inside})
    limits = {"yerr": 0.35 * curve.high[off_scale], "uplims": True, "fmt": "none"}
    axes.errorbar(curve.x[off_scale], curve.high[off_scale], ecolor=look["color"], **limits)


def _draw_limits(axes: Axes, limits: Iterable[Limit]) -> None:
    look = {"color": plt.rcParams["text.color"], "lw": 0.8}
    for limit in limits:
        axes.plot(limit.snr_db, limit.rate, ls="--", marker="", label=limit.name, **look)


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


KIND = FigureKind(CURVES, draw_curves)
