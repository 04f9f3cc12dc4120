"""The timeline of a call: how long each unit of each stream took, and what it waited for.

::

    delay │   ╷air      × lost
          │   │queue          ─ ─ ─ delay budget
          │   ╵algorithmic
          └──────────────── time of capture
"""

from collections.abc import Mapping
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from linksim.link.call.delivery import Delivery
from studies.figures.style import load_style, styled
from studies.figures.style import save as write

PARTS = (
    ("algorithmic", "framing and look-ahead", "0.65"),
    ("queue", "queue", "tab:orange"),
    ("air", "air, HARQ included", "tab:blue"),
)
HEIGHT = 0.6
"""Height of a stream's panel over that of a figure."""


def save_timeline(deliveries: Mapping[str, Delivery], path: Path) -> None:
    """Draw the delay of every unit over the time of its capture, a panel for each stream.

    Parameters
    ----------
    deliveries : mapping of str to Delivery
        Times of the units of each stream, at least of one.
    path : Path
        File to write; its suffix chooses the format.
    """
    with styled(load_style()):
        width, height = plt.rcParams["figure.figsize"]
        size = (2 * width, (0.4 + HEIGHT * len(deliveries)) * height)
        figure, panels = plt.subplots(len(deliveries), 1, figsize=size, sharex=True, squeeze=False)
        for panel, (name, delivery) in zip(panels[:, 0], deliveries.items(), strict=True):
            _draw(panel, delivery)
            panel.set_ylabel(f"{name} (ms)")
        panels[-1, 0].set_xlabel("Time of capture (s)")
        handles, labels = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
        write(figure, path)
    plt.close(figure)


def _draw(panel: Axes, delivery: Delivery) -> None:
    captured, floor = delivery.captured_s, np.zeros(len(delivery.captured_s))
    for part, label, colour in PARTS:
        top = floor + 1e3 * np.nan_to_num(delivery.delays_s[part])
        panel.vlines(captured, floor, top, colors=colour, linewidth=1.2, label=label)
        floor = top
    ceiling = max(float(floor.max(initial=1.0)), 1e3 * (delivery.budget_s or 0.0))
    if delivery.budget_s is not None:
        panel.axhline(1e3 * delivery.budget_s, color="black", linestyle="--", label="delay budget")
    for mask, marker, label in ((delivery.late, "v", "late"), (delivery.lost, "x", "lost")):
        height = np.full(int(mask.sum()), 1.08 * ceiling)
        panel.plot(captured[mask], height, marker, color="tab:red", markersize=3, label=label)
    panel.set_ylim(0, 1.18 * ceiling)
