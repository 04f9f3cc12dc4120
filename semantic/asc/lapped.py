"""The lapped transform that the compact codec starts from, and the bands of its envelope."""

import numpy as np

from semantic.asc.sizes import SAMPLE_RATE


def lapped_kernels(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the modulated cosines and sines of a lapped transform with n bins.

    The cosines are the MDCT with a sine window (Princen, Johnson and Bradley, ICASSP 1987):
    an orthogonal basis, so the transpose inverts it. The sines (MDST) complete each bin to a
    complex number whose magnitude does not depend on phase.

    Returns
    -------
    cosines, sines : np.ndarray
        float32, shape [2 n, n]; window position by bin.
    """
    time = np.arange(2 * n)[:, None]
    phase = np.pi / n * (time + 0.5 + n / 2) * (np.arange(n) + 0.5)
    window = np.sqrt(2.0 / n) * np.sin(np.pi * (time + 0.5) / (2 * n))
    cosines, sines = window * np.cos(phase), window * np.sin(phase)
    return cosines.astype(np.float32), sines.astype(np.float32)


def band_weights(n: int, bands: int) -> np.ndarray:
    """Return triangles, evenly spaced in mel, that interpolate from bands to bins.

    Returns
    -------
    np.ndarray
        float32, shape [bands, n]; each column sums to 1.
    """
    frequency = (np.arange(n) + 0.5) * SAMPLE_RATE / 2 / n
    mel = 2595.0 * np.log10(1.0 + frequency / 700.0)
    # Bands narrower than a bin would be empty, so low ones are spaced by bins.
    centres = np.linspace(mel[0], mel[-1], bands)
    for i in range(1, bands):
        nearest = np.searchsorted(mel, centres[i - 1] + 1e-9, side="right")
        centres[i] = max(centres[i], mel[min(nearest, n - 1)])
    index = np.arange(bands)
    return np.stack([np.interp(mel, centres, row) for row in np.eye(bands)[index]]).astype(
        np.float32
    )
