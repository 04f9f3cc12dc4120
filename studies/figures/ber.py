"""The figure of ``linksim ber``: error rate against SNR on a logarithmic axis."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from linksim.link.config import LinkConfig
from linksim.link.theory import ergodic_limit_db, outage_rayleigh
from linksim.phy.modulations import MODULATIONS
from studies.figures.curves import SNR_LABEL
from studies.figures.style import load_style, styled
from studies.figures.style import save as write

if TYPE_CHECKING:
    from linksim.link.experiments.error_rate import ErrorRate


def save(
    path: Path, config: LinkConfig, points: Sequence["ErrorRate"], *, coded: bool, theory: bool
) -> None:
    """Draw error rates with their intervals.

    Parameters
    ----------
    path : Path
        File to write; its suffix chooses the format.
    config : LinkConfig
        The link simulated.
    points : sequence of ErrorRate
        Error rates at one SNR or more.
    coded : bool
        Draw the block error rate, else the bit error rate.
    theory : bool
        Draw the closed form too: exact BER with perfect CSI, or the outage bound.
    """
    snr_db = np.array([p.snr_db for p in points])
    rate = np.array([p.bler if coded else p.ber for p in points])
    limits = np.array([[p.ci_low, p.ci_high] for p in points]).T
    seen = rate > 0
    with styled(load_style()):
        figure, axes = plt.subplots()
        reach = np.abs([rate - limits[0], limits[1] - rate])[:, seen]
        axes.errorbar(snr_db[seen], rate[seen], yerr=reach, label="simulated", elinewidth=0.6)
        if theory:
            _draw_theory(axes, config, snr_db, coded=coded)
        axes.set_yscale("log")
        axes.set_xlabel(SNR_LABEL)
        axes.set_ylabel("Block error rate" if coded else "Bit error rate")
        axes.set_title(f"{config.channel}, {config.modulation}, {config.estimator} CSI")
        axes.legend()
        write(figure, path)
    plt.close(figure)


def theory_curve(
    config: LinkConfig, snr_db: np.ndarray, *, coded: bool
) -> tuple[str, np.ndarray] | None:
    """Return the closed form or the bound that is known of a link; None if none is.

    Parameters
    ----------
    config : LinkConfig
        The link.
    snr_db : np.ndarray
        float, [n]; Es/N0 in dB.
    coded : bool
        Return the outage bound on the block error rate, else the exact bit error rate with perfect
        CSI.

    Returns
    -------
    label : str
        Name of the curve.
    rate : np.ndarray
        float, [n].
    """
    from linksim.link.experiments.error_rate import theory_ber

    if not coded:
        exact = theory_ber(config, snr_db)
        return ("closed form", exact) if np.isfinite(exact).all() else None
    if config.channel != "rayleigh" or config.interleave_slots > 1:
        return None
    efficiency = MODULATIONS[config.modulation].bits * config.code_rate
    return "outage bound", outage_rayleigh(efficiency, 10.0 ** (snr_db / 10.0))


def _draw_theory(axes: Axes, config: LinkConfig, snr_db: np.ndarray, *, coded: bool) -> None:
    grid = np.linspace(snr_db.min(), snr_db.max(), 200)
    known = theory_curve(config, grid, coded=coded)
    if known:
        axes.plot(grid, known[1], "k--", lw=0.8, marker="", label=known[0])
    elif coded and config.channel == "rayleigh":
        limit = ergodic_limit_db(MODULATIONS[config.modulation].bits * config.code_rate)
        axes.axvline(limit, color="k", ls=":", lw=0.8, label="ergodic capacity")
