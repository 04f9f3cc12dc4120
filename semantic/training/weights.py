"""Trained weights as small files: arrays of half precision by name, no pickle."""

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from linksim.errors import LinksimError

FOLDER = Path(__file__).parents[1] / "presets"
"""Where the shipped ones lie."""


def save(path: Path, variables: Mapping[str, Any]) -> None:
    """Write variables in half precision, over what was there.

    Their rounding lies 66 dB below each weight, far below the noise of any link.
    """
    arrays = {
        name: keras.ops.convert_to_numpy(variable.value).astype(np.float16)
        for name, variable in variables.items()
    }
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez_compressed(file, **arrays)
    os.replace(part, path)


def load(path: Path, variables: Mapping[str, Any], codec: str, model: str) -> None:
    """Put saved weights into variables.

    Parameters
    ----------
    path : Path
        What `save` wrote.
    variables : mapping
        By the names that they were saved under.
    codec, model : str
        What to call them in messages, e.g. ``"audio codec"`` and the name to train it by,
        ``"asc"``.

    Raises
    ------
    LinksimError
        If the file is missing, no weights, or of other variables.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise LinksimError(
            f"{path}: no such weights; train them with 'linksim train {model}'"
        ) from None
    except (OSError, ValueError, zipfile.BadZipFile):
        raise LinksimError(
            f"{path}: not a file of weights; give one that 'linksim train {model}' wrote"
        ) from None
    shapes = {name: tuple(v.shape) for name, v in variables.items()}
    if shapes != {name: a.shape for name, a in arrays.items()}:
        raise LinksimError(f"{path}: holds weights of another preset of the {codec}")
    for name, variable in variables.items():
        variable.assign(arrays[name].astype(np.float32))
