"""The map of a study: who wins in each cell, by how much, and whether that is sure.

::

              0 dB   5 dB   10 dB
    place 1  ┌──────┬──────┬──────┐   colour: the winner
             │██████│░░░░░░│//////│   shade:  its margin
    place 2  ├──────┼──────┼──────┤   hatched: the interval of the margin holds 0
             └──────┴──────┴──────┘
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import Patch, Rectangle

from linksim.errors import LinksimError
from linksim.metrics import METRICS
from studies.figures.panel import SNR_LABEL
from studies.figures.winners import MAP, Cell, winners
from studies.spec.figure import Figure, FigureKind

PALEST = 0.25
"""Share of its colour that the least margin has."""

ROW = 0.3
"""Height of a row in inches."""


def draw_maps(
    folder: Path, entries: Sequence[Figure], theory: bool
) -> Iterator[tuple[str, Canvas]]:
    """Draw the maps of a study; yield file names and figures.

    The groups are those of `curves` of each entry.

    Raises
    ------
    LinksimError
        If an entry names no groups, or none of its cells has run.
    """
    for entry in entries:
        if len(entry.curves) < 2:
            raise LinksimError(f"{folder}: figure '{entry.file_name}' needs two groups as 'curves'")
        cells = winners(folder, entry.metric, entry.curves)
        if not cells:
            raise LinksimError(f"{folder}: no point of figure '{entry.file_name}' has run")
        yield entry.file_name, draw(cells, entry)


def draw(cells: Sequence[Cell], entry: Figure) -> Canvas:
    """Draw one map in the style that is set."""
    places = list(dict.fromkeys(cell.place for cell in cells))
    snrs = sorted({cell.snr_db for cell in cells})
    colours = [look["color"] for look in plt.rcParams["axes.prop_cycle"]]
    colour_of = dict(zip(entry.curves, colours, strict=False))
    width, _ = plt.rcParams["figure.figsize"]
    canvas, axes = plt.subplots(figsize=(2 * width, 1.4 + ROW * len(places)))
    widest = max((cell.margin for cell in cells if cell.margin > 0), default=1.0)
    for cell in cells:
        corner = snrs.index(cell.snr_db), places.index(cell.place)
        _draw_cell(axes, cell, corner, colour_of.get(cell.winner, "0.8"), widest)
    axes.set_xlim(0, len(snrs))
    axes.set_ylim(len(places), 0)
    axes.set_xticks(np.arange(len(snrs)) + 0.5, [f"{snr:g}" for snr in snrs])
    axes.set_yticks(np.arange(len(places)) + 0.5, places)
    axes.tick_params(length=0)
    axes.set_xlabel(SNR_LABEL)
    axes.set_title(f"{METRICS[entry.metric].label}: winner and its margin")
    keys = [Patch(color=colour_of[group], label=group) for group in entry.curves]
    keys.append(Patch(facecolor="none", edgecolor="0.3", hatch="////", label="not significant"))
    canvas.legend(handles=keys, loc="outside lower center", ncols=len(keys))
    return canvas


def _draw_cell(axes: Axes, cell: Cell, corner: tuple[int, int], colour: str, widest: float) -> None:
    margin = 0.0 if np.isnan(cell.margin) else cell.margin
    shade = PALEST + (1 - PALEST) * min(1.0, margin / widest)
    axes.add_patch(Rectangle(corner, 1, 1, facecolor=colour, alpha=shade, edgecolor="none"))
    if not cell.significant:
        axes.add_patch(Rectangle(corner, 1, 1, fill=False, hatch="////", edgecolor="0.3", lw=0))
    text = "–" if np.isnan(cell.margin) else f"{cell.margin:.2g}"
    box = {"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 1.0}
    middle = corner[0] + 0.5, corner[1] + 0.5
    axes.text(*middle, text, ha="center", va="center", fontsize=6, bbox=box)


KIND = FigureKind(MAP, draw_maps)
