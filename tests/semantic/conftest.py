"""A tiny video codec, compiled once for all tests that run one."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from semantic.dvst.bitstream.codec import Codec

TINY = """
from dataclasses import replace
from semantic.dvst.networks.sizes import PRESETS, JsccSizes, LatentSizes, Sizes

latents = LatentSizes(6, 2, 4.0, (0, 2, 4, 8), 8)
PRESETS["tiny"] = Sizes(2, 6, 1, latents, latents, replace(latents, jscc=JsccSizes(8, 2, 2)))
"""
"""Declares the preset; text, so that other processes can run it too."""


@pytest.fixture(scope="session")
def tiny() -> Iterator[str]:
    """The source that declares the preset ``"tiny"``, which has been run here."""
    from semantic.dvst.networks.sizes import PRESETS

    exec(TINY)
    yield TINY
    del PRESETS["tiny"]


@pytest.fixture(scope="session")
def moving() -> Callable[..., np.ndarray]:
    """A factory of coarse textures that move, uint8, [count, height, width, 3]."""

    def make(count: int, height: int, width: int, seed: int = 0) -> np.ndarray:
        size = (height // 16 + 3, width // 16 + 3, 3)
        coarse = np.random.default_rng(seed).integers(0, 255, size)
        texture = coarse.repeat(16, axis=0).repeat(16, axis=1).astype(np.uint8)
        return np.stack([texture[i : i + height, 2 * i : 2 * i + width] for i in range(count)])

    return make


@pytest.fixture(scope="session")
def tiny_weights(
    tiny: str, moving: Callable[..., np.ndarray], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Weights of a fitted model, moved from where they start so that every layer matters."""
    from semantic.dvst.networks.model import DvstModel
    from semantic.training import weights

    model = DvstModel(preset="tiny")
    films = np.stack([moving(3, 64, 96, seed) for seed in range(4)])
    model.fit_transforms(films.astype(np.float32) / 255.0)
    rng = np.random.default_rng(0)
    for v in model.trainable_variables:
        if v.name != "inverse":  # of the block transforms, where it would drown the picture
            v.assign(v + 0.005 * rng.normal(size=v.shape))
    path = tmp_path_factory.mktemp("weights") / "dvst.npz"
    weights.save(path, model)
    return path


@pytest.fixture(scope="session")
def tiny_codec(tiny_weights: Path) -> "Codec":
    """Both halves of the model, the same that the endpoint takes for these weights."""
    from semantic.dvst.bitstream.codec import codec_of

    return codec_of("tiny", tiny_weights)


@pytest.fixture
def eager() -> Iterator[None]:
    """Compile nothing: for a few steps of a small model that takes far longer than running it."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
