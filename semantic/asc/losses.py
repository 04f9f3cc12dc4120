"""Losses of the audio codec: waveform error, and disturbance as the ear has it."""

from typing import Any

import numpy as np
from keras import ops

from semantic.asc.sizes import SAMPLE_RATE

WINDOW = 512
HOP = 256
BANDS = 49
SCORE = 3.2
"""Brings the disturbance to steps of the raw score, by least squares on noisy and coded speech
(96 pairs: correlation 0.95, error 0.5)."""

GROUP = 20
"""Frames (0.3 s) over which loud disturbances outweigh soft ones."""


def nrmse(reference: Any, decoded: Any) -> Any:
    """Error energy over signal energy of each row: eq. (8) of the paper.

    Input
    -----
    reference, decoded : float32, [batch, samples]

    Output
    ------
    float32, [batch]
    """
    error = ops.sum(ops.square(reference - decoded), axis=1)
    return error / (ops.sum(ops.square(reference), axis=1) + 1e-6)


def disturbance(reference: Any, decoded: Any) -> Any:
    """Audible disturbance of each row, in steps of raw PESQ score.

    A differentiable reduction of the perceptual model of ITU-T P.862: equal levels, Bark
    spectra, linear filtering and slow gain forgiven in part, Zwicker loudness, an L2 norm over
    bands, L6 within 0.3 s and L2 over these. Time alignment, the dead zone and the extra weight
    of added sound are left out (the fit gave that weight 0); the hearing threshold is Terhardt's.

    Input
    -----
    reference, decoded : float32, [batch, samples]
        The reference has unit mean power; at least 21 windows of 512 samples.

    Output
    ------
    float32, [batch]
        0 for no audible difference; about 4.5 minus the raw score of P.862.
    """
    decoded = decoded / ops.sqrt(ops.mean(ops.square(decoded), axis=1, keepdims=True) + 1e-2)
    p_ref, p_dec = _compensated(_bark_power(reference), _bark_power(decoded))
    l_ref, l_dec = _loudness(p_ref), _loudness(p_dec)
    weight = ((ops.sum(p_ref, axis=-1) + 1e6) / 1e8) ** 0.04
    audible = ops.square(l_dec - l_ref)
    return SCORE * _over_time(ops.sqrt(ops.mean(audible, axis=-1) + 1e-9) / weight)


def _bark_power(audio: Any) -> Any:
    real, imag = ops.stft(audio, WINDOW, HOP, WINDOW, window=_HANN, center=False)
    return ops.matmul(ops.square(real) + ops.square(imag), _BARK)


def _compensated(p_ref: Any, p_dec: Any) -> tuple[Any, Any]:
    """Forgive linear filtering, on the reference, and slow changes of gain, on the decoded."""
    mean_ref, mean_dec = (ops.mean(p, axis=1, keepdims=True) for p in (p_ref, p_dec))
    p_ref = p_ref * ops.clip((mean_dec + 1e4) / (mean_ref + 1e4), 0.01, 100.0)
    sums = [ops.sum(p[..., 2:], axis=-1, keepdims=True) + 5e4 for p in (p_ref, p_dec)]
    gain = sums[0] / sums[1]
    gain = 0.8 * gain + 0.2 * ops.concatenate([gain[:, :1], gain[:, :-1]], axis=1)
    return p_ref, p_dec * ops.clip(gain, 3e-4, 5.0)


def _loudness(power: Any) -> Any:
    ratio = 0.5 + 0.5 * power / _THRESHOLD
    return 0.187 * (_THRESHOLD / 0.5) ** _ZWICKER * ops.relu(ratio**_ZWICKER - 1.0)


def _over_time(frames: Any) -> Any:
    groups = frames.shape[1] // GROUP
    grouped = ops.reshape(frames[:, : groups * GROUP], (-1, groups, GROUP))
    loud = ops.mean((grouped + 1e-3) ** 6, axis=-1) ** (1 / 6)
    return ops.sqrt(ops.mean(ops.square(loud), axis=-1))


def _bark_tables() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    f = np.arange(WINDOW // 2 + 1) * SAMPLE_RATE / WINDOW
    bark = 6.0 * np.arcsinh(f / 600.0)
    edges = np.linspace(0.0, bark[-1] + 1e-6, BANDS + 1)
    band = np.clip(np.searchsorted(edges, bark, side="right") - 1, 0, BANDS - 1)
    sums = np.zeros((len(f), BANDS))
    sums[np.arange(len(f)), band] = 1.0
    # Unit power is 80 dB of sound pressure over all bins: there the model fits P.862 best.
    sums *= 10**8 / (WINDOW * np.sum(np.hanning(WINDOW) ** 2) / 2)
    # Below 31 Hz nothing is heard, and a constant offset must not count.
    sums[:2] = 0.0
    centre = np.maximum((600.0 * np.sinh((edges[:-1] + edges[1:]) / 12.0)) / 1000.0, 0.04)
    threshold = 3.64 * centre**-0.8 - 6.5 * np.exp(-0.6 * (centre - 3.3) ** 2) + 1e-3 * centre**4
    low = np.clip(6.0 / ((edges[:-1] + edges[1:]) / 2 + 2.0), 1.0, 2.0) ** 0.15
    return sums, 10 ** (threshold / 10), 0.23 * low


_TABLES = [table.astype(np.float32) for table in _bark_tables()]
_BARK, _THRESHOLD, _ZWICKER = _TABLES
_HANN = np.hanning(WINDOW).astype(np.float32)
