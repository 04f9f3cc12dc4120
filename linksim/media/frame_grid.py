"""A constant frame rate for pictures that come when they come."""

from fractions import Fraction

import numpy as np

SUSTAINED = 8
"""Steps from picture to picture over which the highest rate of a longer clip is held."""

ALIKE = 0.25
"""Share of a step by which another may differ and yet be of the same rate."""

NICE = 2e-4
"""Share of a rate within which a whole number of frames a second, or one over 1.001, is meant."""

FINEST = 30_000
"""Largest denominator of a step in s: those of 1001/30000 s and shorter are exact."""


def grid_rate(times: list[Fraction], announced: Fraction) -> Fraction:
    """Return the frame rate at which every picture has a frame.

    It is the announced rate where each picture is within half a frame of it, and else the
    highest that is held over `SUSTAINED` steps, or half of the steps of a short clip.

    Parameters
    ----------
    times : list of Fraction
        Time stamps in s, at least one.
    announced : Fraction
        Frames per second that the file states.
    """
    places = np.array([float((time - times[0]) * announced) for time in times])
    if (np.abs(places - np.arange(len(places))) < 0.5).all():
        return announced
    stamps = np.array(sorted({float(time - times[0]) for time in times}))
    if len(stamps) < 2:
        return announced
    steps = np.diff(stamps)
    width = min(SUSTAINED, max(1, len(steps) // 2))
    fastest = (stamps[width:] - stamps[:-width]).min() / width
    same = steps[np.abs(steps / fastest - 1) < ALIKE]
    step = same.mean() if len(same) else fastest
    whole = Fraction(round(1 / step))
    for rate in (announced, whole, whole * 1000 / 1001):
        if rate and abs(rate * step - 1) < NICE:
            return rate
    return 1 / max(Fraction(step).limit_denominator(FINEST), Fraction(1, FINEST))


def shown(times: list[Fraction], rate: Fraction) -> np.ndarray:
    """Return for each frame of the grid the index of the picture that it shows.

    A picture shows from the frame nearest to its time stamp until the next one comes; of two in
    one frame the later is kept.
    """
    frames = np.array([int((time - times[0]) * rate + Fraction(1, 2)) for time in times])
    frames = np.maximum.accumulate(frames)
    return np.searchsorted(frames, np.arange(frames[-1] + 1), side="right") - 1
