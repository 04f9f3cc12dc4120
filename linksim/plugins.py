"""Plug-ins: classes and objects from outside of linksim, by dotted path ``"module.Name"``."""

import hashlib
import importlib
import inspect
import sys
from dataclasses import is_dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

from linksim.errors import LinksimError

T = TypeVar("T")


def is_dotted(name: str) -> bool:
    """Return whether a name is a dotted path; no name in a registry has a dot."""
    return "." in name


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


def code_digest(cls: type) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of the file that a class stands in.

    They tell whether a result is of the class as it is now.
    """
    return file_digest(Path(inspect.getfile(cls)))


def source_digest(cls: type) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of the source of a class.

    Of a class without a source, typed into an interactive session, its methods' code is taken.
    """
    try:
        text = inspect.getsource(cls).encode()
    except (OSError, TypeError):
        codes = [f.__code__ for f in vars(cls).values() if inspect.isfunction(f)]
        text = b"".join(code.co_code + repr(code.co_consts).encode() for code in codes)
    return hashlib.sha256(text).hexdigest()[:16]


def file_digest(path: Path) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of a file; from memory, if it has not changed."""
    state = path.stat()
    return _digest(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _digest(path: Path, modified: int, size: int) -> str:
    del modified, size  # by which a file that has changed is another
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
