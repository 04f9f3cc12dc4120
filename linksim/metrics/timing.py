"""Measures of when what was sent arrived; the link's, where slots have a clock.

They are told from what a transmission says of its units, not from the clips.
"""

from collections.abc import Callable

from linksim.media import Clip
from linksim.metrics.value import Metric, MetricValue, undefined

REASON = "slots have no clock; give the link a delay_budget, or pace=clock"
WORST_MS = 1e6


def _no_clock(reference: Clip, received: Clip) -> MetricValue:
    return undefined(REASON)


def _timing(name: str, label: str, most: float) -> Metric:
    function: Callable[[Clip, Clip], MetricValue] = _no_clock
    return Metric(name, label, "time", False, (0.0, most), function)


TIMING = (
    _timing("delay_p50", "Median delay (ms)", WORST_MS),
    _timing("delay_p95", "95th percentile of delay (ms)", WORST_MS),
    _timing("late", "Share of units late or lost", 1.0),
)
"""Delay of the slowest stream, capture to arrival, and what was not there when it was played."""
