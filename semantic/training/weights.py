"""Trained weights as small files: arrays of half precision by the paths of variables, no pickle."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import keras
import numpy as np

from linksim.arrays import read_arrays
from linksim.digests import file_state
from linksim.errors import LinksimError
from linksim.kept import kept

M = TypeVar("M", bound=keras.Model)

ROUNDED_BITS = 4
"""Bits of half precision that stored weights do without."""

FOLDER = Path(__file__).parents[1] / "presets"
"""Folder of the shipped files."""


@dataclass(frozen=True)
class Stored:
    """The parts of a model that a file of weights holds, and names; a model has it as ``STORED``.

    Parameters
    ----------
    name : str
        Name that the model is trained by, ``"asc"``, with which shipped files begin.
    title : str
        What messages call it, ``"audio codec"``.
    parts : tuple of str
        Attributes that hold what is kept; none keeps the whole model.
    """

    name: str
    title: str
    parts: tuple[str, ...] = ()


def path_of(name: str, preset: str) -> Path:
    """Return where the shipped weights of a model, by its `Stored.name`, and of a preset lie."""
    return FOLDER / f"{name}_{preset}.npz"


def save(path: Path, model: keras.Model) -> None:
    """Write the weights of a model with the sign, exponent and first 6 bits of half precision.

    Their rounding lies 48 dB or more below each weight, below the noise of any link that codecs
    are trained for, and what is left takes a quarter less when it is packed.
    """
    arrays: dict[str, Any] = {
        name: _rounded(keras.ops.convert_to_numpy(variable.value))
        for name, variable in _stored(model).items()
    }
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez_compressed(file, **arrays)
    os.replace(part, path)


def _rounded(values: np.ndarray) -> np.ndarray:
    """Return float16 whose last bits are 0: to the nearest, and away from 0 halfway."""
    bits = values.astype(np.float16).view(np.uint16)
    half, kept = 1 << (ROUNDED_BITS - 1), 0xFFFF << ROUNDED_BITS & 0xFFFF
    return ((bits + np.uint16(half)) & np.uint16(kept)).view(np.float16)


def load(path: Path, model: keras.Model) -> None:
    """Put saved weights into a model.

    Raises
    ------
    LinksimError
        If the file is missing, no weights, or of other variables.
    """
    stored = model.STORED
    if not path.exists() and not path.is_symlink():
        raise LinksimError(
            f"{path}: no such weights; train them with 'linksim train {stored.name}'"
        )
    try:
        arrays = read_arrays(path)
    except LinksimError as error:
        reason = str(error).removeprefix(f"{path}: ")
        raise LinksimError(
            f"{path}: not a file of weights, {reason}; give one that 'linksim train "
            f"{stored.name}' wrote"
        ) from None
    variables = _stored(model)
    shapes = {name: tuple(v.shape) for name, v in variables.items()}
    if shapes != {name: a.shape for name, a in arrays.items()}:
        raise LinksimError(
            f"{path}: holds weights of another preset of the {stored.title}, or of an earlier "
            f"version; train them with 'linksim train {stored.name}'"
        )
    for name, array in arrays.items():
        if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
            raise LinksimError(f"{path}: '{name}' holds what is no number; train it again")
    for name, variable in variables.items():
        variable.assign(arrays[name].astype(np.float32))


def trained(kind: type[M], preset: str, path: Path | None = None) -> M:
    """Return a model with weights from a file, built once, to use and not to train.

    Parameters
    ----------
    kind : type
        Class of the model.
    preset : str
        Its preset.
    path : Path or None
        The file; None takes the shipped one.

    Raises
    ------
    LinksimError
        If the weights cannot be had.
    """
    path = path or path_of(kind.STORED.name, preset)
    return cast(M, _trained(kind, preset, path))


def state_of(path: Path) -> tuple[int, ...]:
    """Return what differs for a file of weights that has changed; nothing if there is none."""
    return file_state(path) if path.exists() else ()


@kept(8, lambda kind, preset, path: state_of(path))
def _trained(kind: type[keras.Model], preset: str, path: Path) -> keras.Model:
    model = kind(preset=preset)
    load(path, model)
    return model


def named_weights(layer: keras.layers.Layer) -> dict[str, Any]:
    """Return the weights of a layer by their paths, in the order of ``layer.weights``.

    A path is made of the attributes that layers stand under, of their numbers in lists, their
    names in functional models and their classes in chains (the second convolution of one is
    ``conv2d_1``). It depends neither on what was built before nor on the backend.
    """
    paths: dict[int, str] = {}
    for key, part in _parts(layer):
        for path, variable in named_weights(part).items():
            paths.setdefault(id(variable), f"{key}/{path}")
    # States of seed generators are variables, but no weights.
    named = {paths.get(id(v), v.name): v for v in layer.weights}
    if len(named) < len(layer.weights):
        raise ValueError(f"two weights of layer '{layer.name}' have one path")
    return named


def _stored(model: keras.Model) -> dict[str, Any]:
    if not model.STORED.parts:
        return named_weights(model)
    return {
        f"{part}/{path}": variable
        for part in model.STORED.parts
        for path, variable in named_weights(getattr(model, part)).items()
    }


def _parts(layer: keras.layers.Layer) -> Iterator[tuple[str, keras.layers.Layer]]:
    if isinstance(layer, keras.Sequential):
        seen: Counter[str] = Counter()
        for part in layer.layers:
            kind = type(part).__name__.lower()
            yield (f"{kind}_{seen[kind]}" if seen[kind] else kind), part
            seen[kind] += 1
    elif isinstance(layer, keras.Function):  # a functional model
        yield from ((part.name, part) for part in layer.layers)
    else:
        # PyTorch keeps layers apart from other attributes.
        attributes = {**vars(layer), **vars(layer).get("_modules", {})}
        attributes.pop("_layers", None)  # Keras' own list of all of them
        for name, value in attributes.items():
            if isinstance(value, keras.layers.Layer):
                yield name.lstrip("_"), value
            elif isinstance(value, list):
                for i, part in enumerate(value):
                    if isinstance(part, keras.layers.Layer):
                        yield f"{name}/{i}", part
