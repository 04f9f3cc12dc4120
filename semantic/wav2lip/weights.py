"""Trained weights of the lip-sync networks: one small file for each network and preset."""

import functools
from pathlib import Path
from typing import Any

import keras

from semantic import weights
from semantic.wav2lip.expert import SyncExpert
from semantic.wav2lip.generator import Generator

NETWORKS = {Generator: "generator", SyncExpert: "sync-expert"}
"""Each by the name that it is trained by."""


def path_of(network: str, preset: str) -> Path:
    """Return where the shipped weights of a network, by its name, and of a preset lie."""
    return weights.FOLDER / f"{network}_{preset}.npz"


def save(path: Path, network: keras.Model) -> None:
    """Write the weights; see `semantic.weights.save`."""
    weights.save(path, _numbered(network))


def load(path: Path, network: keras.Model) -> None:
    """Put saved weights into a network; see `semantic.weights.load` for what it raises."""
    name = NETWORKS[type(network)]
    weights.load(path, _numbered(network), name.replace("-", " "), name)


@functools.lru_cache(maxsize=4)
def trained_generator(preset: str, path: Path) -> Generator:
    """Return the generator with weights from a file, built once, to use and not to train.

    Raises
    ------
    LinksimError
        If the weights cannot be had.
    """
    generator = Generator(preset=preset)
    load(path, generator)
    return generator


def trained_expert(preset: str, path: Path) -> SyncExpert:
    """Return the sync expert with weights from a file, to use and not to train.

    Raises
    ------
    LinksimError
        If the weights cannot be had.
    """
    expert = SyncExpert(preset=preset)
    load(path, expert)
    return expert


def _numbered(network: keras.Model) -> dict[str, Any]:
    return {str(i): variable for i, variable in enumerate(network.weights)}
