"""Picture quality, frame by frame.

Frames are compared by index over the reference's length: what the receiver has too many is
not looked at, and where it has too few its last frame stays on the screen.
"""

from collections.abc import Iterator

import numpy as np

from linksim.media import Clip
from linksim.metrics.structure import SMALLEST_SIDE, ms_ssim_of_frame
from linksim.metrics.value import Metric, MetricValue, undefined

PSNR_CAP = 100.0
_BATCH = 8  # frames measured at a time, which bounds the memory


def psnr(reference: Clip, received: Clip) -> MetricValue:
    """Peak signal-to-noise ratio in dB: mean over frames of 10 log10(255² / MSE).

    The MSE is over the 8-bit R, G and B values of a frame. A frame without error counts as
    100 dB, which caps every frame.
    """
    return region_psnr(reference, received, (slice(None), slice(None)))


PSNR = Metric("psnr", "PSNR (dB)", "video", True, (0.0, PSNR_CAP), psnr)


def region_psnr(reference: Clip, received: Clip, region: tuple[slice, slice]) -> MetricValue:
    """`psnr` of the rows and columns of a region alone."""
    pair = comparable(reference, received)
    if isinstance(pair, str):
        return undefined(pair)
    batches = []
    for a, b in _batches(*pair):
        sent, shown = a[:, *region], b[:, *region]
        error = np.mean((sent.astype(np.int32) - shown) ** 2, axis=(1, 2, 3))
        with np.errstate(divide="ignore"):
            batches.append(np.minimum(10 * np.log10(255.0**2 / error), PSNR_CAP))
    values = np.concatenate(batches)
    return MetricValue(float(values.mean()), len(values))


def ms_ssim(reference: Clip, received: Clip) -> MetricValue:
    """Multi-scale structural similarity: mean over frames, and over R, G and B.

    Five scales with the weights of Wang, Simoncelli and Bovik, "Multi-scale structural
    similarity for image quality assessment", Asilomar 2003, and an 11 x 11 Gaussian window of
    standard deviation 1.5, as `linksim.metrics.structure` computes it. It needs more than 160
    pixels on the short side.
    """
    pair = comparable(reference, received)
    if isinstance(pair, str):
        return undefined(pair)
    side = min(pair[0].shape[1:3])
    if side < SMALLEST_SIDE:
        return undefined(f"MS-SSIM needs {SMALLEST_SIDE} pixels on the short side, not {side}")
    values = [
        ms_ssim_of_frame(*both) for batch in _batches(*pair) for both in zip(*batch, strict=True)
    ]
    return MetricValue(float(np.mean(values)), len(values))


MS_SSIM = Metric("ms_ssim", "MS-SSIM", "video", True, (0.0, 1.0), ms_ssim)


def comparable(reference: Clip, received: Clip) -> tuple[np.ndarray, np.ndarray] | str:
    """Return the frames of two clips, or why they cannot be compared frame by frame."""
    sent, shown = reference.frames, received.frames
    if sent is None:
        return "the reference has no video"
    if shown is None:
        return "the received clip has no video"
    a, b = sent.shape[1:3], shown.shape[1:3]
    if a != b:
        return f"picture sizes differ: {a[1]}x{a[0]} sent, {b[1]}x{b[0]} received"
    if reference.fps != received.fps:
        return f"frame rates differ: {reference.fps} sent, {received.fps} received"
    return sent, shown


def _batches(sent: np.ndarray, shown: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield batches of frames, uint8, shape [b, H, W, 3], of both."""
    for start in range(0, len(sent), _BATCH):
        a = sent[start : start + _BATCH]
        yield a, shown[np.minimum(np.arange(start, start + len(a)), len(shown) - 1)]
