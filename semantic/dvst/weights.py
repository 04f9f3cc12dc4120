"""Trained weights of the video codec: one small file for each preset."""

from pathlib import Path
from typing import Any

from semantic.dvst.networks.model import DvstModel
from semantic.training import weights


def path_of(preset: str) -> Path:
    """Return where the shipped weights of a preset lie."""
    return weights.FOLDER / f"dvst_{preset}.npz"


def save(path: Path, model: DvstModel) -> None:
    """Write both codecs; see `semantic.training.weights.save`."""
    weights.save(path, _named(model))


def load(path: Path, model: DvstModel) -> None:
    """Put saved weights into a model; see `semantic.training.weights.load` for what it raises."""
    weights.load(path, _named(model), "video codec", "dvst")


def trained(preset: str, path: Path, without: str | None = None) -> DvstModel:
    """Return a model with weights from a file, to use and not to train.

    Raises
    ------
    LinksimError
        If the weights cannot be had.
    """
    model = DvstModel(preset=preset, without=without)
    load(path, model)
    model.settle()
    return model


def _named(model: DvstModel) -> dict[str, Any]:
    codecs = {"intra": model.intra, "inter": model.inter, "post": model.post_filter}
    # `weights` leaves out the states of seed generators.
    return {
        f"{name}/{i}": variable
        for name, codec in codecs.items()
        for i, variable in enumerate(codec.weights)
    }
