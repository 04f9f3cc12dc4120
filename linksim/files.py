"""Files that appear whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from linksim.errors import LinksimError

PREFIX = ".partial-"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give the path of a temporary file in the same folder; on success it replaces `path`.

    The temporary file keeps the suffix, by which writers choose the format.
    """
    temporary = path.with_name(f"{PREFIX}{os.getpid()}-{path.name}")
    try:
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
