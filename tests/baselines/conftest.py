from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from linksim.media import Clip, read

GRID = Path(__file__).parents[3] / "shared/media/grid/bbaf2n.mpg"


@pytest.fixture(scope="session")
def make_voice() -> Callable[..., Clip]:
    """A factory of clips of sound: a buzz with formants, syllables, pauses and breath."""

    def make(seconds: float = 2.0, sample_rate: int = 16_000) -> Clip:
        rng = np.random.default_rng(11)
        t = np.arange(round(sample_rate * seconds)) / sample_rate
        phase = 2 * np.pi * np.cumsum(130 + 20 * np.sin(2 * np.pi * 0.7 * t)) / sample_rate
        formant = 700 + 300 * np.sin(2 * np.pi * 1.1 * t)
        voice = sum(
            np.sin(k * phase) * (0.02 + np.exp(-(((130 * k - formant) / 400) ** 2)))
            for k in range(1, 40)
        )
        syllables = np.clip(np.sin(2 * np.pi * 2.5 * t) + 0.3, 0, 1)
        audio = 0.15 * voice * syllables + rng.normal(0, 2e-3, len(t)) * (1.2 - syllables)
        return Clip(audio=audio.astype(np.float32), sample_rate=sample_rate, name="voice")

    return make


@pytest.fixture(scope="session")
def voice(make_voice: Callable[..., Clip]) -> Clip:
    """2 s of sound at 16 kHz."""
    return make_voice()


@pytest.fixture(scope="session")
def speech() -> Clip:
    """The sound of one real clip."""
    if not GRID.exists():
        pytest.skip("the GRID clips are not here")
    return Clip(audio=read(GRID).audio, name="speech")
