"""Weights in TensorFlow.js's format: a ``model.json`` with binary shards beside it.

The manifest in the JSON file names the shards of each group and the weights that lie in them
one after the other: 32-bit floats, or integers q that stand for ``min + scale * q``. Source:
the README of TensorFlow.js's converter.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from linksim.errors import LinksimError

if TYPE_CHECKING:
    import keras

Layers = Mapping[str, Mapping[str, np.ndarray]]


def load_weights(model: "keras.Model", path: Path) -> None:
    """Put a file's weights into a Keras model, by index.

    Keras numbers the layers of a kind as they are made, from any number on. So the first
    ``conv2d`` of the file goes to the first of the model, and so on. Kinds of layers that the
    model lacks are left out.

    Parameters
    ----------
    model : keras.Model
        Its layers must bear the names that Keras gave them.
    path : Path
        The ``model.json``.

    Raises
    ------
    LinksimError
        If the file or a shard is missing or damaged, or is of another network.
    """
    theirs = read_weights(path)
    ours = {layer.name: layer for layer in model.layers if layer.weights}
    sources = _by_kind(theirs)
    for kind, names in _by_kind(ours).items():
        found = sources.get(kind, [])
        if len(found) != len(names):
            raise LinksimError(f"{path}: has {len(found)} layers '{kind}', not {len(names)}")
        for name, source in zip(names, found, strict=True):
            shapes = {v.name: tuple(v.shape) for v in ours[name].weights}
            if shapes != {part: array.shape for part, array in theirs[source].items()}:
                raise LinksimError(f"{path}: layer '{source}' is not as in this network")
            for variable in ours[name].weights:
                variable.assign(theirs[source][variable.name])


def read_weights(path: Path) -> Layers:
    """Read all weights.

    Parameters
    ----------
    path : Path
        The ``model.json``.

    Returns
    -------
    mapping of str to mapping of str to np.ndarray
        Weights by layer and variable, e.g. ``["conv2d_1"]["kernel"]``; float32.

    Raises
    ------
    LinksimError
        If the file or a shard is missing or damaged.
    """
    layers: dict[str, dict[str, np.ndarray]] = defaultdict(dict)
    try:
        for group in json.loads(path.read_bytes())["weightsManifest"]:
            for name, array in _group(group, path.parent):
                layer, _, variable = name.rpartition("/")
                layers[layer][variable] = array
    except OSError as error:
        raise LinksimError(f"{error.filename}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise LinksimError(f"{path}: not a TensorFlow.js model with whole shards") from None
    return layers


def _group(group: Mapping[str, Any], folder: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the name and the values of each weight of a group."""
    data = b"".join((folder / name).read_bytes() for name in group["paths"])
    offset = 0
    for entry in group["weights"]:
        coding = entry.get("quantization", {})
        stored = np.dtype(coding.get("dtype", entry["dtype"])).newbyteorder("<")
        values = np.frombuffer(data, stored, prod(entry["shape"]), offset)
        offset += values.nbytes
        values = coding.get("min", 0.0) + coding.get("scale", 1.0) * values.astype(np.float64)
        yield entry["name"], values.astype(np.float32).reshape(entry["shape"])
    if offset != len(data):
        raise ValueError


def _by_kind(names: Iterable[str]) -> dict[str, list[str]]:
    """Group names such as ``conv2d_17`` by what stands before the number, in its order."""
    groups = defaultdict(list)
    for name in names:
        kind, number = re.findall(r"^(.*?)(?:_(\d+))?$", name)[0]
        groups[kind].append((int(number or 0), name))
    return {kind: [name for _, name in sorted(members)] for kind, members in groups.items()}
