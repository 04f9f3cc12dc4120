"""Trained weights of the audio codec: one small file for each preset."""

import functools
import os
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from linksim.errors import LinksimError
from semantic.asc.model import AscModel

FOLDER = Path(__file__).parent.parent / "presets"


def path_of(preset: str) -> Path:
    """Return where the shipped weights of a preset lie."""
    return FOLDER / f"asc_{preset}.npz"


def save(path: Path, model: AscModel) -> None:
    """Write encoder and decoder in half precision, over what was there.

    Their rounding lies 66 dB below each weight, far below the noise of any link.
    """
    arrays = {
        name: keras.ops.convert_to_numpy(variable.value).astype(np.float16)
        for name, variable in _named(model).items()
    }
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez_compressed(file, **arrays)
    os.replace(part, path)


def load(path: Path, model: AscModel) -> None:
    """Put saved weights into a model.

    Raises
    ------
    LinksimError
        If the file is missing, no weights, or of another preset.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise LinksimError(
            f"{path}: no such weights; train them with 'linksim train asc'"
        ) from None
    except (OSError, ValueError, zipfile.BadZipFile):
        raise LinksimError(
            f"{path}: not a file of weights; give one that 'linksim train asc' wrote"
        ) from None
    variables = _named(model)
    shapes = {name: tuple(v.shape) for name, v in variables.items()}
    if shapes != {name: a.shape for name, a in arrays.items()}:
        raise LinksimError(f"{path}: holds weights of another preset of the audio codec")
    for name, variable in variables.items():
        variable.assign(arrays[name].astype(np.float32))


@functools.lru_cache(maxsize=4)
def trained(preset: str, path: Path) -> AscModel:
    """Return a model with weights from a file, built once.

    Raises
    ------
    LinksimError
        If the weights cannot be had.
    """
    model = AscModel(preset=preset)
    load(path, model)
    return model


def _named(model: AscModel) -> dict[str, Any]:
    halves = {"encoder": model.encoder, "decoder": model.decoder}
    return {f"{half}/{i}": v for half, m in halves.items() for i, v in enumerate(m.variables)}
