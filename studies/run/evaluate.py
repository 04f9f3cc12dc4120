"""One transmission from clip to metrics: the same for a study's point and for `linksim send`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from linksim import metrics as media_metrics
from linksim.endpoint import Endpoint
from linksim.link.call.timing import TIMING, timing_values
from linksim.link.config import LinkConfig
from linksim.link.contents import kept_by_contents
from linksim.link.results import Transmission
from linksim.link.sending import send
from linksim.link.transmission import Link
from linksim.media import Clip
from linksim.metrics import MetricValue
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
    sent : Transmission
        What was sent, and its cost.
    """

    clip: Clip
    metrics: dict[str, MetricValue]
    sent: Transmission


@kept_by_contents(4)
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
    if cache and sent.computing:
        sent = replace(sent, computing=replace(sent.computing, encode_s=cache.took_s))
    of_media = tuple(name for name in metrics if name not in TIMING)
    scores = score(of_media, clip, received, fid_frames) | timing_values(sent)
    return Outcome(received, {name: scores[name] for name in metrics}, sent)


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
