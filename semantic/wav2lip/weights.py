"""Trained weights of the lip-sync networks: one small file for each network and preset."""

import functools
from pathlib import Path
from typing import Any, TypeVar

import keras

from semantic.training import weights
from semantic.wav2lip.networks.expert import SyncExpert
from semantic.wav2lip.networks.generator import Generator

Network = TypeVar("Network", Generator, SyncExpert)

NETWORKS = {Generator: "generator", SyncExpert: "sync-expert"}
"""Each by the name that it is trained by."""


def path_of(network: str, preset: str) -> Path:
    """Return where the shipped weights of a network, by its name, and of a preset lie."""
    return weights.FOLDER / f"{network}_{preset}.npz"


def save(path: Path, network: keras.Model) -> None:
    """Write the weights; see `semantic.training.weights.save`."""
    weights.save(path, _numbered(network))


def load(path: Path, network: keras.Model) -> None:
    """Put saved weights into a network; see `semantic.training.weights.load` for what it raises."""
    name = NETWORKS[type(network)]
    weights.load(path, _numbered(network), name.replace("-", " "), name)


@functools.lru_cache(maxsize=4)
def trained(network: type[Network], preset: str, path: Path | None = None) -> Network:
    """Return a network with weights from a file, built once, to use and not to train.

    Parameters
    ----------
    network : type
        One of `NETWORKS`.
    preset : str
        Its preset.
    path : Path or None
        The file; None takes the shipped one.

    Raises
    ------
    LinksimError
        If the weights cannot be had.
    """
    made = network(preset=preset)
    load(path or path_of(NETWORKS[network], preset), made)
    return made


def _numbered(network: keras.Model) -> dict[str, Any]:
    return {str(i): variable for i, variable in enumerate(network.weights)}
