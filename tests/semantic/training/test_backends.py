"""The same training on any of Keras' backends."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

SCRIPT = """
import json
import sys
import keras
import numpy as np
from semantic.asc.data import Crops
from semantic.asc.model import AscModel

model = AscModel(preset=sys.argv[1], channel="awgn", perceptual=0.0)
rng = np.random.default_rng(0)
halves = [*model.encoder.trainable_variables, *model.decoder.trainable_variables]
for v in halves:
    # Backends draw other random numbers, so the weights come from elsewhere.
    if len(v.shape) > 1 and keras.ops.convert_to_numpy(v).any():
        v.assign(rng.normal(0.0, np.prod(v.shape[-2:]) ** -0.25, v.shape).astype(np.float32) / 4)
jit = keras.backend.backend() != "tensorflow"
model.compile(optimizer=keras.optimizers.Adam(1e-5), jit_compile=jit)
sound = np.cumsum(rng.normal(size=20_000))
sound = np.round(8000 * np.diff(sound, 3) / 8).clip(-32767, 32767).astype(np.int16)
crops = Crops(sound, samples=36 * model.hop, batch=2, latents=model.latents, snr_db=(300, 301))
batch = crops(0)
losses = []
for _ in range(10):
    model.reset_metrics()
    losses.append(float(model.train_on_batch(batch)))
print(json.dumps(losses))
"""


def losses(backend: str, preset: str) -> list[float]:
    """Train ten steps through a channel without noise in a process of its own."""
    environment = {**os.environ, "KERAS_BACKEND": backend}
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, preset],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(run.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def on_tensorflow() -> list[float]:
    return losses("tensorflow", "paper")


def test_paper_preset_trains(on_tensorflow: list[float]) -> None:
    assert len(on_tensorflow) == 10
    assert sum(on_tensorflow[-3:]) < sum(on_tensorflow[:3])
    assert on_tensorflow == losses("tensorflow", "paper")


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_backends_agree(backend: str, on_tensorflow: list[float]) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    assert losses(backend, "paper") == pytest.approx(on_tensorflow, rel=1e-3)
