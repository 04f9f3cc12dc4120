"""Sizes of the video codec's networks, and that they train."""

import functools
import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import ops

from semantic.dvst.networks.inter import InterCodec
from semantic.dvst.networks.intra import IntraCodec
from semantic.dvst.networks.jscc import BLOCKS
from semantic.dvst.networks.model import DvstModel
from semantic.dvst.networks.sizes import JsccSizes, LatentSizes, Sizes
from semantic.dvst.networks.swin import SwinBlock

Moving = Callable[..., np.ndarray]

pytestmark = pytest.mark.usefixtures("tiny")


@pytest.fixture(scope="module")
def films(moving: Moving) -> np.ndarray:
    """Two frames of two films, float32, [2, 2, 32, 48, 3]."""
    return np.stack([moving(2, 32, 48, seed) for seed in range(2)]).astype(np.float32) / 255.0


def batch(films: np.ndarray, **told: float) -> dict[str, np.ndarray]:
    told = {"snr_db": 10.0, "eta": 0.5, "precision": 1.0, **told}
    values = {name: np.full(len(films), value, np.float32) for name, value in told.items()}
    return {"frames": films, **values}


def parameters(part: keras.layers.Layer) -> int:
    return sum(int(np.prod(v.shape)) for v in part.trainable_variables)


def values(part: keras.layers.Layer | keras.Variable) -> np.ndarray:
    variables = getattr(part, "weights", [part])
    return np.concatenate([ops.convert_to_numpy(v.value).reshape(-1) for v in variables])


def test_another_stride(films: np.ndarray) -> None:
    latents = LatentSizes(6, 2, 4.0, (0, 2, 4, 8), 8)
    sizes = Sizes(4, 6, 1, latents, latents, replace(latents, jscc=JsccSizes(8, 2, 2)))
    told = batch(films)
    frames = told.pop("frames")
    _, _, state = IntraCodec(sizes).encode(frames[:, 0], None, told)
    codes, echo, state = InterCodec(sizes).encode(frames[:, 1], state, told)
    assert {tuple(part["rates"].shape) for part in codes.values()} == {(2, 2, 3)}
    shapes = {tuple(x.shape) for x in (echo, state["picture"], state["base"])}
    assert shapes == {frames[:, 0].shape}


@functools.lru_cache
def built(preset: str) -> DvstModel:
    return DvstModel(preset=preset)


@pytest.mark.parametrize(
    ("preset", "intra", "inter", "post"),
    [("compact", 1_923_789, 132_451, 47_692), ("paper", 10_189_073, 955_778, 316_812)],
)
def test_parameters(preset: str, intra: int, inter: int, post: int) -> None:
    model = built(preset)
    parts = (model.intra, model.inter, model.post_filter)
    assert tuple(map(parameters, parts)) == (intra, inter, post)


@pytest.mark.parametrize("preset", ["compact", "paper"])
def test_layer_table(preset: str) -> None:
    intra = built(preset).intra.intra
    for half in (intra.encoder, intra.decoder):
        assert len(convolutions(half.conv)) == 1
        swin = [part for part in half.trunk.blocks if isinstance(part, SwinBlock)]
        assert [part.shifted for part in swin] == [False, True, False, True]
        assert len(swin) == BLOCKS == 4


def test_paper_preset_trains() -> None:
    """Ten steps, five of each stage; compiling it would take longer than these."""
    model, rng = built("paper"), np.random.default_rng(0)
    # Without transforms no gradient would reach what comes before them.
    model.fit_transforms(rng.uniform(size=(1, 2, 64, 64, 3)).astype(np.float32))
    frames = rng.uniform(size=(1, 2, 16, 16, 3)).astype(np.float32)
    latents = model.intra.intra
    for stage, trained in (("entropy", latents.entropy), ("fine-tune", latents.decoder)):
        model.enter(stage)
        before = [np.array(w) for w in trained.get_weights()]
        model.compile(keras.optimizers.Adam(1e-4), run_eagerly=True)
        for _ in range(5):
            assert np.isfinite(float(model.train_on_batch(batch(frames))))
        pairs = zip(before, trained.get_weights(), strict=True)
        assert not all(np.array_equal(old, new) for old, new in pairs)


def convolutions(part: keras.layers.Layer) -> list[keras.layers.Conv2D]:
    flat = part._flatten_layers(include_self=False)
    return [layer for layer in flat if isinstance(layer, keras.layers.Conv2D)]


SCRIPT = """
import sys; sys.modules['tensorflow'] = None
import keras
import numpy as np
from semantic.dvst.networks.model import DvstModel

model = DvstModel(preset="tiny")
rng = np.random.default_rng(0)
frames = rng.uniform(size=(1, 2, 16, 16, 3)).astype(np.float32)
model.fit_transforms(frames)
told = {name: np.ones(1, np.float32) for name in ("snr_db", "eta", "precision")}
for stage in ("entropy", "jscc"):
    model.enter(stage)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), run_eagerly=True)
    for _ in range(2):
        assert np.isfinite(float(model.train_on_batch({"frames": frames, **told})))
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_trains_without_tensorflow(backend: str, tiny: str) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    environment = {**os.environ, "KERAS_BACKEND": backend}
    subprocess.run([sys.executable, "-c", tiny + SCRIPT], env=environment, check=True)
