"""Every channel: unit power in expectation, and the coherence that its name promises."""

import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from scipy import special, stats

from linksim.errors import LinksimError
from linksim.phy.channels import CHANNELS, parse_channel
from linksim.phy.channels.realisation import ChannelRealisation
from linksim.phy.grid import Grid
from linksim.seeding import seed_sionna

GRID = Grid(72, 15e3)
SECTORS = ("umi", "uma", "rma")


def _sample(spec: str, bursts: int, slots: int, seed: int = 1) -> np.ndarray:
    seed_sionna(seed)
    h = parse_channel(spec).sample(bursts, slots, GRID).numpy()
    assert h.shape == (bursts * slots, 14, 72)
    return h.reshape(bursts, slots, 14, 72)


@pytest.mark.parametrize("name", [n for n, c in CHANNELS.items() if not c.positional])
def test_power_is_one_in_expectation_and_not_per_slot(name: str) -> None:
    bursts = 1000 if name in SECTORS else 2000
    power = np.mean(np.abs(_sample(name, bursts, 1)) ** 2, axis=(1, 2, 3))
    low, high = stats.t.interval(0.999, bursts - 1, power.mean(), stats.sem(power) + 1e-9)
    assert low <= 1.0 <= high
    assert (power.std() > 0.05) == (name != "awgn")


def test_rayleigh_is_complex_gaussian() -> None:
    h = _sample("rayleigh", 4000, 1)[:, 0, 0, 0]
    assert stats.kstest(np.abs(h) ** 2, "expon").pvalue > 0.01
    assert stats.kstest(h.real / np.sqrt(0.5), "norm").pvalue > 0.01
    assert stats.kstest(np.angle(h), "uniform", args=(-np.pi, 2 * np.pi)).pvalue > 0.01


def test_rician_has_the_k_factor_asked_for() -> None:
    h = _sample("rician:k_factor=6", 6000, 1)[:, 0, 0, 0]
    fixed, scatter = np.sqrt(6 / 7), np.sqrt(1 / 14)
    assert stats.kstest(np.abs(h), "rice", args=(fixed / scatter, 0, scatter)).pvalue > 0.01
    assert np.abs(h.mean()) < 0.05  # the phase of the fixed path is random


def test_flat_fading_holds_for_its_coherence_and_no_longer() -> None:
    by_slot = _sample("rayleigh", 3, 4)
    assert np.ptp(np.abs(by_slot), axis=(2, 3)).max() == 0
    assert len(np.unique(by_slot[..., 0, 0])) == 12
    by_three = _sample("rayleigh:coherence=3", 2, 7)[..., 0, 0]
    assert [len(np.unique(burst)) for burst in by_three] == [3, 3]
    assert (by_three[:, 0] == by_three[:, 2]).all()
    assert (by_three[:, 2] != by_three[:, 3]).all()
    assert len(np.unique(_sample("rayleigh:coherence=re", 1, 2))) == 2 * 14 * 72


def test_tdl_doppler_follows_clarkes_model() -> None:
    """Autocorrelation over time of a Rayleigh tap: J0(2 pi f_D tau), across slots too."""
    speed, carrier = 30.0, 3.5e9
    h = _sample(f"tdl-a:speed={speed},carrier={carrier}", 3000, 2).reshape(3000, 28, 72)
    measured = np.mean(h * h[:, :1].conj(), axis=(0, 2))
    doppler = speed * carrier / 299_792_458.0
    expected = special.j0(2 * np.pi * doppler * np.arange(28) * GRID.symbol_duration)
    np.testing.assert_allclose(measured.real, expected, atol=0.04)
    np.testing.assert_allclose(measured.imag, 0, atol=0.04)


def test_tdl_frequency_correlation_follows_the_power_delay_profile() -> None:
    from sionna.phy.channel.tr38901 import TDL

    spread = 300e-9
    model = TDL("A", spread, 3.5e9)
    delays, powers = model.delays.numpy(), model.mean_powers.numpy()
    h = _sample(f"tdl-a:delay_spread={spread}", 4000, 1)[:, 0, 0]
    measured = np.mean(h * h[:, :1].conj(), axis=0)
    steps = np.arange(72) * 15e3
    expected = np.exp(-2j * np.pi * steps[:, None] * delays) @ powers
    np.testing.assert_allclose(measured, expected, atol=0.06)
    mean = np.sum(powers * delays)
    assert np.sqrt(np.sum(powers * delays**2) - mean**2) == pytest.approx(spread, rel=0.01)


@pytest.mark.parametrize("name", ["tdl-a", "cdl-d", "umi"])
def test_a_compiled_graph_may_be_the_first_to_sample(name: str) -> None:
    channel = parse_channel(name)
    # The sectors compile too, but take half a minute.
    draw = tf.function(lambda n: channel.sample(n, 1, GRID), jit_compile=name not in SECTORS)
    seed_sionna(1)
    first, second, more = draw(4).numpy(), draw(4).numpy(), draw(7).numpy()
    assert (first != second).any()
    assert len(np.unique(more[:, 0, 0])) == 7
    assert np.isfinite(channel.sample(2, 1, GRID).numpy()).all()


def test_neighbouring_seeds_share_nothing() -> None:
    draws = [_sample("rayleigh", 200, 1, seed)[:, 0, 0, 0].real for seed in (1, 2, 3)]
    assert len(np.unique(np.concatenate(draws))) == 600


def test_a_realisation_is_the_same_whoever_asks() -> None:
    fading = ChannelRealisation(parse_channel("tdl-a:speed=30"), GRID, 7)
    whole = fading.slots(0, 1100).numpy()
    again = ChannelRealisation(parse_channel("tdl-a:speed=30"), GRID, 7)
    np.testing.assert_array_equal(again.slots(500, 30), whole[500:530])
    np.testing.assert_array_equal(again.slots(3, 2), whole[3:5])
    assert (
        ChannelRealisation(parse_channel("tdl-a"), GRID, 8).slots(0, 5).numpy() != whole[:5]
    ).any()


@pytest.mark.parametrize("name", ["tdl-d", "cdl-c:rx_antennas=2", "umi"])
def test_a_realisation_is_continuous_for_as_long_as_it_is_asked_for(name: str) -> None:
    """At 1 m/s a slot turns a path by 0.07 rad at most, where slots of 512 were cut as well."""
    channel = parse_channel(f"{name}{',' if ':' in name else ':'}speed=1")
    fading = ChannelRealisation(channel, Grid(12, 15e3), 3)
    fading._length = 8
    turn = 2 * np.pi * 3.5e9 / 299_792_458.0 * 1e-3
    for first in (0, 500, 4_000_244):
        h = fading.slots(first, 25).numpy()[..., 0, 0].reshape(25, -1)[:, 0]
        assert np.abs(np.diff(h)).max() < 1.2 * turn * max(1.0, np.abs(h).max())
        assert np.abs(np.diff(h, 2)).max() < 2 * turn**2 * max(1.0, np.abs(h).max())
        assert np.abs(h[-1] - h[0]) > 1e-3
    whole = ChannelRealisation(channel, Grid(12, 15e3), 3).slots(0, 25)
    np.testing.assert_allclose(whole, fading.slots(0, 25), atol=1e-5)


def test_there_are_fifteen_channels_and_more() -> None:
    assert len(CHANNELS) >= 15


def test_cdl_frequency_correlation_follows_the_power_delay_profile() -> None:
    spread = 300e-9
    channel = parse_channel(f"cdl-c:delay_spread={spread}")
    seed_sionna(2)
    a, tau = (x.numpy() for x in channel.paths(2000, 1, 1.0))
    powers, delays = np.mean(np.abs(a[:, 0, 0, 0, 0, :, 0]) ** 2, axis=0), tau[0, 0, 0]
    h = _sample(f"cdl-c:delay_spread={spread}", 3000, 1)[:, 0, 0]
    measured = np.mean(h * h[:, :1].conj(), axis=0)
    expected = np.exp(-2j * np.pi * np.arange(72)[:, None] * 15e3 * delays) @ powers
    np.testing.assert_allclose(measured, expected, atol=0.07)
    mean = np.sum(powers * delays)
    assert np.sqrt(np.sum(powers * delays**2) - mean**2) == pytest.approx(spread, rel=0.05)


# Table 7.5-6 of TR 38.901 at 3.5 GHz: mean of lg(DS / s). Outdoors to indoors it is one number.
@pytest.mark.parametrize(("name", "log_spread"), [("umi", -6.62), ("uma", -6.62), ("rma", -7.47)])
def test_sectors_have_the_standards_delay_spread(name: str, log_spread: float) -> None:
    """Realised spreads scatter about the drawn ones (7.5, steps 5 and 6), hence the tolerance."""
    channel = parse_channel(f"{name}:indoor=1")
    seed_sionna(3)
    a, tau = (x.numpy() for x in channel.paths(600, 1, 1.0))
    power, delay = np.abs(a[:, 0, 0, 0, 0, :, 0]) ** 2, tau[:, 0, 0]
    power /= power.sum(axis=1, keepdims=True)
    mean = np.sum(power * delay, axis=1)
    spread = np.sqrt(np.sum(power * delay**2, axis=1) - mean**2)
    assert np.median(np.log10(spread)) == pytest.approx(log_spread, abs=0.15)


def test_sector_doppler_is_that_of_a_receiver_on_the_ground() -> None:
    """Far from the base rays arrive near the horizon, and any way: J0(2 pi f_D tau)."""
    h = _sample("rma:speed=30,indoor=0", 600, 2).reshape(600, 28, 72)
    measured = np.mean(h * h[:, :1].conj(), axis=(0, 2))
    doppler = 30.0 * 3.5e9 / 299_792_458.0
    expected = special.j0(2 * np.pi * doppler * np.arange(28) * GRID.symbol_duration)
    np.testing.assert_allclose(measured.real, expected, atol=0.1)


def test_a_sector_is_another_place_each_burst_and_one_place_within() -> None:
    h = _sample("umi:speed=0", 3, 2)
    np.testing.assert_allclose(h[:, 0], h[:, 1], atol=1e-4)
    assert np.abs(h[0] - h[1]).max() > 0.1


# Tables 7.5-6 and 7.5-3: clusters of rays are 8 degrees wide at a receiver indoors, 3 in rma.
@pytest.mark.parametrize(("name", "width"), [("umi", 8.0), ("uma", 8.0), ("rma", 3.0)])
def test_clusters_are_as_wide_as_the_standard_has_them(
    name: str, width: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = parse_channel(f"{name}:indoor=1")
    sampler, drawn = channel._models["single"]._ray_sampler, []
    offsets = sampler._ray_offsets.numpy()
    assert offsets.mean() == pytest.approx(0.0, abs=1e-6)
    assert np.sqrt(np.mean(offsets**2)) == pytest.approx(1.0, abs=1e-4)
    sample = type(sampler).__call__
    monkeypatch.setattr(
        type(sampler), "__call__", lambda self, lsp: drawn.append(sample(self, lsp)) or drawn[-1]
    )
    seed_sionna(1)
    channel.paths(20, 1, 1.0)
    angles = np.exp(1j * drawn[0].aoa.numpy())
    middle = angles.mean(axis=-1, keepdims=True)
    away = np.rad2deg(np.angle(angles / middle))
    np.testing.assert_allclose(np.sqrt(np.mean(away**2, axis=-1)), width, rtol=1e-3)


def test_shadow_fading_has_unit_mean_power_and_the_standards_spread() -> None:
    """Table 7.5-6: 7.82 dB in UMi without line of sight, 4 with; indoors 7, here for all."""
    fading = _sample("umi:shadow_fading=true,indoor=1,speed=0", 1000, 1)
    seed_sionna(1)
    power = np.mean(np.abs(fading) ** 2, axis=(1, 2, 3))
    plain = np.mean(np.abs(_sample("umi:indoor=1,speed=0", 1000, 1)) ** 2, axis=(1, 2, 3))
    gain_db = 10 * np.log10(power / plain)  # the same draws but for the shadows
    assert gain_db.std() == pytest.approx(7.0, rel=0.1)
    # A log-normal gain of unit mean has its median at -sigma^2 ln(10) / 20 dB.
    assert gain_db.mean() == pytest.approx(-(7.0**2) * np.log(10) / 20, abs=0.8)


@pytest.mark.parametrize("name", ["rayleigh", "tdl-c", "cdl-c"])
def test_each_pair_of_antennas_has_unit_power(name: str) -> None:
    seed_sionna(1)
    channel = parse_channel(f"{name}:rx_antennas=3,tx_antennas=2")
    h = channel.sample(1500, 2, GRID).numpy()
    assert h.shape == (3000, 3, 2, 14, 72)
    power = np.mean(np.abs(h) ** 2, axis=(3, 4)).reshape(1500, 2, 3, 2)[:, 0]
    spread = power.std(axis=0) / np.sqrt(1500)
    assert np.all(np.abs(power.mean(axis=0) - 1) < 4 * spread)
    first, other = h[:, 0, 0, 0, 0], h[:, 1, 1, 0, 0]
    correlation = abs(np.mean(first * other.conj()))
    assert (correlation > 0.2) == (name == "cdl-c")  # whose angles are few


def test_arrays_and_single_antennas_are_sampled_alike() -> None:
    """One by one and by Sionna's own function, from the same paths."""
    from sionna.phy.channel import cir_to_ofdm_channel

    channel = parse_channel("cdl-b:rx_antennas=2,tx_antennas=2,speed=50")
    seed_sionna(4)
    a, tau = channel.paths(3, 28, 1 / GRID.symbol_duration)
    expected = cir_to_ofdm_channel(GRID.frequencies, a, tau).numpy()[:, 0, :, 0]
    seed_sionna(4)
    h = channel.sample(3, 2, GRID).numpy().reshape(3, 2, 2, 2, 14, 72)
    whole = np.moveaxis(h, 1, 3).reshape(3, 2, 2, 28, 72)
    np.testing.assert_allclose(whole, expected, atol=2e-5)


def test_an_installed_channel_goes_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "some_channels-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: some-channels\nVersion: 0\n")
    (info / "entry_points.txt").write_text("[linksim.channels]\nhalves = some_channels:Halves\n")
    (tmp_path / "some_channels.py").write_text(
        "from dataclasses import dataclass\n"
        "from linksim.phy.channels import Channel\n"
        "@dataclass(frozen=True)\n"
        "class Halves(Channel):\n"
        "    def sample(self, bursts, slots, grid):\n"
        "        return None\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert type(parse_channel("halves")).__name__ == "Halves"
    assert {"halves", *CHANNELS.own} <= set(CHANNELS)
    with pytest.raises(LinksimError, match="did you mean 'halves'"):
        parse_channel("halve")
    sys.modules.pop("some_channels")


@pytest.mark.parametrize("coherence", [3, 1000])
def test_a_coherence_time_is_never_cut(coherence: int) -> None:
    fading = ChannelRealisation(parse_channel(f"rayleigh:coherence={coherence}"), Grid(12, 15e3), 1)
    h = fading.slots(0, 3 * coherence + 600).numpy()[:, 0, 0]
    starts = np.flatnonzero(np.diff(h)) + 1
    np.testing.assert_array_equal(starts, np.arange(1, starts.size + 1) * coherence)


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        ("raleigh", "unknown channel 'raleigh'; did you mean 'rayleigh'?"),
        ("", "unknown channel ''"),
        ("rayleigh:coherance=3", "did you mean 'coherence'?"),
        ("rayleigh:coherence=0", "from 1 to 4096, not '0'"),
        ("rayleigh:coherence", "not of the form key=value"),
        ("awgn:k=1", "has no options"),
        ("tdl-a:speed=fast", "must be a number, not 'fast'"),
        ("tdl-a:speed=-1", "speed must be between 0 and 10000, not -1"),
        ("tdl-a:speed=nan", "must be a number"),
        ("cdl-c:delay_spread=0", "must be between 1e-12 and 0.0001"),
        ("rician:k_factor=2,k_factor=3", "given twice"),
        ("umi:o2i_model=middle", "unknown o2i_model of channel 'umi' 'middle'"),
        ("rma:o2i_model=low", "unknown option of channel 'rma'"),
        ("uma:indoor=2", "indoor must be between 0 and 1, not 2"),
        ("tdl-a:rx_antennas=0", "rx_antennas must be between 1 and 16"),
        ("cir", "needs a file; write it as cir:FILE"),
        ("rt:munic", "unknown scene 'munic'; did you mean 'munich'?"),
    ],
)
def test_bad_channels_give_one_line(spec: str, line: str) -> None:
    with pytest.raises(LinksimError) as error:
        parse_channel(spec)
    assert line in str(error.value)
    assert "\n" not in str(error.value)
