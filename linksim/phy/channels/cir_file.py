"""Impulse responses on disk: NumPy ``.npz`` or HDF5, measured, exported or traced.

======================  ===================================================================
``a``                   complex, [realisations, paths, times], or with antennas
                        [realisations, rx, tx, paths, times]: coefficients; an array without
                        paths has coefficient 0 there
``tau``                 real, [realisations, paths]: delays in s
``sampling_frequency``  real scalar: times a second, in Hz; unused where there is one time
======================  ===================================================================

This module needs neither TensorFlow nor, for ``.npz``, h5py.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from linksim.errors import LinksimError
from linksim.phy.channels.channel import MAX_ANTENNAS

KEYS = ("a", "tau", "sampling_frequency")
HDF5 = (".h5", ".hdf5")
SUFFIXES = (".npz", *HDF5)


@dataclass(frozen=True, eq=False)
class Cir:
    """Impulse responses.

    Parameters
    ----------
    a : np.ndarray
        complex64, [realisations, rx antennas, tx antennas, paths, times].
    tau : np.ndarray
        float32, [realisations, paths]; s.
    sampling_frequency : float
        Times a second, in Hz.
    """

    a: np.ndarray
    tau: np.ndarray
    sampling_frequency: float


def check_suffix(path: Path) -> None:
    """Raise `LinksimError` unless a file's name says that it is of a known format."""
    if path.suffix not in SUFFIXES:
        raise LinksimError(f"{path}: files of impulse responses end in {', '.join(SUFFIXES)}")


def read_cir(path: Path) -> Cir:
    """Read a file; one that is read again and has not changed comes from memory.

    Raises
    ------
    LinksimError
        If there is no such file, or what it holds are no impulse responses; in one line.
    """
    check_suffix(path)
    try:
        state = path.stat()
    except OSError as error:
        raise LinksimError(f"{path}: {error.strerror or error}") from None
    return _read(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4)
def _read(path: Path, modified: int, size: int) -> Cir:
    del modified, size  # by which a file that has changed is another
    try:
        values = _load_hdf5(path) if path.suffix in HDF5 else _load_npz(path)
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        reason = " ".join(str(error).split())
        raise LinksimError(f"{path}: cannot be read as {path.suffix}: {reason}") from None
    missing = [key for key in KEYS if key not in values]
    if missing:
        raise LinksimError(f"{path}: lacks {', '.join(missing)}; it must hold {', '.join(KEYS)}")
    try:
        return _checked(**values)
    except LinksimError as error:
        raise LinksimError(f"{path}: {error}") from None


def _load_npz(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as file:
        return {key: file[key] for key in KEYS if key in file}


def _load_hdf5(path: Path) -> dict[str, np.ndarray]:
    import h5py

    with h5py.File(path, "r") as file:
        found = {key: file.get(key) for key in KEYS}
        return {k: np.asarray(v) for k, v in found.items() if isinstance(v, h5py.Dataset)}


def _checked(a: np.ndarray, tau: np.ndarray, sampling_frequency: np.ndarray) -> Cir:
    for name, value in zip(KEYS, (a, tau, sampling_frequency), strict=True):
        _check_numbers(name, value)
    _check_shapes(a, tau)
    if sampling_frequency.size != 1 or sampling_frequency.item() <= 0:
        text = f"sampling_frequency must be one positive number, not {sampling_frequency}"
        raise LinksimError(text)
    if a.ndim == 3:
        a = a[:, np.newaxis, np.newaxis]
    if max(a.shape[1:3]) > MAX_ANTENNAS:
        raise LinksimError(f"a has {a.shape[1]}x{a.shape[2]} antennas; the most are {MAX_ANTENNAS}")
    power = np.mean(np.sum(np.abs(a) ** 2, axis=3, dtype=np.float64))
    if not power > 0:
        raise LinksimError("a is 0 throughout")
    return Cir(
        (a / np.sqrt(power)).astype(np.complex64),
        tau.astype(np.float32),
        float(sampling_frequency.item()),
    )


def _check_numbers(name: str, value: np.ndarray) -> None:
    if not np.issubdtype(value.dtype, np.number):
        raise LinksimError(f"{name} must hold numbers, not {value.dtype}")
    if name != "a" and np.iscomplexobj(value):
        raise LinksimError(f"{name} must be real")
    bad = value.size - np.count_nonzero(np.isfinite(value))
    if bad:
        raise LinksimError(f"{name} has {bad} values that are NaN or infinite")


def _check_shapes(a: np.ndarray, tau: np.ndarray) -> None:
    if a.ndim not in (3, 5):
        raise LinksimError(
            "a must be [realisations, paths, times] or [realisations, rx, tx, paths, times], not "
            f"of shape {a.shape}"
        )
    if not a.size:
        raise LinksimError(f"a of shape {a.shape} is empty")
    if tau.shape != (a.shape[0], a.shape[-2]):
        raise LinksimError(
            f"tau must be [realisations, paths], here {(a.shape[0], a.shape[-2])}, not of shape "
            f"{tau.shape}"
        )
    if (tau < 0).any():
        raise LinksimError("tau must not be negative")


def write_cir(path: Path, a: np.ndarray, tau: np.ndarray, sampling_frequency: float) -> None:
    """Write impulse responses; the suffix chooses the format.

    Parameters
    ----------
    path : Path
        ``.npz``, ``.h5`` or ``.hdf5``.
    a : np.ndarray
        complex, [realisations, rx antennas, tx antennas, paths, times].
    tau : np.ndarray
        float, [realisations, paths]; s.
    sampling_frequency : float
        Times a second, in Hz.
    """
    if a.shape[1:3] == (1, 1):
        a = a[:, 0, 0]
    values = {"a": a, "tau": tau, "sampling_frequency": np.float64(sampling_frequency)}
    if path.suffix not in HDF5:
        with path.open("wb") as file:
            np.savez(file, **values)  # type: ignore[arg-type]
        return
    import h5py

    with h5py.File(path, "w") as file:
        for name, value in values.items():
            file[name] = value
