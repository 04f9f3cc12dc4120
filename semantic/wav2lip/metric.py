"""Lip synchrony of a received clip as metrics, LSE-C and LSE-D of the shipped expert.

Nothing of the reference is used: its own scores are what a scheme that sends everything gets.
"""

import math
from typing import TYPE_CHECKING

from linksim.errors import LinksimError
from linksim.media import Clip
from linksim.metrics.value import Metric, MetricValue, undefined

if TYPE_CHECKING:
    from semantic.wav2lip.judge import SyncScore

_scores: dict[str, "SyncScore | str"] = {}


def lse_c(reference: Clip, received: Clip) -> MetricValue:
    """Return the confidence of `semantic.wav2lip.judge.SyncScore`."""
    return _value(received, "confidence")


def lse_d(reference: Clip, received: Clip) -> MetricValue:
    """Return the distance of `semantic.wav2lip.judge.SyncScore`."""
    return _value(received, "distance")


def _value(clip: Clip, name: str) -> MetricValue:
    key = clip.fingerprint()
    if key not in _scores:  # one judgement gives both
        _scores[key] = _judged(clip)
    said = _scores[key]
    return undefined(said) if isinstance(said, str) else MetricValue(getattr(said, name), said.n)


def _judged(clip: Clip) -> "SyncScore | str":
    from semantic.training.weights import trained
    from semantic.wav2lip.frames.talk import talk_of
    from semantic.wav2lip.judge import judge
    from semantic.wav2lip.networks.expert import SyncExpert

    if clip.frames is None or clip.audio is None:
        return "the received clip has not both video and audio"
    try:
        return judge(trained(SyncExpert, "compact"), talk_of(clip))
    except LinksimError as error:
        return str(error)


LSE_C = Metric("lse_c", "LSE-C of our expert", "video", True, (0.0, math.sqrt(2.0)), lse_c)
LSE_D = Metric("lse_d", "LSE-D of our expert", "video", False, (0.0, math.sqrt(2.0)), lse_d)
