"""The origins of the frames of a received clip, in few words and as a strip of colours."""

import html
from collections.abc import Sequence
from itertools import groupby

from linksim.media import ORIGINS

Runs = list[tuple[str, int]]
"""Origins one after the other, each with how many frames have it."""

COLOURS = {"sent": "#2a6f97", "generated": "#e09f3e", "held": "#9aa0a6"}


def runs_of(origins: Sequence[str]) -> Runs:
    """Return the runs of `linksim.media.Clip.origins`."""
    return [(name, len(list(frames))) for name, frames in groupby(origins)]


def in_words(runs: Sequence[tuple[str, int]]) -> str:
    """Count the frames of each origin, as in ``"10 sent, 65 generated"``."""
    counts = {name: sum(n for other, n in runs if other == name) for name in ORIGINS}
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def strip(runs: Sequence[tuple[str, int]]) -> str:
    """Draw the runs from left to right: SVG, empty where there is nothing to tell apart."""
    if {name for name, _ in runs} <= {"sent"}:
        return ""
    bars, at = [], 0
    for name, count in runs:
        bars.append(f'<rect x="{at}" width="{count}" height="1" fill="{COLOURS[name]}"/>')
        at += count
    words = html.escape(in_words(runs))
    return (
        f'<svg class="origins" viewBox="0 0 {at} 1" preserveAspectRatio="none" role="img" '
        f'width="100%" height="8"><title>{words}</title>{"".join(bars)}</svg>'
    )
