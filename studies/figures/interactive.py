"""The curves of a study as JSON, which ``report.js`` draws, in the look of the printed figures."""

import json
from typing import Any

import numpy as np
from matplotlib.colors import to_hex
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path as Outline

from linksim.metrics import METRICS
from studies.figures.curves import ES_N0, Curve, Limit, Panel, panels
from studies.figures.draw import Look, looks
from studies.figures.style import Style, load_style, styled
from studies.run.store import Store
from studies.spec.figure import BLER, SNR

DASHES = {"-": "", "--": "6 3", ":": "1.5 3", "-.": "6 3 1.5 3"}
"""Matplotlib's line styles as SVG has them, in pixels."""
BLACK = "#000000"


def curve_data(store: Store, *, theory: bool = False, style: Style | None = None) -> str:
    """Return all that the report's script needs to draw the figures.

    Parameters
    ----------
    store : Store
        Folder of a study that has run, in whole or in part.
    theory : bool
        Include the limits of block error rates.
    style : dict, optional
        Style from `studies.figures.style.load_style`; by default the project's own.

    Returns
    -------
    str
        JSON that may stand in a ``script`` element; ``null`` where there is no value.
    """
    study, _ = store.study()
    with styled(style or load_style()):
        found = [_panel(panel) for panel in panels(store, theory=theory)]
    data = {"snr_db": study.snr_db, "panels": found}
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _panel(panel: Panel) -> dict[str, Any]:
    metric = panel.figure.metric
    higher = metric != BLER and METRICS[metric].higher_is_better
    pairs = zip(panel.curves, looks(panel), strict=True)
    return {
        "name": panel.name,
        "title": _plain(panel.title).replace("\n", "; "),
        "x_label": _plain(panel.x_label),
        "y_label": panel.y_label,
        "better": "higher" if higher else "lower",
        "log": metric == BLER,
        "along_snr": panel.figure.against == SNR,
        "ticks": panel.ticks,
        "snr_db": panel.figure.snr_db,
        "channels": panel.channels,
        "curves": [_curve(curve, look) for curve, look in pairs],
        "limits": [_limit(limit) for limit in panel.limits],
    }


def _curve(curve: Curve, look: Look) -> dict[str, Any]:
    colour = to_hex(look["color"])
    return {
        "name": curve.name,
        "channel": None if curve.bound else curve.channel,
        "colour": "var(--ink)" if colour == BLACK else colour,  # black is ill seen on dark paper
        "dash": DASHES[look["ls"]],
        "marker": _marker(look["marker"]),
        "schemes": curve.schemes,
        **{key: _numbers(getattr(curve, key)) for key in ("x", "mean", "low", "high")},
        **{key: getattr(curve, key).astype(int).tolist() for key in ("n", "missing")},
    }


def _limit(limit: Limit) -> dict[str, Any]:
    return {"name": limit.name, "x": _numbers(limit.snr_db), "rate": _numbers(limit.rate)}


def _numbers(values: np.ndarray) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]


def _marker(name: str | int) -> str:
    """Return a marker's outline as an SVG path, about one unit in size; empty for none."""
    style = MarkerStyle(name)
    outline = style.get_path().transformed(style.get_transform())
    words = {Outline.MOVETO: "M", Outline.LINETO: "L", Outline.CURVE3: "Q", Outline.CURVE4: "C"}
    parts = []
    for points, code in outline.iter_segments(curves=True, simplify=False):
        pairs = " ".join(f"{x:.3f} {-y:.3f}" for x, y in points.reshape(-1, 2))
        parts.append("Z" if code == Outline.CLOSEPOLY else f"{words[code]}{pairs}")
    return "".join(parts)


def _plain(text: str) -> str:
    return text.replace(ES_N0, "Eₛ/N₀")
