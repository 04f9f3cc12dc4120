"""Sound quality, over the reference's length.

What the receiver has too much is cut, and what it lacks counts as silence: a signal that
does not arrive is not heard.
"""

import warnings
from collections.abc import Callable
from math import ceil, inf

import numpy as np

from linksim.media import Clip
from linksim.metrics.value import Metric, MetricValue, undefined

_PESQ_RATE = 16_000  # Hz, wide band
_PESQ_SEGMENT = 15 * _PESQ_RATE
_PESQ_LOWEST = 1.0  # end of the MOS-LQO scale

SNR_CAP = 100.0
"""Greatest size of a signal-to-noise ratio in dB; no error at all counts as this."""

Measure = Callable[[np.ndarray, np.ndarray, int], MetricValue]


def nrmse(reference: Clip, received: Clip) -> MetricValue:
    """Error energy over signal energy: sum (a - â)² / sum a².

    Equation (8) of the Wav2Vid paper as printed. The paper calls it the normalised root mean
    square error; the equation has no root, and so has this. Nothing received gives 1.
    """
    return _measure(reference, received, _nrmse)


def snr(reference: Clip, received: Clip) -> MetricValue:
    """Signal-to-noise ratio of the decoded sound in dB: -10 log10 of `nrmse`.

    Nothing received gives 0 dB. Values are capped at -100 and 100 dB, which is also what sound
    without error scores.
    """
    return _measure(reference, received, _snr)


def pesq(reference: Clip, received: Clip) -> MetricValue:
    """Wide-band PESQ, MOS-LQO of about 1 to 4.64 (ITU-T P.862.2), at 16 kHz.

    Clips longer than 15 s are measured in equal segments of at most 15 s and averaged, since
    the reference code overruns its table of 50 utterances on long signals. `n` is the number
    of segments; those without speech in the reference are left out. P.862 has no answer for a
    received segment that is silent throughout; it scores 1.0, the low end of the scale, since
    leaving it out would raise the mean of a sweep.
    """
    return _measure(reference, received, _pesq)


def stoi(reference: Clip, received: Clip) -> MetricValue:
    """Short-time objective intelligibility, up to 1.

    Taal et al., "An algorithm for intelligibility prediction of time-frequency weighted noisy
    speech", IEEE Trans. Audio Speech Lang. Process. 19(7), 2011. It needs 0.4 s of the
    reference above its 40 dB silence threshold. Nothing received gives 0.
    """
    return _measure(reference, received, _stoi)


NRMSE = Metric("nrmse", "NRMSE", "audio", False, (0.0, inf), nrmse)
SNR = Metric("snr", "SNR of the sound (dB)", "audio", True, (-SNR_CAP, SNR_CAP), snr)
PESQ = Metric("pesq", "PESQ wide-band (MOS-LQO)", "audio", True, (1.0, 4.65), pesq)
STOI = Metric("stoi", "STOI", "audio", True, (-1.0, 1.0), stoi)


def _measure(reference: Clip, received: Clip, measure: Measure) -> MetricValue:
    for name, clip in (("reference", reference), ("received clip", received)):
        if clip.audio is None:
            return undefined(f"the {name} has no audio")
        if not np.isfinite(clip.audio).all():
            return undefined(f"the {name} holds NaN or infinite samples")
    if reference.sample_rate != received.sample_rate:
        rates = f"{reference.sample_rate} Hz sent, {received.sample_rate} Hz received"
        return undefined(f"sample rates differ: {rates}")
    sent, heard = reference.audio, received.audio
    assert sent is not None
    assert heard is not None
    if not sent.any():
        return undefined("the reference is silent")
    heard = heard[: len(sent)]
    heard = np.pad(heard, (0, len(sent) - len(heard)))
    return measure(sent, heard, reference.sample_rate)


def _nrmse(sent: np.ndarray, heard: np.ndarray, _rate: int) -> MetricValue:
    sent, heard = sent.astype(np.float64), heard.astype(np.float64)
    return MetricValue(float(np.sum((sent - heard) ** 2) / np.sum(sent**2)), len(sent))


def _snr(sent: np.ndarray, heard: np.ndarray, rate: int) -> MetricValue:
    error = _nrmse(sent, heard, rate)
    with np.errstate(divide="ignore"):
        value = np.clip(-10 * np.log10(error.value), -SNR_CAP, SNR_CAP)
    return MetricValue(float(value), error.n)


def _pesq(sent: np.ndarray, heard: np.ndarray, rate: int) -> MetricValue:
    if rate != _PESQ_RATE:
        return undefined(f"wide-band PESQ needs {_PESQ_RATE} Hz, not {rate} Hz")
    segments = ceil(len(sent) / _PESQ_SEGMENT)
    pairs = zip(np.array_split(sent, segments), np.array_split(heard, segments), strict=True)
    results = [_pesq_segment(a, b) for a, b in pairs]
    scores = [r for r in results if r.n]
    if not scores:
        return results[0]
    reason = next((r.reason for r in scores if r.reason), "")
    return MetricValue(float(np.mean([r.value for r in scores])), len(scores), reason)


def _pesq_segment(sent: np.ndarray, heard: np.ndarray) -> MetricValue:
    import pesq as p862

    if not sent.any():
        return undefined("the reference is silent")
    if not heard.any():
        return MetricValue(_PESQ_LOWEST, 1, "received silence scored as 1.0")
    try:
        return MetricValue(float(p862.pesq(_PESQ_RATE, sent, heard, "wb")), 1)
    except (p862.PesqError, ValueError) as error:
        return undefined(f"PESQ: {_text(error)}")


def _text(error: Exception) -> str:
    """Return an error's message; the pesq package raises bytes."""
    message = error.args[0] if error.args else type(error).__name__
    return message.decode() if isinstance(message, bytes) else str(message)


def _stoi(sent: np.ndarray, heard: np.ndarray, rate: int) -> MetricValue:
    from pystoi import stoi as taal

    with warnings.catch_warnings():
        warnings.filterwarnings("error", "Not enough STFT frames", RuntimeWarning)
        try:
            return MetricValue(float(taal(sent, heard, rate)), len(sent))
        except (RuntimeWarning, ValueError):
            return undefined("the reference has less than 0.4 s above the silence threshold")
