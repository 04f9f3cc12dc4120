"""Arrays from files of anybody: one line for each fault, and no byte of another file."""

import io
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from linksim.arrays import read_arrays
from linksim.errors import LinksimError
from linksim.phy.channels import parse_channel
from linksim.phy.channels.cir_file import read_cir, write_cir

NAMES = ("a", "tau", "sampling_frequency")


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def _member(path: Path, data: bytes, method: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("a.npy", data)


def _encrypted(path: Path) -> None:
    _member(path, _npy(np.ones(9)))
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(mark) + at] |= 1
    path.write_bytes(data)


def _unknown_compression(path: Path) -> None:
    _member(path, _npy(np.ones(9)))
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        place = data.index(mark) + at
        data[place : place + 2] = struct.pack("<H", 97)
    path.write_bytes(data)


def _endless(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", _npy(np.ones(9)))
        archive.infolist()[0].file_size = 2**32 - 2


HEADER = b"\x93NUMPY\x01\x00v\x00{'descr': '<c8', 'fortran_order': False, 'shape': (%s), }"

FAULTS: dict[str, Callable[[Path], None]] = {
    "encrypted": _encrypted,
    "unknown compression": _unknown_compression,
    "an endless member": _endless,
    "a shape beyond its bytes": lambda p: _member(p, (HEADER % b"10**9,").ljust(127) + b"\n"),
    "a huge shape": lambda p: _member(p, (HEADER % b"999999999,999999").ljust(127) + b"\n"),
    "a negative shape": lambda p: _member(p, (HEADER % b"-1,").ljust(127) + b"\n"),
    "no header": lambda p: _member(p, b"\x93NUMPY\x01\x00v\x00{'descr': ["),
    "a later version": lambda p: _member(p, b"\x93NUMPY\x03\x00" + bytes(200)),
    "pickled": lambda p: np.savez(p, a=np.array([print], object)),
    "one array alone": lambda p: p.write_bytes(_npy(np.ones(9))),
    "nothing": Path.touch,
    "an archive cut off": lambda p: (_member(p, _npy(np.ones(9))), os.truncate(p, 60))[0],
    "a FIFO": os.mkfifo,
    "a loop of links": lambda p: p.symlink_to(p.name),
    "a link to nowhere": lambda p: p.symlink_to("nowhere"),
    "a folder": Path.mkdir,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_npz_file_that_cannot_be_read_gives_one_line(fault: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.npz"
    FAULTS[fault](path)
    for read in (lambda: read_arrays(path), lambda: parse_channel(f"cir:{path}")):
        with pytest.raises(LinksimError) as error:
            read()
        assert str(path) in str(error.value)
        assert "\n" not in str(error.value)


def _h5(path: Path, change: Callable[[h5py.File], object]) -> None:
    with h5py.File(path, "w") as file:
        change(file)


SECRET = np.arange(16, dtype=np.complex64)


def _external_storage(file: h5py.File) -> None:
    with Path(file.filename).with_name("secret").open("wb") as secret:
        secret.write(SECRET.tobytes())
    places = [(str(Path(file.filename).with_name("secret")), 0, h5py.h5f.UNLIMITED)]
    file.create_dataset("a", (16,), np.complex64, external=places)


def _external_link(file: h5py.File) -> None:
    other = Path(file.filename).with_name("other.h5")
    _h5(other, lambda f: f.create_dataset("a", data=SECRET))
    file["a"] = h5py.ExternalLink(str(other), "/a")


def _behind_a_soft_link(file: h5py.File) -> None:
    _external_link(file)
    file.move("a", "b")
    file["a"] = h5py.SoftLink("/b")


def _virtual(file: h5py.File) -> None:
    other = Path(file.filename).with_name("other.h5")
    _h5(other, lambda f: f.create_dataset("a", data=SECRET))
    layout = h5py.VirtualLayout((16,), np.complex64)
    layout[:] = h5py.VirtualSource(str(other), "a", (16,))
    file.create_virtual_dataset("a", layout)


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (_external_storage, "takes its data from other files"),
        (_external_link, "is a link to elsewhere"),
        (_behind_a_soft_link, "is a link to elsewhere"),
        (_virtual, "takes its data from other files"),
        (lambda f: f.create_dataset("a", (10**6, 10**6), np.complex64, chunks=True), "GB; at most"),
        (lambda f: f.create_dataset("a", data=["x", "y"]), "must hold numbers"),
    ],
)
def test_hdf5_takes_nothing_from_elsewhere(
    make: Callable[[h5py.File], None], line: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.h5"
    _h5(path, make)
    with pytest.raises(LinksimError, match=line) as error:
        read_arrays(path, NAMES)
    assert str(path) in str(error.value)


def test_what_numpy_writes_is_read(tmp_path: Path) -> None:
    arrays = {
        "a": np.arange(6.0).reshape(2, 3) * 1j,
        "b": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "c": np.float64(3.5),
        "d": np.empty((0, 4), np.float16),
        "e": np.array(["x", "yz"]),
    }
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "x.npz", **arrays)
        found = read_arrays(tmp_path / "x.npz")
        assert found.keys() == arrays.keys()
        for name, array in arrays.items():
            np.testing.assert_array_equal(found[name], array)
            assert found[name].dtype == np.asarray(array).dtype
    assert set(read_arrays(tmp_path / "x.npz", ("a", "z"))) == {"a"}


@pytest.mark.parametrize("suffix", [".npz", ".h5"])
@pytest.mark.parametrize("scale", [1e-30, 1e20, 1e90])
def test_coefficients_of_any_scale_keep_their_values(
    scale: float, suffix: str, tmp_path: Path
) -> None:
    a = np.array([1.0, 2j, -2.0]).reshape(3, 1, 1, 1, 1)
    path = tmp_path / f"x{suffix}"
    write_cir(path, scale * a, np.zeros((3, 1)), 1.0)
    np.testing.assert_allclose(read_cir(path).a, a / np.sqrt(3.0), rtol=1e-6)


@pytest.mark.parametrize("scale", [1e-30, 1e20])
def test_single_precision_is_squared_in_double(scale: float, tmp_path: Path) -> None:
    """Squares of 1e20 are infinite in single precision, and all coefficients became 0."""
    a = np.array([1.0, 2j, -2.0], np.complex64).reshape(3, 1, 1)
    np.savez(tmp_path / "x.npz", a=a * np.float32(scale), tau=np.zeros((3, 1)),
             sampling_frequency=1.0)  # fmt: skip
    expected = a[..., np.newaxis, np.newaxis] / np.sqrt(3.0)
    np.testing.assert_allclose(read_cir(tmp_path / "x.npz").a, expected, rtol=1e-6)


def test_whole_numbers_do_not_wrap(tmp_path: Path) -> None:
    a = np.array([300, 30_000], np.int16).reshape(2, 1, 1)
    np.savez(tmp_path / "x.npz", a=a, tau=np.zeros((2, 1)), sampling_frequency=1.0)
    whole = a.astype(float)[..., None, None] / np.sqrt(np.mean(a.astype(float) ** 2))
    np.testing.assert_allclose(read_cir(tmp_path / "x.npz").a, whole, rtol=1e-6)


@pytest.mark.parametrize("scale", [1e-120, 1e120, 1e308])
def test_coefficients_beyond_what_can_be_squared_give_one_line(
    scale: float, tmp_path: Path
) -> None:
    write_cir(tmp_path / "x.npz", np.full((1, 1, 1, 1, 1), scale), np.zeros((1, 1)), 1.0)
    with pytest.raises(LinksimError, match=r"x.npz: a is up to .* give coefficients nearer to 1"):
        read_cir(tmp_path / "x.npz")
