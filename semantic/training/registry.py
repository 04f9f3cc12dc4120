"""The models that can be trained: modules below `semantic` called ``…command`` say how."""

import argparse
import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import semantic


@dataclass(frozen=True)
class Training:
    """The command that trains a model; its module has it as ``TRAINING`` and loads no Keras.

    Parameters
    ----------
    name : str
        Name of the model on the command line.
    add_arguments : callable
        Declares the options of the command.
    prepare : callable
        Checks the options and reads the data; returns what trains, or goes on training. Keras is
        loaded when that is called.
    through_link : bool
        Whether the link is in its loop, which TensorFlow runs, and on one device.
    """

    name: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    prepare: Callable[[argparse.Namespace], Callable[[], None]]
    through_link: bool = False

    @property
    def about(self) -> str:
        """One line about it."""
        return (importlib.import_module(self.prepare.__module__).__doc__ or "").split("\n")[0]


@functools.cache
def trainings() -> Mapping[str, Training]:
    """Return the commands of all models by their names."""
    modules = (module.name for module in pkgutil.walk_packages(semantic.__path__, "semantic."))
    commands = (importlib.import_module(name) for name in modules if name.endswith("command"))
    found = (getattr(command, "TRAINING", None) for command in commands)
    return {training.name: training for training in found if training}
