"""Multi-scale structural similarity of pictures."""

import cv2
import numpy as np

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the scales, from the finest: Wang, Simoncelli and Bovik, 2003, section 3.2."""

WINDOW, DEVIATION = 11, 1.5
"""Pixels and standard deviation in pixels of the Gaussian window."""

SMALLEST_SIDE = (WINDOW - 1) * 2 ** (len(SCALE_WEIGHTS) - 1) + 1
"""Pixels that the short side needs: four halvings, rounded up, leave those of the window."""

K1, K2 = 0.01, 0.03


def ms_ssim_of_frame(sent: np.ndarray, shown: np.ndarray) -> float:
    """Return the multi-scale structural similarity of two pictures, the mean over R, G and B.

    It is what ``tf.image.ssim_multiscale`` gives, to about 1e-5: all windows lie within the
    picture, and where a side is odd its edge is repeated before it is halved.

    Parameters
    ----------
    sent, shown : np.ndarray
        uint8, shape [H, W, 3]; the short side has at least `SMALLEST_SIDE` pixels.

    Returns
    -------
    float
        In [0, 1]; 1 where they are the same.
    """
    a, b = sent.astype(np.float32), shown.astype(np.float32)
    product = np.ones(3)
    for scale, weight in enumerate(SCALE_WEIGHTS):
        if scale:
            a, b = _halved(a), _halved(b)
        similarity, contrast = _similarity(a, b)
        last = scale == len(SCALE_WEIGHTS) - 1
        product *= np.maximum(similarity if last else contrast, 0.0) ** weight
    return float(product.mean())


def _similarity(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean over windows of SSIM and of its contrast-structure part, [3] each."""
    c1, c2 = (K1 * 255.0) ** 2, (K2 * 255.0) ** 2
    mean_a, mean_b = _windowed(a), _windowed(b)
    product, squares = mean_a * mean_b, mean_a**2 + mean_b**2
    contrast = (2 * (_windowed(a * b) - product) + c2) / (_windowed(a**2 + b**2) - squares + c2)
    luminance = (2 * product + c1) / (squares + c1)
    return (
        (luminance * contrast).mean(axis=(0, 1), dtype=np.float64),
        contrast.mean(axis=(0, 1), dtype=np.float64),
    )


def _windowed(values: np.ndarray) -> np.ndarray:
    """Return Gaussian means over all windows within a picture, [H - 10, W - 10, 3]."""
    edge = WINDOW // 2
    blurred = cv2.GaussianBlur(values, (WINDOW, WINDOW), DEVIATION)
    return blurred[edge:-edge, edge:-edge]


def _halved(picture: np.ndarray) -> np.ndarray:
    """Return the means of squares of 2 x 2 pixels."""
    height, width = picture.shape[:2]
    even = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="symmetric")
    return (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4
