"""Multi-scale structural similarity that can be trained on."""

from typing import Any

import numpy as np
from keras import ops

from linksim.metrics.structure import DEVIATION, K1, K2, WINDOW
from linksim.metrics.structure import SCALE_WEIGHTS as WEIGHTS

_C1, _C2 = K1**2, K2**2


def ms_ssim(a: Any, b: Any) -> Any:
    """Return the MS-SSIM of pictures, the same as `linksim.metrics` from 161 pixels on.

    Wang, Simoncelli and Bovik, "Multi-scale structural similarity for image quality assessment",
    Asilomar 2003. Smaller pictures get as many scales as the window fits into, with weights
    that still sum to 1.

    Input
    -----
    a, b : float32, [batch, H, W, channels]
        Pixels from 0 to 1; H and W at least 11.

    Output
    ------
    float32, [batch]
    """
    height, width, channels = a.shape[1:]
    # Channels are pictures of their own.
    a, b = (ops.reshape(ops.transpose(x, (0, 3, 1, 2)), (-1, height, width, 1)) for x in (a, b))
    weights = np.array(WEIGHTS[: _scales(min(height, width))])
    weights = weights / weights.sum() * sum(WEIGHTS)
    product = 1.0
    for scale, weight in enumerate(weights):
        if scale:
            a, b = _halved(a), _halved(b)
        similarity, contrast = _ssim(a, b)
        chosen = similarity if scale == len(weights) - 1 else contrast
        # A root of 0 has no gradient.
        product = product * ops.maximum(chosen, 1e-6) ** weight
    return ops.mean(ops.reshape(product, (-1, channels)), axis=1)


def _scales(side: int) -> int:
    count = 1
    while count < len(WEIGHTS) and -(-side // 2) >= WINDOW:
        side, count = -(-side // 2), count + 1
    return count


def _halved(x: Any) -> Any:
    """Average blocks of four pixels; an odd edge is repeated."""
    x = ops.concatenate([x, x[:, -1:]], axis=1) if x.shape[1] % 2 else x
    x = ops.concatenate([x, x[:, :, -1:]], axis=2) if x.shape[2] % 2 else x
    return ops.average_pool(x, 2, 2, data_format="channels_last")


def _ssim(a: Any, b: Any) -> tuple[Any, Any]:
    """Return SSIM and its contrast-structure factor, averaged over pixels."""
    mean_a, mean_b = _blurred(a), _blurred(b)
    cross = mean_a * mean_b
    squares = ops.square(mean_a) + ops.square(mean_b)
    luminance = (2.0 * cross + _C1) / (squares + _C1)
    covariance = 2.0 * (_blurred(a * b) - cross)
    variance = _blurred(ops.square(a) + ops.square(b)) - squares
    contrast = (covariance + _C2) / (variance + _C2)
    return ops.mean(luminance * contrast, axis=(1, 2, 3)), ops.mean(contrast, axis=(1, 2, 3))


def _blurred(x: Any) -> Any:
    taps = np.exp(-0.5 * (np.arange(WINDOW) - WINDOW // 2) ** 2 / DEVIATION**2)
    taps = (taps / taps.sum()).astype(np.float32)
    x = ops.conv(x, taps.reshape(-1, 1, 1, 1), data_format="channels_last")
    return ops.conv(x, taps.reshape(1, -1, 1, 1), data_format="channels_last")
