"""The figure of a sweep: a curve for each combination of its axes."""

from __future__ import annotations

import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from linksim.errors import LinksimError
from linksim.files import replacing
from studies.api.curve import Curve
from studies.api.reference import Reference, read_reference
from studies.figures.panel import SNR_LABEL

if typing.TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


RATES = {"ber": "Bit error rate", "bler": "Block error rate"}
SNR_LABELS = {"snr_db": SNR_LABEL, "ebn0_db": "$E_b/N_0$ (dB)"}


def draw(
    curves: Sequence[Curve],
    quantity: str,
    *,
    theory: bool,
    ebn0: bool,
    reference: Sequence[str | Path],
    axes: Axes | None,
    path: str | Path | None,
) -> Figure:
    """Draw curves; for the parameters see `SweepResult.plot`."""
    import matplotlib.pyplot as plt

    from studies.figures.style import load_style, styled

    references = [read_reference(file) for file in reference]
    snr = "ebn0_db" if ebn0 else "snr_db"
    with styled(load_style()):
        if axes is None:
            figure, axes = plt.subplots()
        else:
            figure = typing.cast("Figure", axes.figure)
        for curve in curves:
            _curve(axes, curve, quantity, snr)
        if theory and quantity in RATES:
            _theory(axes, curves, quantity, snr)
        for other in references:
            _reference(axes, other, quantity, snr, curves[0])
        _dress(axes, quantity, snr)
        if len(curves) == 1 and not axes.get_title():
            link = curves[0].link
            axes.set_title(f"{link.channel}, {link.modulation}, {link.estimator} CSI")
        if path is not None:
            _write(figure, Path(path))
    return figure


def _curve(axes: Axes, curve: Curve, quantity: str, snr: str) -> None:
    """Draw the rows of a curve, trials as their mean, with the interval of a watched rate."""
    snrs = sorted({row[snr] for row in curve.rows})
    groups = [[row for row in curve.rows if row[snr] == value] for value in snrs]
    values = np.array([np.mean([row[quantity] for row in group]) for group in groups], float)
    seen = values > 0 if quantity in RATES else np.isfinite(values)
    x = np.array(snrs)[seen]
    if _watched(curve.rows[0]) == quantity:
        low, high = (
            np.array([group[0][end] for group in groups])[seen] for end in ("ci_low", "ci_high")
        )
        reach = np.abs([values[seen] - low, high - values[seen]])
        axes.errorbar(x, values[seen], yerr=reach, label=curve.label, elinewidth=0.6)
    else:
        axes.plot(x, values[seen], label=curve.label)


def _watched(row: dict[str, Any]) -> str:
    """Return the rate that a row's interval is of; none of a transmission of media."""
    if "ci_low" not in row:
        return ""
    return "bler" if row["bler"] == row["bler"] else "ber"


def _theory(axes: Axes, curves: Sequence[Curve], quantity: str, snr: str) -> None:
    """Draw the closed form or the bounds of each link, once where they are the same."""
    from studies.figures.ber import BICM, capacity_limit_db, theory_curves

    drawn: set[tuple[float, ...]] = set()
    for curve in curves:
        values = [row["snr_db"] for row in curve.rows]
        grid = np.linspace(min(values), max(values), 200)
        coded = _watched(curve.rows[0]) == "bler"
        if (quantity == "bler") != coded:
            continue
        shift = curve.link.ebn0_offset_db(coded=coded) if snr == "ebn0_db" else 0.0
        known = theory_curves(curve.link, grid, coded=coded)
        for (name, rates), dashes in zip(known, ("--", "-."), strict=False):
            if tuple(rates) not in drawn:
                drawn.add(tuple(rates))
                axes.plot(grid - shift, rates, "k", ls=dashes, lw=0.8, marker="", label=name)
        limit = capacity_limit_db(curve.link) if coded else None
        if limit is not None and (limit,) not in drawn:
            drawn.add((limit,))
            axes.axvline(limit - shift, color="k", ls=":", lw=0.8, label=BICM)


def _reference(axes: Axes, other: Reference, quantity: str, snr: str, curve: Curve) -> None:
    if quantity not in other.rates:
        raise LinksimError(f"reference '{other.label}' has no column {quantity}")
    offset = curve.link.ebn0_offset_db(coded=quantity == "bler")
    shift = {("ebn0_db", "snr_db"): offset, ("snr_db", "ebn0_db"): -offset}.get((other.snr, snr), 0)
    axes.plot(other.snr_db + shift, other.rates[quantity], ":", marker="x", label=other.label)


def _dress(axes: Axes, quantity: str, snr: str) -> None:
    from linksim.metrics import METRICS

    if quantity in RATES:
        axes.set_yscale("log")
    label = METRICS[quantity].label if quantity in METRICS else quantity.replace("_", " ")
    axes.set_ylabel(RATES.get(quantity, label))
    axes.set_xlabel(SNR_LABELS[snr])
    axes.legend()


def _write(figure: Figure, path: Path) -> None:
    if path.suffix[1:] not in figure.canvas.get_supported_filetypes():
        known = ", ".join(sorted(figure.canvas.get_supported_filetypes()))
        raise LinksimError(f"{path}: no format of a figure; known: {known}")
    from studies.figures.text import settle_text

    settle_text(figure)
    try:
        with replacing(path) as temporary:
            figure.savefig(temporary)
    except OSError as error:
        raise LinksimError(f"{path}: {error.strerror or error}") from None
