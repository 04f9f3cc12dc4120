"""Metrics and their values."""

from collections.abc import Callable
from dataclasses import dataclass
from math import nan
from typing import Literal

from linksim.media import Clip


@dataclass(frozen=True)
class MetricValue:
    """One measurement.

    Parameters
    ----------
    value : float
        The measurement; NaN if there is none.
    n : int
        How many frames, samples or segments it averages; 0 if there is none.
    reason : str
        Why it is NaN, or what is special about it.
    """

    value: float
    n: int
    reason: str = ""


@dataclass(frozen=True)
class Metric:
    """A named measure of how close a received clip is to its reference.

    Parameters
    ----------
    name : str
        Name in studies and tables.
    label : str
        Label of an axis.
    kind : {"audio", "video", "text", "time"}
        Stream of a clip that it measures; "time" is that of all.
    higher_is_better : bool
        True where a greater value is better.
    bounds : tuple of float
        Least and greatest value that it can take.
    function : callable
        ``function(reference, received) -> MetricValue``. It answers NaN with a reason where
        it is not defined and does not raise.
    of_all_frames : bool
        True where a value is of all frames at once and depends on how many there are, so that
        their number belongs beside it.
    """

    name: str
    label: str
    kind: Literal["audio", "video", "text", "time"]
    higher_is_better: bool
    bounds: tuple[float, float]
    function: Callable[[Clip, Clip], MetricValue]
    of_all_frames: bool = False


def undefined(reason: str) -> MetricValue:
    """Return NaN with a reason."""
    return MetricValue(nan, 0, reason)
