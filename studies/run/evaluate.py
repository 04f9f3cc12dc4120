"""One transmission from clip to metrics: the same for a study's point and for `linksim send`."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from linksim import metrics as media_metrics
from linksim.endpoint import Csi, Endpoint
from linksim.link.config import LinkConfig
from linksim.link.results import Accounting, Adaptation, Retransmissions
from linksim.link.transmission import Link, send
from linksim.media import Clip
from linksim.metrics import MetricValue
from linksim.montecarlo import Tally
from studies.run.cache import EncoderCache


@dataclass(frozen=True)
class Outcome:
    """The result of one transmission.

    Parameters
    ----------
    clip : Clip
        Clip as received.
    metrics : dict
        Values by name, NaN with a reason where undefined.
    accounting : Accounting
        Accounting of all that was sent.
    per_stream : dict
        Accounting of each stream.
    block_ok : dict
        bool [blocks] of each bit stream.
    block_errors : Tally
        Lost blocks of all bit streams, clustered by channel realisation.
    csi : Csi
        CSI that was fed back during the transmission; NaN if none was.
    harq : dict
        `Retransmissions` of each bit stream, if blocks are sent again.
    adaptation : dict
        `Adaptation` of each bit stream whose MCS was adapted.
    """

    clip: Clip
    metrics: dict[str, MetricValue]
    accounting: Accounting
    per_stream: dict[str, Accounting]
    block_ok: dict[str, np.ndarray]
    block_errors: Tally
    csi: Csi
    harq: dict[str, Retransmissions]
    adaptation: dict[str, Adaptation]


@lru_cache(maxsize=4)
def link_for(config: LinkConfig) -> Link:
    """Return this process's link of a configuration; a link takes seconds to compile."""
    return Link(config)


def evaluate(
    clip: Clip,
    endpoint: Endpoint,
    link: Link,
    snr_db: float,
    seed: int,
    metrics: Sequence[str],
    cache: EncoderCache | None = None,
    fid_frames: int | None = None,
) -> Outcome:
    """Carry a clip over a link and measure what arrives against it."""
    encode = cache.encode if cache else None
    received, sent = send(endpoint, clip, link, snr_db, seed, encode=encode)
    return Outcome(
        clip=received,
        metrics=score(tuple(metrics), clip, received, fid_frames),
        accounting=sent.accounting,
        per_stream=sent.per_stream,
        block_ok=sent.block_ok,
        block_errors=sent.block_errors,
        csi=sent.csi,
        harq=sent.harq,
        adaptation=sent.adaptation,
    )


MOST_SCORES = 1024
_scores: dict[tuple[object, ...], dict[str, MetricValue]] = {}


def score(
    metrics: tuple[str, ...], clip: Clip, received: Clip, fid_frames: int | None = None
) -> dict[str, MetricValue]:
    """Measure, once for all points that received the same: all of it, or none of it.

    FID, KID and their proxies are of `fid_frames` frames, or of all.
    """
    key = (metrics, fid_frames, clip.fingerprint(), received.fingerprint())
    if key not in _scores:
        if len(_scores) == MOST_SCORES:
            _scores.pop(next(iter(_scores)))
        _scores[key] = media_metrics.evaluate(metrics, clip, received, most_frames=fid_frames)
    return _scores[key]
