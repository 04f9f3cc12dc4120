"""Training on two devices, which JAX makes of one processor, is training on one."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from linksim.errors import LinksimError
from semantic.training.devices import check

SCRIPT = """
import json
import sys
from semantic import devices, train
from semantic.text import sizes
from semantic.text.train import Trainer

sizes.PRESETS["compact"] = sizes.Sizes(16, 2, 16, 1, 1, 16, 8)
folder, until, spread = sys.argv[1], [None], []
whole = Trainer.run

def run(trainer):
    whole(trainer, until[0])
    spread.append(sorted({len(v.value.sharding.device_set) for v in trainer.model.variables}))

def text(name, on, stop_at=None):
    Trainer.run, until[0] = run, stop_at
    command = ["text", "--text", f"{folder}/a.txt", "--out", f"{folder}/{name}", "--steps", "3"]
    return train.main([*command, "--batch", "6", "--save-every", "1", "--devices", str(on)])

codes = [text("one", 1), text("both", 2, stop_at=2), text("both", 1), text("three", 3)]
layout = devices.data_parallel(2).get_data_layout
shards = [layout((rows, 5)).backend_layout.shard_shape((rows, 5)) for rows in (6, 7)]
print(json.dumps({"codes": codes, "spread": spread, "shards": shards}))
"""


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed")
def test_two_devices_take_the_steps_of_one(tmp_path: Path) -> None:
    """With the same noise and channels, and a run that was begun on two goes on with one."""
    said = "The quick brown fox, who can't rest, jumps over {} lazy dogs. Why not?\n\n"
    (tmp_path / "a.txt").write_text("".join(said.format(i) for i in range(200)))
    flag = "--xla_force_host_platform_device_count=2"
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        env={**os.environ, "KERAS_BACKEND": "jax", "XLA_FLAGS": flag},
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(run.stdout.splitlines()[-1])
    assert told["codes"] == [0, 0, 0, 2]
    assert "error: --devices 3 is more than there are; JAX sees 2 of kind cpu\n" in run.stderr
    assert told["spread"] == [[1], [2], [1]]
    assert told["shards"] == [[3, 5], [7, 5]]
    one, both = _state(tmp_path / "one"), _state(tmp_path / "both")
    assert one.keys() == both.keys()
    for name, value in one.items():
        # Weights move by 1e-3, Adam's mean gradients are up to 1e-2; what has none moves at random.
        atol = 1e-5 if name.startswith("model") else 1e-6
        np.testing.assert_allclose(both[name], value, rtol=1e-5, atol=atol, err_msg=name)


def _state(folder: Path) -> dict[str, np.ndarray]:
    with np.load(folder / "state.npz") as file:
        return {name: file[name] for name in file.files if name != "state"}


def test_a_batch_must_divide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(LinksimError, match=r"--batch 8 .* --devices 3; use --batch 9"):
        check(3, 8)
