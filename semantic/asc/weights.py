"""Trained weights of the audio codec: one small file for each preset."""

import functools
from pathlib import Path
from typing import Any

from semantic.asc.model import AscModel
from semantic.training import weights


def path_of(preset: str) -> Path:
    """Return where the shipped weights of a preset lie."""
    return weights.FOLDER / f"asc_{preset}.npz"


def save(path: Path, model: AscModel) -> None:
    """Write encoder and decoder; see `semantic.training.weights.save`."""
    weights.save(path, _named(model))


def load(path: Path, model: AscModel) -> None:
    """Put saved weights into a model; see `semantic.training.weights.load` for what it raises."""
    weights.load(path, _named(model), "audio codec", "asc")


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
