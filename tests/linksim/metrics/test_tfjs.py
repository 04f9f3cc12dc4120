"""TensorFlow.js's weights: read, restored from integers, and put in place by index."""

import json

import keras
import numpy as np
import pytest

from linksim.errors import LinksimError
from linksim.metrics.tfjs import load_weights, read_weights

SHAPES = {
    "conv2d_10/kernel": [1, 1, 2, 3],  # stored before the layer that comes first
    "conv2d_9/kernel": [2, 2, 3, 2],
    "batch_normalization_1/beta": [2],
    "batch_normalization_1/moving_mean": [2],
    "batch_normalization_1/moving_variance": [2],
    "dense_1/kernel": [3, 5],
}
QUANTISED = {"conv2d_10/kernel": ("uint8", -0.5, 0.01), "dense_1/kernel": ("uint16", 0.1, 1e-4)}


def network():
    """One layer more of a kind than another, so that Keras's numbers differ between them."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(2, 2, use_bias=False),
            keras.layers.BatchNormalization(scale=False),
            keras.layers.Conv2D(3, 1, use_bias=False),
        ]
    )


@pytest.fixture
def stored(tmp_path):
    """A model in two shards, cut inside a weight, and the numbers that stand in them."""
    rng = np.random.default_rng(0)
    values, entries, data = {}, [], b""
    for name, shape in SHAPES.items():
        entry = {"name": name, "shape": shape, "dtype": "float32"}
        if name in QUANTISED:
            dtype, least, scale = QUANTISED[name]
            entry["quantization"] = {"dtype": dtype, "min": least, "scale": scale}
            raw = rng.integers(0, 200, shape, dtype)
            values[name] = least + scale * raw
        else:
            raw = values[name] = rng.uniform(0.1, 1, shape).astype(np.float32)
        entries.append(entry)
        data += raw.tobytes()
    (tmp_path / "shard1").write_bytes(data[:9])
    (tmp_path / "shard2").write_bytes(data[9:])
    manifest = [{"paths": ["shard1", "shard2"], "weights": entries}]
    path = tmp_path / "model.json"
    path.write_text(json.dumps({"weightsManifest": manifest}))
    return path, values


def test_integers_stand_for_numbers(stored):
    path, values = stored
    layers = read_weights(path)
    for name, expected in values.items():
        layer, variable = name.split("/")
        assert layers[layer][variable].dtype == np.float32
        np.testing.assert_allclose(layers[layer][variable], expected, rtol=1e-6)


def test_layers_are_matched_by_index(stored):
    path, values = stored
    for model in (network(), network()):  # the second has other numbers
        load_weights(model, path)
        first, norm, second = (layer.get_weights() for layer in model.layers)
        np.testing.assert_allclose(first[0], values["conv2d_9/kernel"], rtol=1e-6)
        np.testing.assert_allclose(second[0], values["conv2d_10/kernel"], rtol=1e-6)
        for found, part in zip(norm, ("beta", "moving_mean", "moving_variance"), strict=True):
            np.testing.assert_array_equal(found, values[f"batch_normalization_1/{part}"])


def test_another_network_is_refused(stored):
    path, _ = stored
    fewer = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 2, use_bias=False)])
    with pytest.raises(LinksimError, match="has 2 layers 'conv2d', not 1"):
        load_weights(fewer, path)
    biased = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(2, 2, use_bias=False),
            keras.layers.Conv2D(3, 1),
        ]
    )
    with pytest.raises(LinksimError, match="layer 'conv2d_10' is not as in this network"):
        load_weights(biased, path)


def test_damage_is_told(stored):
    path, _ = stored
    shard = path.with_name("shard2")
    whole = shard.read_bytes()
    for data in (whole[:-1], whole + b"x"):
        shard.write_bytes(data)
        with pytest.raises(LinksimError, match="whole shards"):
            read_weights(path)
    shard.unlink()
    with pytest.raises(LinksimError, match="shard2: No such file"):
        read_weights(path)
    path.write_text("module.exports = {}")
    with pytest.raises(LinksimError, match=r"not a TensorFlow\.js model"):
        read_weights(path)
