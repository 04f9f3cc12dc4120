"""What a call is made of: the codecs of sound and pictures that suit what the channel carries.

::

    CSI, grant ─▶ bits a second that go through ─▶ plan ─▶ sound │ pictures │ lips
"""

from dataclasses import dataclass, replace
from math import inf, log, log2

from linksim.endpoint import Csi
from linksim.options import check_range
from linksim.streams.digital.hevc import HEVC
from linksim.streams.protection import reported_snr_db
from semantic.asc.sizes import RATES, SAMPLE_RATE

AUTO = "auto"

OUTAGE = 0.1
"""Share of the time that Rayleigh fading may leave less than is planned with: 150 ms are too short
to count on better times."""

SHARE_OF_CAPACITY = 0.9
"""Share of the capacity that adapted blocks carry, their headers and those sent again included."""

OPUS_FROM, OPUS_FROM_DB = 30_000, 5.0
"""Bits a second and SNR from which Opus is better than ASC: under them its packets get lost."""

SURE_DB = 8.0
"""SNR from which fading rarely stops everything for 150 ms."""

OPUS_SHARES, ASC_SHARE = (0.25, 0.4), 0.5
"""Share of what is carried that Opus gets, below `SURE_DB` and from there on; that of ASC."""

OPUS_BITRATES, ASC_RATES = (8_000, 24_000), (0.1, 0.6)
"""Least and most that sound has use for, in bit/s and in channel uses per sample."""

OPUS_HEADERS = 1_200
"""Bits a second that headers of packets of 20 ms take."""

AUTO_CRF = 30.0
"""Constant rate factor of H.265 while its bit rate allows for it."""

VIDEO_SHARES, LEAST_VIDEO = (0.6, 0.75), 2_000
"""Share of the rest that pictures get, below `SURE_DB` and from there on, lest queues build up; and
the least they get, in bit/s."""

PIXELS, FULL_SIZE, FULL_RATE = 360 * 288, 6_000, 9_000
"""Bit rates, in bit/s at pictures of so many pixels, from which H.265 is better at full size than
at half of it, and with every frame than with every other one: of MS-SSIM of talkers of the
tuning split at a rate that is kept over 100 ms."""


@dataclass(frozen=True)
class Plan:
    """The choices of a call.

    Parameters
    ----------
    sound : str
        ``"asc"`` or ``"opus"``.
    rate : float or str
        Rate of ASC.
    opus_bitrate : int
        Bit rate of Opus in bit/s.
    pictures : str
        ``"dvst"`` or ``"h265"``.
    epsilon : float
        Turn of the head in degrees from which video is sent; 0 for all frames.
    every : int
        One in so many of the frames that are sent is.
    scale : float
        Factor of height and width of H.265.
    crf : float
        Constant rate factor of H.265.
    bitrate : int or None
        What H.265 keeps below, in bit/s; None for no limit.
    lips : str
        Lips of frames that are held.
    """

    sound: str
    rate: float | str
    opus_bitrate: int
    pictures: str
    epsilon: float
    every: int
    scale: float
    crf: float
    bitrate: int | None
    lips: str


def carried(csi: Csi | None) -> float | None:
    """Return the bits a second that a grant carries but for outages; None where none is granted.

    It is the outage capacity of Rayleigh fading, log2(1 - SNR ln(1 - outage)) (Tse and Viswanath,
    "Fundamentals of Wireless Communication", 2005, eq. (5.55)), a share of it.

    Examples
    --------
    >>> from linksim.endpoint import Csi
    >>> from semantic.wav2vid.plan import carried
    >>> round(carried(Csi(10.0, granted=10_000.0)))
    9343
    """
    if csi is None or csi.granted is None:
        return None
    snr = 10.0 ** (_mean_db(csi) / 10.0)
    return SHARE_OF_CAPACITY * log2(1.0 - snr * log(1.0 - OUTAGE)) * csi.granted


def _mean_db(csi: Csi) -> float:
    """Return the mean SNR in dB, or what stands for it."""
    return reported_snr_db(csi) if csi.mean_db is None else csi.mean_db


def planned(plan: Plan, csi: Csi | None, pixels: int) -> Plan:
    """Return a plan with all that is left open chosen by the channel state.

    Parameters
    ----------
    plan : Plan
        What is wanted, ``"auto"`` where it is open. With pictures left open so are how many are
        sent and in what size; `bitrate` None is open where `csi` tells of a grant.
    csi : Csi or None
        What was fed back before the call.
    pixels : int
        Pixels of a frame.
    """
    bits = carried(csi)
    if plan.sound == AUTO:
        plan = _with_sound(plan, csi, bits)
    if plan.bitrate is None and csi is not None and csi.granted and bits:
        plan = replace(plan, bitrate=_left_for_video(plan, csi, csi.granted, bits))
    if plan.pictures == AUTO:
        plan = _with_pictures(plan, pixels)
    return replace(plan, lips="generated") if plan.lips == AUTO else plan


def _with_sound(plan: Plan, csi: Csi | None, bits: float | None) -> Plan:
    if bits is None or csi is None or csi.granted is None:
        known = csi is not None and _mean_db(csi) >= OPUS_FROM_DB
        return replace(plan, sound="opus" if known else "asc")
    if bits >= OPUS_FROM and _mean_db(csi) >= OPUS_FROM_DB:
        share = OPUS_SHARES[_mean_db(csi) >= SURE_DB]
        rate = round(min(max(share * bits, OPUS_BITRATES[0]), OPUS_BITRATES[1]), -2)
        return replace(plan, sound="opus", opus_bitrate=int(rate))
    uses = ASC_SHARE * csi.granted / SAMPLE_RATE
    return replace(plan, sound="asc", rate=round(min(max(uses, ASC_RATES[0]), ASC_RATES[1]), 2))


def _left_for_video(plan: Plan, csi: Csi, granted: float, bits: float) -> int:
    """Return the bit rate that sound leaves for pictures."""
    if plan.sound == "opus":
        sound = float(plan.opus_bitrate + OPUS_HEADERS)
    else:
        rate = RATES[plan.rate] if isinstance(plan.rate, str) else plan.rate
        sound = bits * rate * SAMPLE_RATE / granted
    return int(max(VIDEO_SHARES[_mean_db(csi) >= SURE_DB] * (bits - sound), LEAST_VIDEO))


def _with_pictures(plan: Plan, pixels: int) -> Plan:
    alike = inf if plan.bitrate is None else plan.bitrate * PIXELS / pixels
    return replace(
        plan,
        pictures="h265",
        epsilon=0.0,
        every=1 if alike >= FULL_RATE else 2,
        scale=1.0 if alike >= FULL_SIZE else 0.5,
        crf=AUTO_CRF,
    )


def check_digital(crf: float, scale: float, bitrate: int | None) -> None:
    """Raise `LinksimError` if an option of H.265 lies outside its range."""
    where = "scheme 'wav2vid': option"
    check_range(f"{where} 'crf'", crf, *HEVC.crf_range)
    check_range(f"{where} 'scale'", scale, 0.25, 1.0)
    if bitrate is not None:
        check_range(f"{where} 'bitrate'", bitrate, 1000, 10**9)
