"""The whole state of a training run in one file that a kill cannot leave half-written."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from linksim.arrays import read_arrays
from linksim.errors import LinksimError


def save(path: Path, models: Sequence[keras.Model], state: dict[str, Any]) -> None:
    """Write weights, random state, optimiser and `state`, over what was there.

    Parameters
    ----------
    path : Path
        Ends in ``.npz``.
    models : sequence of keras.Model
        Compiled and built; all that is trained.
    state : dict
        What JSON can hold.
    """
    arrays = {
        f"{kind}{i}": keras.ops.convert_to_numpy(variable.value)
        for kind, variables in _state(models).items()
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
        return dict(json.loads(str(read_arrays(path)["state"])))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise LinksimError(f"{path}: not a checkpoint ({error}); delete it to start anew") from None


def restore(path: Path, models: Sequence[keras.Model], *, optimizer: bool) -> None:
    """Put weights and random state, and the optimisers' if asked, back into like models."""
    kinds = _state(models)
    if not optimizer:
        del kinds["optimizer"]
    arrays = read_arrays(path)
    for kind, variables in kinds.items():
        for i, variable in enumerate(variables):
            variable.assign(arrays[f"{kind}{i}"])


def _state(models: Sequence[keras.Model]) -> dict[str, list[Any]]:
    """Return all variables; those of a model count the states of its seed generators in."""
    return {
        "model": [v for model in models for v in model.variables],
        "optimizer": [v for model in models for v in model.optimizer.variables],
    }
