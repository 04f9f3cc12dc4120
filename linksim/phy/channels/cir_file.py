"""Impulse responses on disk: NumPy ``.npz`` or HDF5, measured, exported or traced.

======================  ===================================================================
``a``                   complex, [realisations, paths, times], or with antennas
                        [realisations, rx, tx, paths, times], or as Sionna has it (below):
                        coefficients; an array without paths has coefficient 0 there
``tau``                 real, [realisations, paths]: delays in s
``sampling_frequency``  real scalar: times a second, in Hz; may be left out where there is one time
======================  ===================================================================

Sionna's own shapes are read too: ``a`` is [batch, receivers, rx, transmitters, tx, paths, times]
and ``tau`` [batch, receivers, transmitters, paths], both without the batch as its ray tracer gives
them; each pair of receiver and transmitter is a realisation.

This module needs neither TensorFlow nor, for ``.npz``, h5py.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from linksim.arrays import HDF5, read_arrays
from linksim.digests import file_state
from linksim.errors import LinksimError
from linksim.kept import kept
from linksim.phy.channels.channel import MAX_ANTENNAS

KEYS = ("a", "tau", "sampling_frequency")
SUFFIXES = (".npz", *HDF5)
UNUSED_FREQUENCY = np.array(1.0)
"""Sampling frequency of realisations of one time, which have none."""
LARGEST = 1e100
"""Largest coefficient, whose power can still be summed up in double precision."""


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
    amplitude : float
        What `a` was divided by, so that the powers of its paths add up to 1 in the mean.
    """

    a: np.ndarray
    tau: np.ndarray
    sampling_frequency: float
    amplitude: float


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
    return _read(path)


@kept(4, file_state)
def _read(path: Path) -> Cir:
    values = read_arrays(path, KEYS)
    single = "a" in values and values["a"].shape[-1:] == (1,)
    missing = [key for key in (KEYS[:2] if single else KEYS) if key not in values]
    if missing:
        raise LinksimError(f"{path}: lacks {', '.join(missing)}; it must hold {', '.join(KEYS)}")
    try:
        return _checked(**values)
    except LinksimError as error:
        raise LinksimError(f"{path}: {error}") from None


def _checked(
    a: np.ndarray, tau: np.ndarray, sampling_frequency: np.ndarray = UNUSED_FREQUENCY
) -> Cir:
    for name, value in zip(KEYS, (a, tau, sampling_frequency), strict=True):
        _check_numbers(name, value)
    a, tau = _of_sionna(a, tau)
    a = a[:, np.newaxis, np.newaxis] if a.ndim == 3 else a
    _check_shapes(a, tau)
    if sampling_frequency.size != 1 or sampling_frequency.item() <= 0:
        text = f"sampling_frequency must be one positive number, not {sampling_frequency}"
        raise LinksimError(text)
    if max(a.shape[1:3]) > MAX_ANTENNAS:
        raise LinksimError(f"a has {a.shape[1]}x{a.shape[2]} antennas; the most are {MAX_ANTENNAS}")
    a = a.astype(np.complex128)  # squares of integers or of small floats would be none
    peak = np.abs(a).max()
    if peak > LARGEST or 0 < peak < 1 / LARGEST:
        raise LinksimError(f"a is up to {peak:.3g}; give coefficients nearer to 1")
    if not peak > 0:
        raise LinksimError("a is 0 throughout")
    a /= peak
    amplitude = np.sqrt(np.mean(np.sum(np.abs(a) ** 2, axis=3)))
    tau = np.where(np.any(a != 0, axis=(1, 2, 4)), tau, 0.0)  # of paths that do not arrive
    if (tau < 0).any():
        raise LinksimError("tau must not be negative")
    return Cir(
        (a / amplitude).astype(np.complex64),
        tau.astype(np.float32),
        float(sampling_frequency.item()),
        float(peak * amplitude),
    )


def _of_sionna(a: np.ndarray, tau: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what is shaped as Sionna gives it in the shape of a `Cir`, and others as they are."""
    if a.ndim not in (6, 7):
        return a, tau
    *batch, receivers, rx, transmitters, tx, paths, times = a.shape
    wanted = (*batch, receivers, transmitters, paths)
    if tau.shape != wanted:
        raise LinksimError(f"tau must be of shape {wanted} beside a of shape {a.shape}")
    a = np.moveaxis(a.reshape(-1, *a.shape[-6:]), 3, 2)
    return a.reshape(-1, rx, tx, paths, times), tau.reshape(-1, paths)


@lru_cache(maxsize=8)
def mean_power(cir: Cir, subcarriers: int, spacing: float) -> float:
    """Return E|h|^2 of impulse responses on the subcarriers of a grid.

    The mean over all realisations, antennas and times of what their paths add up to at the
    frequencies; where delays lie closer together than the grid resolves, that is not the sum of
    the paths' powers.

    Parameters
    ----------
    cir : Cir
        The impulse responses.
    subcarriers : int
        Subcarriers of the grid, as many below 0 Hz as above, or one more.
    spacing : float
        Subcarrier spacing in Hz.
    """
    from scipy import special  # whose import takes longer than that of all else here

    middle = (subcarriers - 1) / 2 - subcarriers // 2
    total = 0.0
    for a, tau in zip(cir.a, cir.tau.astype(float), strict=True):
        rows = np.moveaxis(a, 2, 0).reshape(tau.size, -1).astype(np.complex128)
        apart = spacing * (tau[:, np.newaxis] - tau)
        kernel = special.diric(2 * np.pi * apart, subcarriers) * np.exp(
            -2j * np.pi * middle * apart
        )
        total += float(np.sum((rows @ rows.conj().T) * kernel).real)
    return total / (cir.a.size / cir.a.shape[3])


def _check_numbers(name: str, value: np.ndarray) -> None:
    if not np.issubdtype(value.dtype, np.number):
        raise LinksimError(f"{name} must hold numbers, not {value.dtype}")
    if name != "a" and np.iscomplexobj(value):
        raise LinksimError(f"{name} must be real")
    bad = value.size - np.count_nonzero(np.isfinite(value))
    if bad:
        raise LinksimError(f"{name} has {bad} values that are NaN or infinite")


def _check_shapes(a: np.ndarray, tau: np.ndarray) -> None:
    if a.ndim != 5:
        raise LinksimError(
            "a must be [realisations, paths, times], [realisations, rx, tx, paths, times] or as "
            f"Sionna has it, not of shape {a.shape}"
        )
    if not a.size:
        raise LinksimError(f"a of shape {a.shape} is empty")
    if tau.shape != (a.shape[0], a.shape[-2]):
        raise LinksimError(
            f"tau must be [realisations, paths], here {(a.shape[0], a.shape[-2])}, not of shape "
            f"{tau.shape}"
        )


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
