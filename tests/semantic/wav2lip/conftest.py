"""Tiny lip-sync networks, and talks to train them on."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from semantic.wav2lip.frames.talk import Talk


@pytest.fixture(scope="module")
def tiny_lips() -> Iterator[None]:
    """The preset ``"tiny"``, with every kind of layer."""
    from semantic.wav2lip.networks.sizes import PRESETS, Sizes, Stage

    halves = [Stage(4, stride=2) for _ in range(4)]
    vector = (Stage(4, valid=True), Stage(4, 1))
    voice = (Stage(4, stride=(3, 1), residual=1), Stage(4, stride=3), Stage(4, stride=(3, 2)))
    PRESETS["tiny"] = Sizes(
        face=(Stage(4), Stage(4, stride=2, residual=1), *halves, *vector),
        voice=(*voice, *vector),
        decoder=(Stage(4, 1), Stage(4, valid=True), Stage(4, stride=2, residual=1), *halves),
        last=4,
        bends=True,
        expert_face=(Stage(4, 5, (1, 2)), *halves, *vector),
        expert_voice=(*voice, *vector),
        discriminator=(Stage(4, 5, (1, 2)), *halves, *vector),
    )
    yield
    del PRESETS["tiny"]


@pytest.fixture(scope="module")
def talks() -> list["Talk"]:
    """Two talks whose faces are as bright as their voices are loud."""
    from semantic.wav2lip.frames.talk import Talk

    made = []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        loud = rng.uniform(0.1, 0.9, 40)
        faces = np.round(255 * loud[:, None, None, None] * rng.uniform(0.8, 1, (40, 96, 96, 3)))
        voice = (8 * loud - 4)[:, None, None, None] * np.ones((1, 80, 16, 1))
        made.append(Talk(faces.astype(np.uint8), voice.astype(np.float32), f"talk {seed}"))
    return made
