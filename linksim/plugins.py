"""Plug-ins: classes and objects from outside of linksim, by dotted path ``"module.Name"``.

A module is looked for among those that are installed, then in folders that were named for this.
"""

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from linksim.errors import LinksimError

T = TypeVar("T")

FOLDERS_VARIABLE = "LINKSIM_IMPORT"
"""Environment variable of the folders that dotted paths are looked for in; processes inherit it."""
_reading: ContextVar[bool] = ContextVar("reading", default=False)


def folders() -> list[str]:
    """Return the folders that dotted paths are looked for in, after what is installed."""
    return list(filter(None, os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep)))


def import_from(folder: Path) -> None:
    """Let dotted paths be looked for in a folder, by processes that this one starts as well.

    Nothing is loaded from it, whatever its modules are called, before a dotted path is.

    Raises
    ------
    LinksimError
        If it is no folder.
    """
    whole = str(folder.absolute())
    if not folder.is_dir():
        raise LinksimError(f"{folder}: is no folder to import from")
    if whole not in folders():
        os.environ[FOLDERS_VARIABLE] = os.pathsep.join([*folders(), whole])


@contextmanager
def reading_results() -> Iterator[None]:
    """Load no dotted path, as results that are merely read may be anyone's."""
    token = _reading.set(True)
    try:
        yield
    finally:
        _reading.reset(token)


def is_dotted(name: str) -> bool:
    """Return whether a name is a dotted path; no name in a registry has a dot."""
    return "." in name


def is_withheld(name: str) -> bool:
    """Return whether a name is a dotted path that is not loaded, as results are merely read."""
    return _reading.get() and is_dotted(name)


def make_findable(name: str, what: str) -> None:
    """Let the module of a dotted path be found in `folders`, from now on.

    Raises
    ------
    LinksimError
        If results are merely read.
    """
    if is_withheld(name):
        raise LinksimError(
            f"{what} '{name}' is code that results name; to run it name its folder by --import"
        )
    sys.path += [folder for folder in folders() if folder not in sys.path]


def load_object(path: str, what: str) -> Any:
    """Import what stands at a dotted path.

    Parameters
    ----------
    path : str
        Module and name, ``"package.module.Name"``; the module is looked for on `sys.path`.
    what : str
        Kind of part for messages, e.g. ``"scheme"``.

    Raises
    ------
    LinksimError
        If the module cannot be imported; None is returned where it lacks the name.
    """
    where = f"{what} '{path}'"
    if not all(part.isidentifier() for part in path.split(".")):
        raise LinksimError(f"{where} is not of the form module.Class")
    module_name, _, name = path.rpartition(".")
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # a module may raise anything
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise LinksimError(f"{where}: cannot import '{module_name}': {reason}") from error
    return getattr(module, name, None)


def load_class(path: str, base: type[T], what: str) -> type[T]:
    """Import a dataclass by its dotted path.

    Parameters
    ----------
    path : str
        Module and class, ``"package.module.Class"``; the module is looked for on `sys.path`.
    base : type
        Base class that it must be derived from.
    what : str
        Kind of part for messages, e.g. ``"scheme"``.

    Raises
    ------
    LinksimError
        If the module cannot be imported, or has no such class, or the class is unfit.
    """
    where = f"{what} '{path}'"
    cls = load_object(path, what)
    module_name, _, name = path.rpartition(".")
    if not isinstance(cls, type):
        raise LinksimError(f"{where}: module '{module_name}' has no class '{name}'")
    if not issubclass(cls, base):
        raise LinksimError(f"{where} is not derived from {base.__module__}.{base.__name__}")
    if abstract := getattr(cls, "__abstractmethods__", None):
        raise LinksimError(f"{where} lacks {', '.join(sorted(abstract))}")
    if not is_dataclass(cls):
        raise LinksimError(f"{where} is no dataclass; put @dataclass(frozen=True) before it")
    if not hasattr(sys.modules[cls.__module__], "__file__"):
        raise LinksimError(f"{where} stands in no file; save it as a module")
    return cast("type[T]", cls)
