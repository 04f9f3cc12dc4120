"""How close a received clip is to the one sent.

TensorFlow, TensorFlow-GAN, pesq, pystoi and what runs the face mesh are imported when first
measured with, so that the names of metrics can be checked at once.
"""

from collections.abc import Iterable
from importlib.metadata import entry_points
from math import inf

from linksim.errors import unknown
from linksim.media import Clip
from linksim.metrics.audio import SNR_CAP, nrmse, pesq, snr, stoi
from linksim.metrics.distribution import fid, fid_proxy, kid, kid_proxy, thinned
from linksim.metrics.mouth import mouth_psnr
from linksim.metrics.value import Metric, MetricValue
from linksim.metrics.video import ms_ssim, psnr

ENTRY_POINT_GROUP = "linksim.metrics"
"""Under which other packages name a `Metric` of their own."""
_STAND_IN = "-proxy (nsfwjs InceptionV3)"

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("psnr", "PSNR (dB)", "video", True, (0.0, 100.0), psnr),
        Metric("mouth_psnr", "Mouth-region PSNR (dB)", "video", True, (0.0, 100.0), mouth_psnr),
        Metric("ms_ssim", "MS-SSIM", "video", True, (0.0, 1.0), ms_ssim),
        Metric("fid", "FID", "video", False, (0.0, inf), fid, True),
        Metric("kid", "KID", "video", False, (-inf, inf), kid, True),
        Metric("fid_proxy", f"FID{_STAND_IN}", "video", False, (0.0, inf), fid_proxy, True),
        Metric("kid_proxy", f"KID{_STAND_IN}", "video", False, (-inf, inf), kid_proxy, True),
        Metric("nrmse", "NRMSE", "audio", False, (0.0, inf), nrmse),
        Metric("snr", "SNR of the sound (dB)", "audio", True, (-SNR_CAP, SNR_CAP), snr),
        Metric("pesq", "PESQ wide-band (MOS-LQO)", "audio", True, (1.0, 4.65), pesq),
        Metric("stoi", "STOI", "audio", True, (-1.0, 1.0), stoi),
        *(entry.load() for entry in entry_points(group=ENTRY_POINT_GROUP)),
    )
}

__all__ = ["METRICS", "Metric", "MetricValue", "evaluate"]


def evaluate(
    names: Iterable[str], reference: Clip, received: Clip, *, most_frames: int | None = None
) -> dict[str, MetricValue]:
    """Measure a received clip by several metrics.

    Parameters
    ----------
    names : iterable of str
        Keys of `METRICS`.
    reference, received : Clip
        What was sent and what came out.
    most_frames : int, optional
        Frames, evenly spaced, that metrics of all frames at once are of; by default all.

    Returns
    -------
    dict of str to MetricValue
        By name, in the order asked for.

    Raises
    ------
    LinksimError
        For an unknown metric, before anything is measured.
    """
    chosen = []
    for name in names:
        if name not in METRICS:
            raise unknown("metric", name, METRICS)
        chosen.append(METRICS[name])
    pair = thin = (reference, received)
    if most_frames is not None and reference.frames is not None:
        thin = tuple(thinned(clip, most_frames, len(reference.frames)) for clip in pair)
    return {m.name: m.function(*(thin if m.of_all_frames else pair)) for m in chosen}
