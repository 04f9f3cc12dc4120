"""Ceilings: what a codec could deliver if the link reached capacity.

::

    SNR ─▶ ergodic capacity of flat Rayleigh fading ─▶ bit rate ─▶ encode ─▶ decode, nothing lost
"""

from math import ceil, nan
from typing import TYPE_CHECKING

from linksim.endpoint import Csi
from linksim.link.ideal import delivered
from linksim.link.theory import ergodic_capacity_rayleigh
from linksim.media import Clip
from studies.run.record import SAMPLE_RATE
from studies.spec.scheme import BITRATES, Bound

if TYPE_CHECKING:
    from studies.run.cache import EncoderCache
    from studies.run.evaluate import Outcome


def capacity(snr_db: float) -> float:
    """Return the ergodic capacity of flat Rayleigh fading in bits per channel use."""
    return float(ergodic_capacity_rayleigh(10.0 ** (snr_db / 10.0)))


def bitrate(bound: Bound, snr_db: float) -> int | None:
    """Return the bit rate in bit/s at an SNR; None below what the codec takes."""
    lowest, highest = BITRATES[bound.scheme]
    rate = int(bound.uses_per_sample * SAMPLE_RATE * capacity(snr_db))
    return min(rate, highest) if rate >= lowest else None


def evaluate_bound(
    clip: Clip,
    bound: Bound,
    rate: int,
    snr_db: float,
    metrics: tuple[str, ...],
    cache: "EncoderCache",
    fid_frames: int | None = None,
) -> "Outcome":
    """Encode, deliver all packets, decode and measure.

    The channel uses are those that capacity asks for what the codec really made, whose variable
    bit rate is not quite the target; there are no pilots.

    Parameters
    ----------
    clip : Clip
        Clip that is sent.
    bound : Bound
        Bound to evaluate.
    rate : int
        Bit rate from `bitrate`, in bit/s.
    snr_db : float
        Mean Es/N0 in dB.
    metrics : tuple of str
        Names of the metrics.
    cache : EncoderCache
        Cache of this clip.
    fid_frames : int, optional
        Number of frames, as for `studies.run.evaluate.score`.
    """
    from linksim.link.results import Accounting, Transmission
    from studies.run.evaluate import Outcome, score

    endpoint = bound.endpoint(rate)
    encoded = cache.encode(endpoint, clip, None)
    heard = endpoint.decode(delivered(encoded))
    payload = 8 * sum(len(p) for s in encoded.streams for p in getattr(s, "packets", ()))
    setup = 8 * len(encoded.setup)
    uses = ceil((payload + setup) / capacity(snr_db))
    cost = Accounting(payload, setup, uses, 0)
    sent = Transmission(setup=encoded.setup, streams={}, side_information=cost, csi=Csi(nan))
    return Outcome(heard, score(metrics, clip, heard, fid_frames), sent)
