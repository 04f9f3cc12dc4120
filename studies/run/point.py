"""The work of a worker: one point, from its clip to its record."""

import os
import platform
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linksim.errors import LinksimError
from linksim.startup import import_tensorflow
from studies.run.kinds import measurable
from studies.run.plan import Point, curve_inputs
from studies.spec.scheme import Bound, Scheme

if TYPE_CHECKING:
    from studies.run.evaluate import Outcome

TIMELINES = "timelines"
"""Folder, in that of a study, of when the units of each point of trial 0 came."""


def run_point(point: Point, folder: Path) -> dict[str, Any]:
    """Run one point and return its record; the received clip of trial 0 is kept as a file.

    TensorFlow is loaded here and not before, so that the parent process stays small.
    """
    import_tensorflow()
    from linksim.link.call.delivery import keep
    from linksim.media import write
    from linksim.media.sources import media_suffix
    from studies.run.link_alone import LinkAlone, count
    from studies.run.record import OK, head, record_of, undefined_record

    start = time.perf_counter()
    if isinstance(point.scheme, Scheme) and point.scheme.links_alone:
        config, endpoint = point.scheme.link_config(point.channel), point.scheme.endpoint()
        assert isinstance(endpoint, LinkAlone)
        counted = count(config, endpoint.stop, point.snr_db, point.seed)
        _check_unchanged(point)
        elapsed = round(time.perf_counter() - start, 3)
        return head(point, OK) | counted | {"versions": versions(), "elapsed_s": elapsed}
    outcome = _outcome(point, folder)
    _check_unchanged(point)
    if isinstance(outcome, str):
        return undefined_record(point, outcome) | {"versions": versions(), "elapsed_s": 0.0}
    if point.trial == 0:
        write(outcome.clip, folder / "media" / f"{point.id}{media_suffix(outcome.clip)}")
        keep(outcome.sent.deliveries, folder / TIMELINES / f"{point.id}.json")
    elapsed = round(time.perf_counter() - start, 3)
    return record_of(point, outcome) | {"versions": versions(), "elapsed_s": elapsed}


def _check_unchanged(point: Point) -> None:
    """Raise `LinksimError` if a file or code that a point depends on has changed since it began."""
    if curve_inputs(point.scheme, point.channel, point.metrics) != point.inputs:
        raise LinksimError("a file or class that it depends on has changed; run the study again")


def _outcome(point: Point, folder: Path) -> "Outcome | str":
    """Return what a point gave, or why it gives nothing."""
    from linksim.errors import BudgetError
    from studies.run.bounds import bitrate, evaluate_bound
    from studies.run.cache import EncoderCache
    from studies.run.clips import clip_of
    from studies.run.evaluate import evaluate, link_for

    clip, snr_db = clip_of(point.clip), point.snr_db
    if clip.fingerprint() != point.clip.fingerprint:
        raise LinksimError(f"clip '{point.clip.source}' has changed; run the study again")
    metrics = measurable(point.metrics, point.clip.kind)
    cache = EncoderCache(folder / "cache", point.clip.fingerprint)
    if isinstance(point.scheme, Bound):
        rate = bitrate(point.scheme, snr_db)
        if rate is None:
            return f"the capacity is below the least bit rate of {point.scheme.scheme}"
        return evaluate_bound(clip, point.scheme, rate, snr_db, metrics, cache, point.fid_frames)
    link = link_for(point.scheme.link_config(point.channel))
    endpoint = point.scheme.endpoint()
    try:
        return evaluate(clip, endpoint, link, snr_db, point.seed, metrics, cache, point.fid_frames)
    except BudgetError as error:
        # A scheme that adapts to the channel may well meet the budget in other states of it.
        if not endpoint.uses_csi:
            raise
        return str(error)


@lru_cache
def versions() -> dict[str, str]:
    """Return what the numbers were computed with."""
    import numpy
    import sionna
    import tensorflow as tf

    from linksim import __version__

    gpus = tf.config.list_physical_devices("GPU")
    details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
    cpu = f"{platform.machine()} CPU, {os.cpu_count()} cores"
    return {
        "linksim": __version__,
        "tensorflow": tf.__version__,
        "sionna": sionna.__version__,
        "numpy": numpy.__version__,
        "python": platform.python_version(),
        "device": ", ".join(d.get("device_name", "GPU") for d in details) or cpu,
    }
