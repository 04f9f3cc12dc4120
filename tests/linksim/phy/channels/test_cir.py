"""Impulse responses from files and from scenes: round trip, statistics, bad input."""

from pathlib import Path

import numpy as np
import pytest

from linksim.errors import LinksimError
from linksim.files import CACHE_VARIABLE
from linksim.link.config import LinkConfig
from linksim.phy.channels import parse_channel
from linksim.phy.channels.cir_file import read_cir, write_cir
from linksim.phy.channels.export import export_channel
from linksim.phy.channels.models import traced
from linksim.phy.channels.models.traced import require_backend
from linksim.phy.grid import Grid
from linksim.seeding import seed_sionna
from studies.cli.main import main

GRID = Grid(24, 15e3)


def _export(spec: str, path: Path, slots: int = 4, realisations: int = 300) -> str:
    export_channel(
        spec, path, realisations=realisations, slots=slots, subcarrier_spacing=15e3, seed=1
    )
    return f"cir:{path}"


def _sample(spec: str, bursts: int, slots: int, grid: Grid = GRID) -> np.ndarray:
    seed_sionna(5)
    return parse_channel(spec).sample(bursts, slots, grid).numpy()


@pytest.mark.parametrize("suffix", [".npz", ".h5"])
def test_what_was_exported_is_what_is_drawn(tmp_path: Path, suffix: str) -> None:
    spec = _export("tdl-c:speed=30", tmp_path / f"Some File{suffix}", realisations=20)
    seed_sionna(1)
    a, tau = parse_channel("tdl-c:speed=30").paths(20, 56, 1 / GRID.symbol_duration)
    phases = np.exp(-2j * np.pi * tau.numpy()[:, 0, 0, :, None] * GRID.frequencies.numpy())
    written = np.einsum("rpt,rpf->rtf", a.numpy()[:, 0, 0, 0, 0], phases).reshape(20, 4, 14, 24)
    cir = read_cir(tmp_path / f"Some File{suffix}")
    assert np.mean(np.sum(np.abs(cir.a) ** 2, axis=3)) == pytest.approx(1)
    written /= np.sqrt(np.mean(np.abs(written) ** 2))
    for drawn in _sample(spec, 30, 4).reshape(30, 4, 14, 24):
        assert np.abs(written - drawn).max(axis=(1, 2, 3)).min() < 1e-4


def test_runs_are_no_longer_than_a_realisation(tmp_path: Path) -> None:
    spec = _export("tdl-a:speed=0", tmp_path / "still.npz", slots=3)
    h = _sample(spec, 2, 8)[:, 0, 0].reshape(2, 8)
    changes = np.abs(np.diff(h, axis=1)) > 1e-5
    np.testing.assert_array_equal(changes, [[False, False, True, False, False, True, False]] * 2)
    assert parse_channel(spec).memory_slots is None


def test_snapshots_last_for_a_slot(tmp_path: Path) -> None:
    a = np.array([1.0, 1j, -2.0]).reshape(3, 1, 1, 1, 1)
    write_cir(tmp_path / "snapshots.npz", a, np.zeros((3, 1)), 1.0)
    channel = f"cir:{tmp_path / 'snapshots.npz'}"
    h = _sample(channel, 300, 2)
    np.testing.assert_array_equal(np.ptp(np.abs(h), axis=(1, 2)), 0)
    values, counts = np.unique(h[:, 0, 0].round(4), return_counts=True)
    np.testing.assert_allclose(
        np.sort_complex(values), [-np.sqrt(2), 0.5**0.5 * 1j, 0.5**0.5], 1e-3
    )
    assert counts.min() > 150
    assert parse_channel(channel).memory_slots == 1


def test_between_its_times_a_coefficient_is_interpolated(tmp_path: Path) -> None:
    ramp = np.linspace(0, 1, 15).reshape(1, 1, 1, 1, 15)
    write_cir(tmp_path / "ramp.npz", ramp, np.zeros((1, 1)), 14e3)
    h = _sample(f"cir:{tmp_path / 'ramp.npz'}", 1, 1, Grid(24, 30e3))[0, :, 0]
    steps = np.diff(h.real)
    np.testing.assert_allclose(steps, steps[0], rtol=1e-3)
    scale = np.sqrt(np.mean(ramp**2))
    assert steps[0] == pytest.approx(1 / 28 / scale, rel=1e-3)


def test_antennas_come_from_the_file(tmp_path: Path) -> None:
    spec = _export("tdl-a:rx_antennas=2,tx_antennas=3", tmp_path / "array.hdf5", realisations=5)
    channel = parse_channel(spec)
    assert (channel.rx_antennas, channel.tx_antennas) == (2, 3)
    assert _sample(spec, 2, 2).shape == (4, 2, 3, 14, 24)


def _write(path: Path, **values: object) -> str:
    np.savez(path, **values)
    return f"cir:{path}"


def _power(spec: str, grid: Grid = GRID) -> float:
    return float(np.mean(np.abs(_sample(spec, 400, 1, grid)) ** 2))


PULSE = np.sinc(np.arange(-32, 33) / 4 + 0.1)
"""A path between the taps of a sounder that samples four times as fast as its band is wide."""


@pytest.mark.parametrize(
    ("a", "tau"),
    [
        ([1.0, 1.0], [0.0, 0.0]),
        ([1.0, -1.0], [0.0, 1e-6]),
        (PULSE, np.arange(65) * 25e-9),
        (np.array([3000, -20000]), [0.0, 0.5e-6]),
        (np.array([1e20, 1e20j]), [0.0, 0.1e-6]),
        (np.array([1e-30, 1e-30]), [0.0, 0.1e-6]),
    ],
)
@pytest.mark.parametrize("subcarriers", [24, 25, 600])
def test_power_is_one_on_the_grid(
    tmp_path: Path, a: np.ndarray, tau: np.ndarray, subcarriers: int
) -> None:
    """One realisation, of which the mean over the grid is 1 and nothing else."""
    a, tau = np.asarray(a), np.asarray(tau)
    if a.dtype.kind == "i":
        a = a.astype(np.int16)
    spec = _write(tmp_path / "one.npz", a=a.reshape(1, -1, 1), tau=tau.reshape(1, -1))
    grid = Grid(subcarriers, 15e3)
    assert _power(spec, grid) == pytest.approx(1.0, rel=1e-3)
    h = np.exp(-2j * np.pi * np.outer(grid.frequencies.numpy(), tau)) @ a.astype(complex)
    paths = np.sum(np.abs(a.astype(complex)) ** 2)
    expected = np.mean(np.abs(h) ** 2) / paths
    assert _power(f"{spec},normalise=paths", grid) == pytest.approx(expected, rel=1e-3)


def test_nothing_is_scaled_where_that_is_asked_for(tmp_path: Path) -> None:
    spec = _write(tmp_path / "raw.npz", a=np.full((3, 1, 1), 20), tau=np.zeros((3, 1)))
    assert _power(f"{spec},normalise=none") == pytest.approx(400.0, rel=1e-5)
    with pytest.raises(LinksimError, match="unknown normalise of channel 'cir' 'mean'"):
        parse_channel(f"{spec},normalise=mean")
    spec = _write(tmp_path / "cancels.npz", a=np.array([[[1.0], [-1.0]]]), tau=np.zeros((1, 2)))
    with pytest.raises(LinksimError, match="its paths cancel on the grid; use normalise=paths"):
        _sample(spec, 1, 1)


@pytest.mark.parametrize("batch", [(), (5,)])
def test_sionnas_own_shapes_are_read(tmp_path: Path, batch: tuple[int, ...]) -> None:
    """Each pair of receiver and transmitter is a realisation; absent paths have delay -1."""
    rng = np.random.default_rng(0)
    shape = (*batch, 3, 2, 4, 1, 6, 28)  # receivers, rx, transmitters, tx, paths, times
    a = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    tau = rng.uniform(0, 1e-6, (*batch, 3, 4, 6))
    a[..., 5, :], tau[..., 5] = 0, -1.0
    spec = _write(tmp_path / "sionna.npz", a=a, tau=tau, sampling_frequency=14e3)
    cir = read_cir(tmp_path / "sionna.npz")
    assert cir.a.shape == (12 * (batch or (1,))[0], 2, 1, 6, 28)
    place = (*(4,) * len(batch), 1, slice(None), 2, slice(None), slice(None), slice(None))
    index = 4 * 12 * len(batch) + 1 * 4 + 2
    np.testing.assert_allclose(cir.amplitude * cir.a[index], a[place], rtol=1e-5)
    np.testing.assert_allclose(cir.tau[index, :5], tau[(*(4,) * len(batch), 1, 2)][:5], rtol=1e-5)
    assert cir.tau[index, 5] == 0
    assert _sample(spec, 2, 2).shape == (4, 2, 1, 14, 24)


def _values(**changes: object) -> dict[str, object]:
    whole = {"a": np.ones((4, 2, 14), complex), "tau": np.zeros((4, 2)), "sampling_frequency": 14e3}
    return {k: v for k, v in {**whole, **changes}.items() if v is not None}


NAN = np.full((4, 2, 14), np.nan + 0j)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"sampling_frequency": None}, "lacks sampling_frequency; it must hold a, tau, sampling"),
        ({"a": np.ones((2, 3, 1, 4, 1, 2, 14))}, "tau must be of shape (2, 3, 4, 2) beside a of"),
        ({"tau": None}, "lacks tau; it must hold a, tau, sampling_frequency"),
        ({"a": NAN}, "a has 112 values that are NaN or infinite"),
        ({"a": np.ones((4, 2))}, "not of shape (4, 2)"),
        ({"a": np.zeros((4, 2, 14))}, "a is 0 throughout"),
        ({"a": np.ones((0, 2, 14)), "tau": np.ones((0, 2))}, "is empty"),
        ({"tau": np.zeros((4, 3))}, "tau must be [realisations, paths], here (4, 2), not of shape"),
        ({"tau": np.full((4, 2), -1e-9)}, "tau must not be negative"),
        ({"tau": np.zeros((4, 2), complex)}, "tau must be real"),
        ({"a": np.full((4, 2, 14), "x")}, "a must hold numbers"),
        ({"sampling_frequency": 0.0}, "sampling_frequency must be one positive number"),
        ({"a": np.ones((4, 17, 1, 2, 14))}, "a has 17x1 antennas; the most are 16"),
    ],
)
def test_bad_files_give_one_line(tmp_path: Path, changes: dict, line: str) -> None:
    path = tmp_path / "bad.npz"
    np.savez(path, **_values(**changes))
    with pytest.raises(LinksimError) as error:
        LinkConfig(channel=f"cir:{path}")
    assert str(error.value).startswith(f"{path}: ")
    assert line in str(error.value)
    assert "\n" not in str(error.value)


def test_files_that_are_none_give_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("no archive")
    (tmp_path / "text.h5").write_text("no archive")
    np.savez(tmp_path / "short.npz", **_values(a=np.ones((4, 2, 5))))
    np.savez(tmp_path / "nanoseconds.npz", **_values(tau=np.full((4, 2), 300.0)))
    for name, line in (
        ("absent.npz", "No such file"),
        ("text.npz", "cannot be read as .npz"),
        ("text.h5", "cannot be read as .h5"),
        ("a.mat", "end in .npz, .h5, .hdf5"),
        ("short.npz", "shorter than a slot of 0.001 s"),
        (
            "nanoseconds.npz",
            "delays reach 300 s, and a slot lasts 0.001 s; give tau in s, not in ns",
        ),
    ):
        with pytest.raises(LinksimError, match=line):
            LinkConfig(channel=f"cir:{tmp_path / name}")


def test_export_by_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "tdl.h5")
    assert main(["channels", "export", "tdl-a", out, "--realisations", "3", "--slots", "2"]) == 0
    assert "realisations 3, receive antennas 1" in capsys.readouterr().out
    assert read_cir(Path(out)).a.shape == (3, 1, 1, 23, 28)
    assert main(["channels", "export", "awgn", out]) == 2
    assert "has no paths to write" in capsys.readouterr().err
    assert main(["channels", "export", "tdl-a", str(tmp_path / "x.mat")]) == 2
    assert "end in .npz" in capsys.readouterr().err


def test_a_room_has_the_paths_of_the_image_method(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A box has 4 n^2 + 2 images of order n: 1 + 6 + 18 paths of up to two reflections."""
    try:
        require_backend()
    except LinksimError as error:
        pytest.skip(str(error))
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    spec = "rt:box,realisations=8,max_depth=2,speed=30"
    h = _sample(spec, 16, 4)
    assert np.isfinite(h).all()
    (file,) = tmp_path.iterdir()
    cir = read_cir(file)
    assert (np.abs(cir.a[:, 0, 0, :, 0]) > 0).sum(axis=1).tolist() == [25] * 8
    assert np.mean(np.sum(np.abs(cir.a) ** 2, axis=3), axis=(1, 2, 3)) == pytest.approx(1, abs=1e-4)
    # Each path turns at one rate, by no more than the Doppler shift of its speed.
    turns = np.angle(cir.a[..., 1:] / cir.a[..., :-1]) / (2 * np.pi) * cir.sampling_frequency
    assert np.ptp(turns, axis=-1).max() < 2
    assert 250 < np.abs(turns).max() <= 30.0 * 3.5e9 / 299_792_458.0 + 2
    before = file.stat().st_mtime_ns
    np.testing.assert_array_equal(_sample(spec, 16, 4), h)
    assert file.stat().st_mtime_ns == before


def test_without_llvm_a_scene_gives_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRJIT_LIBLLVM_PATH", "/nonexistent/libLLVM.so")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    with pytest.raises(LinksimError, match="ray tracing needs the library libLLVM, which is not"):
        LinkConfig(channel="rt:box")


HANGS_ONCE = """
import os, pathlib, time
first = pathlib.Path(os.environ["LINKSIM_CACHE"]) / "first"
if not first.exists():
    first.touch()
    time.sleep(60)
os._exit(0)
"""


def test_a_backend_that_hangs_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setattr(traced, "PROBE_SECONDS", 2.0)
    monkeypatch.setattr(traced, "PROBE", HANGS_ONCE)
    require_backend()
    assert (tmp_path / "first").exists()
    monkeypatch.setattr(traced, "PROBE_SECONDS", 0.2)
    monkeypatch.setattr(traced, "PROBE", "import time; time.sleep(60)")
    with pytest.raises(LinksimError, match=r"Dr\.Jit, .* gave no answer within 0\.2 s, 3 times"):
        require_backend()
