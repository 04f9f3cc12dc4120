"""The registry of metrics, and the evaluation of a received clip by several of them."""

from collections.abc import Iterable

from linksim.media import Clip
from linksim.metrics.distribution import thinned
from linksim.metrics.value import Metric, MetricValue
from linksim.registry import Registry

METRICS: Registry[Metric] = Registry("metric", Metric, "linksim.metrics", "linksim.metrics")
"""Metrics by name: linksim's own, installed ones, and those of dotted paths."""


def evaluate(
    names: Iterable[str], reference: Clip, received: Clip, *, most_frames: int | None = None
) -> dict[str, MetricValue]:
    """Measure a received clip by several metrics.

    Parameters
    ----------
    names : iterable of str
        Keys of `METRICS` or dotted paths, ``"module.METRIC"``.
    reference, received : Clip
        What was sent and what came out.
    most_frames : int, optional
        Number of frames, evenly spaced, that a metric of all frames at once looks at; by default
        all.

    Returns
    -------
    dict of str to MetricValue
        Measurements by name, in the order asked for.

    Raises
    ------
    LinksimError
        For an unknown metric, before anything is measured.
    """
    metrics = {name: METRICS[name] for name in names}
    pair = thin = (reference, received)
    if most_frames is not None and reference.frames is not None:
        count = len(reference.frames)
        thin = (thinned(reference, most_frames, count), thinned(received, most_frames, count))
    return {
        name: metric.function(*(thin if metric.of_all_frames else pair))
        for name, metric in metrics.items()
    }
