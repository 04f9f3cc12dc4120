"""Digests of what a result depends on and a version does not tell: files, and code of others."""

import ast
import hashlib
import importlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

from linksim.errors import LinksimError
from linksim.files import regular
from linksim.kept import kept

OWN = ("linksim", "semantic", "baselines", "studies")
"""Packages whose code the version of linksim tells."""
INSTALLED = {"site-packages", "dist-packages"}
"""Folders whose packages have nothing to do with one another."""


def is_own(module: str) -> bool:
    """Return whether a module comes with linksim."""
    return module.partition(".")[0] in OWN


def class_digest(cls: type) -> str:
    """Return the digest of the code of a class; empty of one that comes with linksim."""
    if is_own(cls.__module__):
        return ""
    if not getattr(sys.modules.get(cls.__module__), "__file__", None):
        return source_digest(cls)  # of a notebook, or an interactive session
    return module_digest(cls.__module__)


def module_digest(name: str) -> str:
    """Return the digest of a module and of all that it imports of those beside it.

    Raises
    ------
    LinksimError
        If it has changed since it was loaded, so that what runs is not what the file says.
    """
    module = importlib.import_module(name)
    digest = _digest_of(name, Path(str(module.__file__)))
    if vars(module).setdefault("__linksim_digest__", digest) != digest:
        raise LinksimError(
            f"module '{name}' or one that it imports has changed since it was loaded; start again"
        )
    return digest


def _digest_of(name: str, path: Path) -> str:
    is_package = path.stem == "__init__"
    root = path.resolve().parents[name.count(".") + is_package]
    files = sorted(_with_imports(path.resolve(), root))
    if len(files) == 1:
        return file_digest(files[0])
    text = "".join(f"{file.relative_to(root)} {file_digest(file)}\n" for file in files)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


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


def file_state(path: Path) -> tuple[int, int, int]:
    """Return what differs for a file that has changed: its time, its size and its number.

    Raises
    ------
    LinksimError
        If there is no such file.
    """
    state = regular(path)
    return state.st_mtime_ns, state.st_size, state.st_ino


@kept(256, file_state)
def file_digest(path: Path) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of a file; from memory, if it has not changed."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _with_imports(path: Path, root: Path) -> set[Path]:
    """Return a file and those below a folder that it imports, be it through others."""
    top = path.relative_to(root).parts[0].removesuffix(".py")
    alone = bool(INSTALLED & set(root.parts))
    found, waiting = set(), [path]
    while waiting:
        file = waiting.pop()
        if file in found:
            continue
        found.add(file)
        for name in _imported(file, root):
            first = name.partition(".")[0]
            if not is_own(name) and (first == top or not alone):
                waiting += _files(name, root)
    return found


def _imported(file: Path, root: Path) -> Iterator[str]:
    """Yield the dotted names that a source file imports, those of functions too."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):  # compiled, so that its own digest has to do
        return
    package = file.relative_to(root).parts[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            name = ".".join([*above, *filter(None, [node.module])])
            yield from filter(None, [name])
            yield from (".".join(filter(None, [name, alias.name])) for alias in node.names)


def _files(name: str, root: Path) -> Iterator[Path]:
    """Yield the files of a module below a folder, and of the packages that it stands in."""
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        place = root.joinpath(*parts[:length])
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            if file.is_file():
                yield file.resolve()
