"""Sizes that all parts of the audio codec share."""

SAMPLE_RATE = 16_000
"""Samples per second of the audio that the codec takes, in Hz."""

RATES = {"low": 0.25, "mid": 0.5, "high": 1.0}
"""Complex channel uses per sample, by name; one set of weights serves all."""

MAX_RATE = max(RATES.values())
"""Channel uses per sample that all latents of a frame take."""

MIN_RATE = 0.8 * min(RATES.values())
"""Fewest channel uses per sample; training leaves out no more latents."""

CHUNK_SECONDS = 2.0
"""Sound whose latents are interleaved with one another: the algorithmic delay."""

SNR_WITHOUT_CSI = 10.0
"""SNR that the encoder assumes, in dB, where nothing was fed back."""
