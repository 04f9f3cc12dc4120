"""When the units of a transmission arrived, as metrics and as entries of a record."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from linksim.metrics import timing
from linksim.metrics.timing import REASON
from linksim.metrics.value import MetricValue, undefined

if TYPE_CHECKING:
    from linksim.link.results import Transmission

TIMING = tuple(metric.name for metric in timing.TIMING)
"""Names of the metrics of time."""


def timing_values(sent: "Transmission") -> dict[str, MetricValue]:
    """Return the metrics of time of a transmission: those of its slowest stream, and its losses."""
    deliveries = [d for d in sent.deliveries.values() if len(d.lost)]
    if not deliveries:
        return {name: undefined(REASON) for name in TIMING}
    summaries = [delivery.summary() for delivery in deliveries]
    units = sum(summary["units"] for summary in summaries)
    missed = sum(summary["late"] + summary["lost"] for summary in summaries)
    return {
        "delay_p50": _slowest(summaries, "p50_ms", units),
        "delay_p95": _slowest(summaries, "p95_ms", units),
        "late": MetricValue(missed / units, units),
    }


def by_time(sent: "Transmission") -> dict[str, Any]:
    """Return the entries of a record on time: of computing, and of units and slots on a clock."""
    per_second = sent.computing.per_second() if sent.computing else {}
    computing = {"computing_s_per_s": per_second} if per_second else {}
    if sent.slots is None:
        return computing
    delay = {name: delivery.summary() for name, delivery in sent.deliveries.items()}
    return {"delay": delay, "slots": asdict(sent.slots), **computing}


def _slowest(summaries: list[dict[str, Any]], quantile: str, units: int) -> MetricValue:
    known = [summary[quantile] for summary in summaries if summary[quantile] is not None]
    return MetricValue(max(known), units) if known else undefined("nothing arrived")
