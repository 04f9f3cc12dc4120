"""Word error rate of what is said, as a metric."""

from math import inf

from linksim.errors import LinksimError
from linksim.media import Clip
from linksim.metrics.value import Metric, MetricValue, undefined
from linksim.metrics.words import edits, words

_heard: dict[str, str] = {}


def wer(reference: Clip, received: Clip) -> MetricValue:
    """Word error rate: words to put in, leave out or replace over words that were sent.

    Of a reference without text it is what is recognised in its sound, as a scheme that sends
    text sends it, so that errors of recognition do not count. `n` is the number of words sent.
    """
    if received.text is None:
        return undefined("the received clip has no text")
    try:
        sent = words(reference.text if reference.text is not None else _recognised(reference))
    except LinksimError as error:
        return undefined(str(error))
    if not sent:
        return undefined("the reference has no words")
    return MetricValue(edits(sent, words(received.text)) / len(sent), len(sent))


def _recognised(clip: Clip) -> str:
    from semantic.text.speech import recognise

    if clip.audio is None:
        raise LinksimError("the reference has neither text nor sound")
    key = clip.fingerprint()
    if key not in _heard:
        _heard[key] = recognise(clip.audio, clip.sample_rate)
    return _heard[key]


WER = Metric("wer", "Word error rate", "text", False, (0.0, inf), wer)
