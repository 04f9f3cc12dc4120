"""A training that is packed, unpacked elsewhere and run there is the training."""

import importlib.util
import os
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from linksim.errors import LinksimError
from semantic.text.recipe import Recipe
from semantic.training import kit
from semantic.training.task import Task
from semantic.wav2lip.frames.talk import Talk

LINES = [f"the {n}th of {n * 7} sentences is not long" for n in range(60)]


@pytest.fixture
def task(tmp_path: Path) -> Task:
    """A training of the text codec on a few lines."""
    return Task(
        trainer="semantic.text.train.Trainer",
        recipe=Recipe(steps=40, batch=4),
        data={"files": [LINES], "held_out": LINES[:3]},
        out=tmp_path / "here",
        save_every=20,
    )


def unpack(file: Path, folder: Path) -> Path:
    with tarfile.open(file) as tar:
        tar.extractall(folder, filter="data")
    return folder


def losses(folder: Path) -> list[str]:
    rows = (folder / "log.csv").read_text().splitlines()[1:]
    return [row.split(",")[2] for row in rows]


def test_what_is_packed_comes_back(tmp_path: Path, task: Task) -> None:
    rng = np.random.default_rng(0)
    sound = (rng.integers(-32768, 32768, 1000) / 32768).astype(np.float32)
    real = rng.normal(size=(3, 4)).astype(np.float32)
    faces = rng.integers(0, 256, (2, 96, 96, 3)).astype(np.uint8)
    talk = Talk(faces, rng.normal(size=(2, 80, 16, 1)).astype(np.float32), "s1_a", None, 0.5)
    data = {"audio": sound, "films": [faces], "other": real, "music": None, "talks": [talk]}
    start = tmp_path / "weights.npz"
    np.savez(start, weight=real)
    packed = replace(task, data=data, recipe=replace(task.recipe, start=str(start)))
    kit.pack(packed, tmp_path / "kit.tar")
    folder = unpack(tmp_path / "kit.tar", tmp_path / "there")
    back = kit.unpacked(folder, tmp_path / "run")
    assert back.recipe == replace(packed.recipe, start=str(folder / "start.npz"))
    assert (back.trainer, back.save_every) == (packed.trainer, packed.save_every)
    for name in ("audio", "other"):
        assert back.data[name].dtype == np.float32
        assert np.array_equal(back.data[name], data[name])
    assert np.array_equal(back.data["films"][0], faces)
    assert back.data["music"] is None
    (again,) = back.data["talks"]
    assert (again.name, again.weight, again.seen) == ("s1_a", 0.5, None)
    assert np.array_equal(again.voice, talk.voice)
    # Sound of 16 bits takes two bytes a sample, at most.
    with np.load(folder / kit.DATA) as arrays:
        assert any(arrays[name].dtype == np.int16 for name in arrays.files)


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_kit_trains_as_the_command_does(backend: str, tmp_path: Path, task: Task) -> None:
    """Ten steps; where there is JAX without TensorFlow, as on the machine that it is for."""
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    kit.pack(task, tmp_path / "kit.tar")
    folder = unpack(tmp_path / "kit.tar", tmp_path / "there")
    without = "import sys; sys.modules['tensorflow'] = None; " if backend == "jax" else ""
    code = f"{without}from semantic.training.packed import main; main(['--rehearse'])"
    given = tmp_path / "given"
    given.mkdir()
    more = {"KERAS_BACKEND": backend, "PYTHONPATH": str(folder), "OUT": str(given)}
    run = [sys.executable, "-c", code]
    subprocess.run(run, env={**os.environ, **more}, cwd=folder, check=True)
    assert (given / "state.npz").exists()
    if backend == "tensorflow":
        task.begin().run(stop_at=10)
        assert losses(given) == losses(task.out) != []
    else:
        assert all(np.isfinite(float(loss)) for loss in losses(given))


def test_a_run_ends_when_its_time_is_up_and_goes_on(task: Task) -> None:
    run = task.begin()
    run.minutes = 0.0
    run.run()
    assert run.done() == 1
    assert (task.out / "best.npz").exists()
    task.begin().run(stop_at=3)
    assert run.done() == 3


def test_too_large_a_kit_gets_one_line(tmp_path: Path, task: Task) -> None:
    noise = np.random.default_rng(0).integers(0, 256, 70_000_000).astype(np.uint8)
    with pytest.raises(LinksimError, match=r"kit would have 7\d MB, 7\d of them data, and 60 is"):
        kit.pack(replace(task, data={"films": [noise]}), tmp_path / "kit.tar")
    assert not (tmp_path / "kit.tar").exists()
