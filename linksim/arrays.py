"""Arrays from files of anybody: ``.npz`` and HDF5, read whole or refused in one line.

What a file states of itself is checked before memory is taken for it. Nothing of it is run, and
nothing but it is read: an HDF5 file may name other files to take its data from.
"""

import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any

import numpy as np

from linksim.errors import LinksimError
from linksim.files import regular

HDF5 = (".h5", ".hdf5")
MOST_BYTES = 4 * 10**9
"""Most bytes of all arrays of a file together."""
PLAIN = "biufcSU"
"""Kinds of NumPy's types that are read: numbers, and text."""


def read_arrays(path: Path, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Read arrays by their names; those that are not there are left out.

    Parameters
    ----------
    path : Path
        HDF5 if its name ends in one of `HDF5`, else ``.npz``.
    names : collection of str, optional
        What to read; by default all that a ``.npz`` file holds.

    Raises
    ------
    LinksimError
        If the file cannot be read, is too large, or takes data from another file.
    """
    regular(path)
    try:
        return _hdf5(path, names or ()) if path.suffix in HDF5 else _npz(path, names)
    except LinksimError as error:
        raise LinksimError(f"{path}: {error}") from None
    except MemoryError:
        raise LinksimError(f"{path}: takes more memory than there is") from None
    except Exception as error:  # zipfile, NumPy and h5py raise anything for damaged files
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise LinksimError(f"{path}: cannot be read as {_format(path)}: {reason}") from None


def map_array(path: Path) -> np.ndarray:
    """Return the array of a ``.npy`` file, which is read as far as it is looked at.

    Raises
    ------
    LinksimError
        If it is none.
    """
    regular(path)
    try:
        array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # NumPy raises anything for damaged headers
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise LinksimError(f"{path}: cannot be read as .npy: {reason}") from None
    if not isinstance(array, np.ndarray) or array.dtype.kind not in PLAIN:
        raise LinksimError(f"{path}: cannot be read as .npy: holds no numbers")
    return array


def _format(path: Path) -> str:
    return path.suffix if path.suffix in HDF5 else ".npz"


def _check_size(sizes: list[int]) -> None:
    if sum(sizes) > MOST_BYTES:
        raise LinksimError(
            f"its arrays take {sum(sizes) / 1e9:.3g} GB; at most {MOST_BYTES / 1e9:g} GB"
        )


def _npz(path: Path, names: Collection[str] | None) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(path) as archive:
        members = {i.filename.removesuffix(".npy"): i for i in archive.infolist()}
        wanted = {n: i for n, i in members.items() if names is None or n in names}
        _check_size([info.file_size for info in wanted.values()])
        found = {}
        for name, info in wanted.items():
            with archive.open(info) as file:
                found[name] = _npy(name, file, info.file_size)
        return found


def _npy(name: str, file: IO[bytes], size: int) -> np.ndarray:
    """Read an array of so many bytes, header included, in the format of NumPy's NEP 1."""
    version = np.lib.format.read_magic(file)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise LinksimError(f"{name} is of version {version[0]} of NumPy's format")
    shape, by_columns, dtype = readers[version](file)
    if dtype.kind not in PLAIN:
        raise LinksimError(f"{name} must hold numbers, not {dtype}")
    data = file.read(size)
    stated = dtype.itemsize
    for length in shape:
        stated *= length
    if stated != len(data):
        raise LinksimError(f"{name} of shape {shape} is cut off, or has bytes too many")
    array = np.frombuffer(data, dtype) if data else np.empty(0, dtype)
    return array.reshape(shape, order="F" if by_columns else "C")


def _hdf5(path: Path, names: Collection[str]) -> dict[str, np.ndarray]:
    import h5py

    with h5py.File(path, "r") as file:
        found: dict[str, Any] = {}
        for name in names:
            link = file.get(name, getlink=True)
            if link is None:
                continue
            if not isinstance(link, h5py.HardLink):
                raise LinksimError(f"{name} is a link to elsewhere; put the data into the file")
            data = file[name]
            if not isinstance(data, h5py.Dataset):
                continue
            if data.is_virtual or data.external:
                raise LinksimError(f"{name} takes its data from other files; put it into this one")
            if data.dtype.kind not in PLAIN:
                raise LinksimError(f"{name} must hold numbers, not {data.dtype}")
            found[name] = data
        parts = [(d.dtype.itemsize, d.size or 0, int(np.prod(d.chunks or 1, dtype=float)))
                 for d in found.values()]  # fmt: skip
        _check_size([bytes_each * max(size, chunk) for bytes_each, size, chunk in parts])
        return {name: np.asarray(data) for name, data in found.items()}
