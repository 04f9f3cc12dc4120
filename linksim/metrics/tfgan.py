"""The parts of TensorFlow-GAN that run on today's TensorFlow."""

import sys
from importlib import import_module
from importlib.machinery import PathFinder
from types import ModuleType

from linksim.errors import LinksimError

ROOT = "tensorflow_gan.python"


def load(name: str) -> ModuleType:
    """Import one module of TensorFlow-GAN without the packages that it lies in.

    Version 2.1.0, the last, does not import as a whole: its ``__init__`` files reach for
    ``tf.estimator``, which TensorFlow 2.16 dropped. An empty package with the real folder
    takes the place of each, so that the modules that need no estimator still find each other.

    Parameters
    ----------
    name : str
        Below ``tensorflow_gan.python``, e.g. ``"eval.classifier_metrics"``.

    Returns
    -------
    ModuleType
        The module. ``tensorflow_gan`` stays an empty package for the rest of the process.

    Raises
    ------
    LinksimError
        If TensorFlow-GAN is not installed.
    """
    full = f"{ROOT}.{name}"
    path = None
    for depth in range(1, full.count(".") + 1):
        path = _hollow_package(".".join(full.split(".")[:depth]), path)
    return import_module(full)


def _hollow_package(name: str, path: list[str] | None) -> list[str]:
    """Register a package without running it, and return its folders."""
    if name not in sys.modules:
        spec = PathFinder.find_spec(name, path)
        if spec is None or spec.submodule_search_locations is None:
            raise LinksimError(f"{name} is not installed; pip install tensorflow-gan==2.1.0")
        package = ModuleType(name)
        package.__path__ = list(spec.submodule_search_locations)
        sys.modules[name] = package
    return list(sys.modules[name].__path__)
