"""Sizes that all parts of the audio codec share."""

SAMPLE_RATE = 16_000
"""Samples per second of the audio that the codec takes, in Hz."""

RATES = {"low": 0.25, "mid": 0.5, "high": 1.0}
"""Complex channel uses per sample that each set of weights may spend, by name."""

CHUNK_SECONDS = 2.0
"""Sound whose latents are spread over one another's slots: the algorithmic delay."""

TRAINED_SHARE = 0.8
"""Least share of a frame's latents that is sent; training leaves out no more."""

SNR_WITHOUT_CSI = 10.0
"""What the encoder takes the SNR for, in dB, where nothing was fed back."""
