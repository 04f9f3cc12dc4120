"""Files that appear whole or not at all."""

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from linksim.errors import LinksimError

PREFIX = ".partial-"
CACHE_VARIABLE = "LINKSIM_CACHE"
MOST_TEXT_BYTES = 256 * 10**6
"""Most bytes of a file of text or JSON that is read."""


def cache_folder() -> Path:
    """Return ``$LINKSIM_CACHE``, or ``linksim`` in the user's cache folder."""
    if CACHE_VARIABLE in os.environ:
        return Path(os.environ[CACHE_VARIABLE])
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "linksim"


def regular(path: Path) -> os.stat_result:
    """Return the state of a file that can be read from its start to its end.

    Raises
    ------
    LinksimError
        If there is none: it is missing, in a loop of links, a folder or a FIFO, which would hang.
    """
    try:
        state = path.stat()
    except (OSError, ValueError) as error:  # the latter for a NUL in the name
        raise LinksimError(f"{path}: cannot be read: {_reason(error)}") from None
    if stat.S_ISDIR(state.st_mode):
        raise LinksimError(f"{path}: cannot be read: is a folder; name a file")
    if not stat.S_ISREG(state.st_mode):
        raise LinksimError(f"{path}: cannot be read: is not a regular file")
    return state


def _reason(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or str(error)


def read_bytes(path: Path, most: int = MOST_TEXT_BYTES) -> bytes:
    """Return what a regular file holds.

    Raises
    ------
    LinksimError
        If there is no such file, or it is larger than `most` bytes.
    """
    if regular(path).st_size > most:
        raise LinksimError(f"{path}: is larger than {most / 1e6:g} MB")
    try:
        return path.read_bytes()
    except OSError as error:
        raise LinksimError(f"{path}: cannot be read: {_reason(error)}") from None


def read_text(path: Path, most: int = MOST_TEXT_BYTES) -> str:
    """Return what a regular file of UTF-8 text holds, with line feeds alone between lines.

    Raises
    ------
    LinksimError
        If there is no such file, it is larger than `most` bytes, or no UTF-8.
    """
    try:
        return read_bytes(path, most).decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        raise LinksimError(f"{path}: is not text in UTF-8") from None


def read_json(path: Path, *, nan: bool = False) -> Any:
    """Return what a JSON file holds.

    Parameters
    ----------
    path : Path
        The file.
    nan : bool
        Whether NaN and infinity, which are no JSON, are taken for numbers.

    Raises
    ------
    LinksimError
        If there is no such file, or it is no JSON: cut off, too deep, too large, or with NaN.
    """
    data = read_bytes(path)
    try:
        return json.loads(data, parse_constant=None if nan else _refuse)
    except RecursionError:
        raise LinksimError(f"{path}: is not JSON that can be read: nested too deeply") from None
    except ValueError as error:
        raise LinksimError(f"{path}: is not JSON that can be read: {error}") from None


def _refuse(constant: str) -> None:
    raise ValueError(f"it holds {constant}, which is no number")


def is_plain(path: Path, folder: Path) -> bool:
    """Return whether a path leads to a regular file below a folder without passing a link."""
    try:
        straight = path.resolve() == folder.resolve() / path.relative_to(folder)
        return straight and stat.S_ISREG(path.stat(follow_symlinks=False).st_mode)
    except (OSError, ValueError, RuntimeError):  # the last for a loop of links
        return False


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give the path of a temporary file in the same folder; on success it replaces `path`.

    The temporary file keeps the suffix, by which writers choose the format.
    """
    temporary = path.with_name(f"{PREFIX}{os.getpid()}-{path.name}")
    try:
        temporary.unlink(missing_ok=True)  # a link of this name would be written through
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        if isinstance(error, OSError):
            with suppress(AttributeError):  # those of PyAV cannot be given another name
                error.filename = str(path)  # a full disk names no file, others the temporary one
        with suppress(OSError):
            temporary.unlink()
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def remove_partial(folder: Path) -> None:
    """Delete the temporary files of a killed process in a folder, but not below it."""
    for path in folder.glob(f"{PREFIX}*"):
        path.unlink(missing_ok=True)


def check_folder(path: Path) -> None:
    """Find out before a long computation whether a folder can be made; it is not made yet.

    Raises
    ------
    LinksimError
        If something else is in its place, or in that of a folder above it.
    """
    above = next(p for p in (path, *path.absolute().parents) if os.path.lexists(p))
    if not above.is_dir():
        raise LinksimError(f"{path}: {above} is no folder; give another name")
    if not os.access(above, os.W_OK | os.X_OK):
        raise LinksimError(f"{path}: cannot be written: {above} is not yours to write to")


def check_writable(path: Path) -> None:
    """Find out before a long computation whether its result can be written.

    Raises
    ------
    LinksimError
        If no file of this name can be made.
    """
    if path.is_dir():
        raise LinksimError(f"{path}: is a folder; give the name of a file")
    if path.exists() and not path.is_file():  # a device, which `replacing` would do away with
        raise LinksimError(f"{path}: is not a regular file; give another name")
    if not path.parent.is_dir():
        raise LinksimError(f"{path}: there is no folder {path.parent}; make it first")
    probe = path.with_name(f"{PREFIX}{os.getpid()}-{path.name}")
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise LinksimError(f"{path}: cannot be written: {error.strerror or error}") from None
