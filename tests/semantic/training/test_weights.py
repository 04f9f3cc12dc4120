"""Files of weights: what a variable is called, and that no array lands in another one's place."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from linksim.errors import LinksimError
from semantic.asc.model import AscModel
from semantic.dvst.networks.model import DvstModel
from semantic.text.model import TextModel
from semantic.training.weights import FOLDER, load, named_weights, path_of, save
from semantic.wav2lip.networks.expert import SyncExpert
from semantic.wav2lip.networks.generator import Generator
from semantic.wav2lip.networks.mouth_codec import MouthCodec

MODELS = (AscModel, TextModel, DvstModel, SyncExpert, Generator, MouthCodec)

NAMES = """
import json
from semantic.dvst.networks.sizes import PRESETS
from semantic.text.networks import make_encoder
from semantic.text.sizes import PRESETS as TEXT
from semantic.training.weights import named_weights
from semantic.wav2lip.networks.expert import SyncExpert
from semantic.dvst.networks.inter import InterCodec
networks = InterCodec(PRESETS["compact"]), make_encoder(TEXT["compact"]), SyncExpert()
print(json.dumps([list(named_weights(network)) for network in networks]))
"""


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.npz")), ids=lambda file: file.stem)
def test_shipped_files_have_the_names_of_the_variables(file: Path) -> None:
    keras.layers.Dense(2)  # automatic names count on
    kind = next(m for m in MODELS if file.stem.startswith(f"{m.STORED.name}_"))
    preset = file.stem.removeprefix(f"{kind.STORED.name}_")
    assert path_of(kind.STORED.name, preset) == file
    load(file, kind(preset=preset))


def test_what_is_saved_is_rounded(tmp_path: Path) -> None:
    model = TextModel()
    save(tmp_path / "w.npz", model)
    other = TextModel(seed=1)
    load(tmp_path / "w.npz", other)
    for exact, stored in zip(model.encoder.weights, other.encoder.weights, strict=True):
        error = np.square(np.asarray(exact) - np.asarray(stored)).sum()
        assert error <= 10**-4.8 * np.square(np.asarray(exact)).sum()


def test_paths_name_attributes_numbers_and_classes() -> None:
    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.first = keras.Sequential(
                [keras.Input((2,)), keras.layers.Dense(3), keras.layers.Dense(3)]
            )
            self.many = [keras.layers.Dense(1, name="other") for _ in range(2)]
            for layer in self.many:
                layer.build((None, 2))
            self.scale = self.add_weight(shape=(), name="scale")
            x = keras.Input((2,))
            self.graph = keras.Model(x, keras.layers.Dense(1, name="last", use_bias=False)(x))

    expected = ["first/dense/kernel", "first/dense/bias", "first/dense_1/kernel"]
    expected += ["first/dense_1/bias", "many/0/kernel", "many/0/bias"]
    expected += ["many/1/kernel", "many/1/bias", "graph/last/kernel", "scale"]
    for _ in range(2):
        net = Net()
        named = named_weights(net)
        assert sorted(named) == sorted(expected)
        assert [id(v) for v in named.values()] == [id(v) for v in net.weights]
        assert named["many/1/kernel"] is net.many[1].kernel


def test_two_weights_of_one_path_are_refused() -> None:
    layer = keras.layers.Layer()
    for _ in range(2):
        layer.add_weight(shape=(), name="scale")
    with pytest.raises(ValueError, match="two weights of layer"):
        named_weights(layer)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_paths_are_those_of_other_backends(backend: str) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    names = {}
    for each in ("tensorflow", backend):
        environment = {**os.environ, "KERAS_BACKEND": each}
        run = subprocess.run(
            [sys.executable, "-c", NAMES],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        names[each] = json.loads(run.stdout.splitlines()[-1])
    assert names["tensorflow"] == names[backend]


def stored(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return dict(file)


def test_arrays_go_where_their_names_say(tmp_path: Path) -> None:
    path, model = tmp_path / "w.npz", SyncExpert()
    faces, mel = (
        np.ones((1, 2, 5, 96, 96, 3)),
        np.random.default_rng(0).normal(size=(1, 2, 80, 16, 1)),
    )
    inputs = {"faces": faces.astype(np.float32), "mel": mel.astype(np.float32)}
    rng = np.random.default_rng(1)
    for variable in model.trainable_variables:
        variable.assign(variable + 0.1 * rng.normal(size=variable.shape))
    save(path, model)
    load(path, model)
    before = np.asarray(model(inputs))
    arrays = stored(path)
    # In another order nothing changes.
    np.savez(path, **dict(reversed(arrays.items())))
    load(path, model)
    assert np.array_equal(np.asarray(model(inputs)), before)
    # Two layers of one shape that change places are other layers.
    kernels = [name for name in arrays if name.endswith("/kernel")]
    one, other = next(
        (a, b)
        for i, a in enumerate(kernels)
        for b in kernels[i + 1 :]
        if arrays[a].shape == arrays[b].shape
    )
    np.savez(path, **{**arrays, one: arrays[other], other: arrays[one]})
    load(path, model)
    named = named_weights(model)
    assert np.array_equal(np.asarray(named[one]), arrays[other].astype(np.float32))
    assert np.array_equal(np.asarray(named[other]), arrays[one].astype(np.float32))
    assert not np.array_equal(np.asarray(model(inputs)), before)


def test_arrays_named_by_position_are_refused(tmp_path: Path) -> None:
    path, model = tmp_path / "w.npz", SyncExpert()
    save(path, model)
    np.savez(path, **{str(i): array for i, array in enumerate(stored(path).values())})
    with pytest.raises(LinksimError, match="or of an earlier version; train them with") as error:
        load(path, model)
    assert "\n" not in str(error.value)
