"""The whole state of a training run in one file that a kill cannot leave half-written."""

import json
import os
from pathlib import Path
from typing import Any

import keras
import numpy as np

from linksim.errors import LinksimError


def save(path: Path, model: keras.Model, state: dict[str, Any]) -> None:
    """Write weights, random state, optimiser and `state`, over what was there.

    Parameters
    ----------
    path : Path
        Ends in ``.npz``.
    model : keras.Model
        Compiled and built.
    state : dict
        What JSON can hold.
    """
    arrays = {
        f"{kind}{i}": keras.ops.convert_to_numpy(variable.value)
        for kind, variables in _state(model).items()
        for i, variable in enumerate(variables)
    }
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, state=np.array(json.dumps(state)), **arrays)
    os.replace(part, path)


def peek(path: Path) -> dict[str, Any]:
    """Return the `state` of a checkpoint.

    Raises
    ------
    LinksimError
        If the file is none.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return json.loads(str(file["state"]))
    except (OSError, ValueError, KeyError) as error:
        raise LinksimError(f"{path}: not a checkpoint ({error}); delete it to start anew") from None


def restore(path: Path, model: keras.Model, *, optimizer: bool) -> None:
    """Put weights and random state, and the optimiser's if asked, back into a like model."""
    kinds = _state(model)
    if not optimizer:
        del kinds["optimizer"]
    with np.load(path, allow_pickle=False) as file:
        for kind, variables in kinds.items():
            for i, variable in enumerate(variables):
                variable.assign(file[f"{kind}{i}"])


def _state(model: keras.Model) -> dict[str, list[Any]]:
    """Return all variables; those of a model count the states of its seed generators in."""
    return {"model": list(model.variables), "optimizer": list(model.optimizer.variables)}
