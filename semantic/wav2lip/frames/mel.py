"""The mel front end: what the networks hear.

::

    audio, 16 kHz ─ pre-emphasis ─ |STFT| ─ 80 mel bands ─ dB ─ scaled and clipped ─▶ [80, n]

A column comes every 12.5 ms and looks at 50 ms. The numbers are those of Wav2Lip (Prajwal et
al., ACM MM 2020); the scale and the areas of the bands are Slaney's, as in librosa.
"""

from functools import cache

import numpy as np

from linksim.errors import LinksimError
from semantic.wav2lip.networks.sizes import BANDS

SAMPLE_RATE = 16_000
HOP, WINDOW_SAMPLES = 200, 800
COLUMN_RATE = SAMPLE_RATE // HOP
LOWEST, HIGHEST = 55.0, 7600.0  # Hz
PRE_EMPHASIS = 0.97
FLOOR_DB, REFERENCE_DB = -100.0, 20.0
PEAK = 4.0
SILENCE = -PEAK
"""Value of silence in every band."""


def mel_spectrogram(audio: np.ndarray) -> np.ndarray:
    """Return the mel spectrogram of a sound.

    Parameters
    ----------
    audio : np.ndarray
        float32, shape [N], in [-1, 1], 16 kHz; outside it there is silence.

    Returns
    -------
    np.ndarray
        float32, shape [80, 1 + N // 200], from -4 to 4. Column k is centred on sample 200 k.

    Raises
    ------
    LinksimError
        If the sound is empty, not mono or not finite.
    """
    if audio.ndim != 1 or not audio.size:
        raise LinksimError(f"sound must be of shape [N], N > 0, not {list(audio.shape)}")
    if not np.isfinite(audio).all():
        raise LinksimError("the sound holds NaN or infinite samples")
    emphasised = audio.astype(np.float32)
    emphasised[1:] -= np.float32(PRE_EMPHASIS) * emphasised[:-1].copy()
    padded = np.pad(emphasised, WINDOW_SAMPLES // 2)
    blocks = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)[::HOP]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW_SAMPLES) / WINDOW_SAMPLES)
    magnitude = np.abs(np.fft.rfft(blocks * hann.astype(np.float32), axis=1))
    bands = filter_bank() @ magnitude.T
    level = 20 * np.log10(np.maximum(bands, 10 ** (FLOOR_DB / 20))) - REFERENCE_DB
    scaled = 2 * PEAK * (level - FLOOR_DB) / -FLOOR_DB - PEAK
    return np.clip(scaled, -PEAK, PEAK).astype(np.float32)


@cache
def filter_bank() -> np.ndarray:
    """Return the weights of the bands: float64, shape [80, 401], triangles of one area."""
    edges = _hertz(np.linspace(_mel(LOWEST), _mel(HIGHEST), BANDS + 2))[:, None]
    bins = np.fft.rfftfreq(WINDOW_SAMPLES, 1 / SAMPLE_RATE)
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    return np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)


# Slaney's scale: linear up to 1 kHz, 15 mel there, then 27 mel for each factor of 6.4.
_LINEAR, _KNEE, _LOG_STEP = 200 / 3, 1000.0, np.log(6.4) / 27


def _mel(hertz: float) -> float:
    if hertz < _KNEE:
        return hertz / _LINEAR
    return _KNEE / _LINEAR + float(np.log(hertz / _KNEE)) / _LOG_STEP


def _hertz(mel: np.ndarray) -> np.ndarray:
    knee = _KNEE / _LINEAR
    return np.where(mel < knee, mel * _LINEAR, _KNEE * np.exp(_LOG_STEP * (mel - knee)))
