"""Sizes that all parts of the audio codec share."""

from collections.abc import Iterable

SAMPLE_RATE = 16_000
"""Samples per second of the audio that the codec takes, in Hz."""

RATES = {"low": 0.25, "mid": 0.5, "high": 1.0}
"""Complex channel uses per sample, by name; one set of weights serves all."""

LIVE_RATES = (0.1, 0.2, 0.35, 0.5, 1.0)
"""Channel uses per sample that the networks of the low-delay form are trained for most."""

MAX_RATE = max(RATES.values())
"""Channel uses per sample that all latents of a frame take."""


def least_rate(rates: Iterable[float]) -> float:
    """Return the fewest channel uses per sample; training leaves out no more latents."""
    return 0.8 * min(rates)


MIN_RATE = least_rate(RATES.values())
"""Fewest channel uses per sample of the presets that wait for chunks."""

CHUNK_SECONDS = 2.0
"""Sound whose latents are interleaved with one another: the algorithmic delay."""

SNR_WITHOUT_CSI = 10.0
"""SNR that the encoder assumes, in dB, where nothing was fed back."""
