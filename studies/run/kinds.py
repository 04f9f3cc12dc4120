"""Speech, music or bits: what is sent decides what can be measured."""

from typing import Literal

from linksim.metrics.value import MetricValue, undefined

Kind = Literal["speech", "music", "bits"]
SPEECH: Kind = "speech"
MUSIC: Kind = "music"
BITS: Kind = "bits"
KINDS = (SPEECH, MUSIC, BITS)

SPEECH_METRICS = ("pesq", "stoi")
"""ITU-T P.862 models how speech is judged, STOI how it is understood; neither is defined for
music."""

NOT_FOR_MUSIC: MetricValue = undefined("not defined for music")


def measurable(metrics: tuple[str, ...], kind: Kind) -> tuple[str, ...]:
    """Return the metrics that are defined for clips of a kind."""
    return tuple(m for m in metrics if kind == SPEECH or m not in SPEECH_METRICS)
