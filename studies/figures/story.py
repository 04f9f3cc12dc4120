"""Two views of one comparison: what quality costs at one SNR, and what there is at equal uses.

::

    quality │    ┌──●        quality │      ┌──●
            │ ●──┘                   │ ●────┘
            └──────────              └──────────
             channel uses             SNR
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure as Canvas

from linksim.errors import LinksimError
from studies.figures.curves import panels
from studies.figures.draw import draw_on
from studies.figures.text import settle_text, without_glyph_warnings
from studies.run.store import Store
from studies.spec.figure import CHANNEL_USES, Figure, FigureKind

STORY = "story"
"""Kind of the figures that show this."""


def draw_stories(
    folder: Path, entries: Sequence[Figure], theory: bool
) -> Iterator[tuple[str, Canvas]]:
    """Draw the stories of a study; yield file names and figures.

    Of each entry `curves` are drawn against channel uses at `snr_db`, `schemes` against SNR.

    Raises
    ------
    LinksimError
        If an entry lacks one of them.
    """
    store = Store(folder)
    for entry in entries:
        if not (entry.curves and entry.schemes) or entry.snr_db is None:
            raise LinksimError(
                f"{folder}: figure '{entry.file_name}' needs curves and snr_db for one half, and "
                "schemes for the other"
            )
        metric, name = entry.metric, entry.file_name
        uses = Figure(
            metric=metric,
            name=name,
            against=CHANNEL_USES,
            snr_db=entry.snr_db,
            curves=entry.curves,
        )
        snr = Figure(metric=metric, name=name, schemes=entry.schemes)
        # Where one half has not run yet there is none of the other.
        for pair in zip(panels(store, [uses]), panels(store, [snr]), strict=False):
            width, height = plt.rcParams["figure.figsize"]
            canvas, halves = plt.subplots(1, 2, figsize=(2 * width, 1.4 * height), sharey=True)
            for axes, panel in zip(halves, pair, strict=True):
                draw_on(axes, panel)
                axes.legend(fontsize="x-small", loc="upper center", bbox_to_anchor=(0.5, -0.16))
            settle_text(canvas)
            with without_glyph_warnings():
                canvas.canvas.draw()
            plt.close(canvas)
            yield entry.file_name, canvas


KIND = FigureKind(STORY, draw_stories)
