"""Process-wide settings of TensorFlow: a quiet start, and full precision."""

import importlib.abc
import importlib.machinery
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any


def import_tensorflow() -> ModuleType:
    """Import TensorFlow without the lines that it writes as it starts."""
    quiet_tensorflow()
    import tensorflow

    return tensorflow


def quiet_tensorflow() -> None:
    """Let TensorFlow be quiet as it starts, whoever is the first to import it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if not any(isinstance(finder, _QuietFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _QuietFinder())


def full_precision() -> None:
    """Compute in float32 in this whole process, on a GPU as well.

    A GPU would round products of matrices to TensorFloat-32, and channel estimates by up to 3e-3
    with them.
    """
    import tensorflow

    tensorflow.config.experimental.enable_tensor_float_32_execution(enabled=False)


class _QuietFinder(importlib.abc.MetaPathFinder):
    """Finds TensorFlow and nothing else, with a loader that is quiet."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != "tensorflow":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec and spec.loader:
            spec.loader = _QuietLoader(spec.loader)
        return spec


class _QuietLoader(importlib.abc.Loader):
    """Loads with the process's stderr closed.

    TensorFlow's libraries write a few lines before they read ``TF_CPP_MIN_LOG_LEVEL``; no setting
    of theirs stops them.
    """

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self._loader.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        with _stderr_closed():
            self._loader.exec_module(module)
        # A study compiles many links on purpose; TensorFlow would warn of "retracing".
        module.get_logger().setLevel("ERROR")


@contextmanager
def _stderr_closed() -> Iterator[None]:
    sys.stderr.flush()
    kept, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)
