"""The figure of ``linksim adapt``: throughput and block error rate against SNR."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from studies.figures.panel import SNR_LABEL
from studies.figures.style import load_style, styled
from studies.figures.style import save as write

PANELS = (
    ("throughput", "Throughput (bit/use)"),
    ("bler", "BLER"),
    ("residual_bler", "Residual BLER"),
    ("delay_slots", "Delay (slots)"),
)


def save(path: Path, channel: str, records: list[dict[str, Any]]) -> None:
    """Draw a curve for each MCS and feedback delay, with intervals where there are some.

    Parameters
    ----------
    path : Path
        File to write; its suffix chooses the format.
    channel : str
        Channel that was simulated, for the title.
    records : list of dict
        The records that ``linksim adapt --json`` writes.
    """
    curves = dict.fromkeys((r["mcs"], r["feedback_delay_slots"]) for r in records)
    with styled(load_style()):
        width, height = plt.rcParams["figure.figsize"]
        figure, axes = plt.subplots(2, 2, figsize=(2 * width, 2 * height), sharex=True)
        for (name, label), panel in zip(PANELS, axes.flat, strict=True):
            for mcs, delay in curves:
                mine = [r for r in records if (r["mcs"], r["feedback_delay_slots"]) == (mcs, delay)]
                _draw(panel, name, mine, f"MCS {mcs}, feedback after {delay}")
            panel.set_ylabel(label)
            if name == "bler":
                panel.axhline(0.1, color="0.7", linewidth=0.6)
        for panel in axes[1]:
            panel.set_xlabel(SNR_LABEL)
        axes[0, 0].legend()
        figure.suptitle(channel)
        write(figure, path)
    plt.close(figure)


def _draw(panel: Any, name: str, records: list[dict[str, Any]], label: str) -> None:
    snr_db = np.array([r["snr_db"] for r in records])
    value = np.array([np.nan if r[name] is None else r[name] for r in records], float)
    limits = np.array([r.get(f"{name}_interval", [np.nan, np.nan]) for r in records]).T
    reach = np.abs([value - limits[0], limits[1] - value])
    panel.errorbar(snr_db, value, yerr=np.nan_to_num(reach), label=label, elinewidth=0.6)
