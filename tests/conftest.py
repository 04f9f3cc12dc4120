import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from linksim.media import Clip

SLOW = Path(__file__).with_name("slow.txt")
"""Tests that take long, a line each, which a quick run leaves out; without parameters for all."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("LINKSIM_SLOW"):
        return
    slow = set(SLOW.read_text(encoding="utf-8").splitlines())
    skip = pytest.mark.skip(reason="takes long; `make test-all` runs it")
    for item in items:
        if {item.nodeid, item.nodeid.partition("[")[0]} & slow:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def make_clip() -> Callable[..., Clip]:
    """A factory of clips: a texture that moves, and a voice-like buzz with pauses."""

    def make(count: int = 12, height: int = 48, width: int = 64, seconds: float = 0.48) -> Clip:
        rng = np.random.default_rng(7)
        coarse = rng.uniform(20, 235, (height // 8 + 4, width // 8 + 4, 3)).astype(np.uint8)
        texture = cv2.resize(coarse, None, fx=8, fy=8, interpolation=cv2.INTER_LINEAR)
        frames = np.stack([texture[i % 16 :, 2 * i % 16 :][:height, :width] for i in range(count)])
        t = np.arange(int(16_000 * seconds)) / 16_000
        voice = sum(np.sin(2 * np.pi * 140 * k * t) / k for k in range(1, 20))
        audio = 0.2 * voice * (np.sin(2 * np.pi * 1.3 * t) > -0.3) + rng.normal(0, 1e-3, len(t))
        return Clip(frames, Fraction(25), audio.astype(np.float32), 16_000, "made")

    return make


@pytest.fixture(scope="session")
def small_clip(make_clip: Callable[..., Clip]) -> Clip:
    """12 frames of 64x48 at 25 frames/s with 0.48 s of sound."""
    return make_clip()
