"""Every channel: unit power in expectation, and the coherence that its name promises."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import special, stats

from linksim.channels import CHANNELS, parse_channel
from linksim.errors import LinksimError
from linksim.fading import Fading
from linksim.ofdm import Grid
from linksim.seeding import seed_sionna

GRID = Grid(72, 15e3)


def _sample(spec: str, bursts: int, slots: int, seed: int = 1) -> np.ndarray:
    seed_sionna(seed)
    h = parse_channel(spec).sample(bursts, slots, GRID).numpy()
    assert h.shape == (bursts * slots, 14, 72)
    return h.reshape(bursts, slots, 14, 72)


@pytest.mark.parametrize("name", CHANNELS)
def test_power_is_one_in_expectation_and_not_per_slot(name: str) -> None:
    power = np.mean(np.abs(_sample(name, 2000, 1)) ** 2, axis=(1, 2, 3))
    low, high = stats.t.interval(0.999, 1999, power.mean(), stats.sem(power) + 1e-9)
    assert low <= 1.0 <= high
    assert (power.std() > 0.05) == (name != "awgn")


def test_rayleigh_is_complex_gaussian() -> None:
    h = _sample("rayleigh", 4000, 1)[:, 0, 0, 0]
    assert stats.kstest(np.abs(h) ** 2, "expon").pvalue > 0.01
    assert stats.kstest(h.real, "norm", args=(0, np.sqrt(0.5))).pvalue > 0.01
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


@pytest.mark.parametrize("name", ["tdl-a", "cdl-a", "cdl-d"])
def test_a_compiled_graph_may_be_the_first_to_sample(name: str) -> None:
    channel = parse_channel(name)
    draw = tf.function(lambda n: channel.sample(n, 1, GRID), jit_compile=True)
    seed_sionna(1)
    first, second, more = draw(4).numpy(), draw(4).numpy(), draw(7).numpy()
    assert (first != second).any()
    assert len(np.unique(more[:, 0, 0])) == 7
    assert np.isfinite(channel.sample(2, 1, GRID).numpy()).all()


def test_neighbouring_seeds_share_nothing() -> None:
    draws = [_sample("rayleigh", 200, 1, seed)[:, 0, 0, 0].real for seed in (1, 2, 3)]
    assert len(np.unique(np.concatenate(draws))) == 600


def test_a_realisation_is_the_same_whoever_asks() -> None:
    fading = Fading(parse_channel("tdl-a:speed=30"), GRID, 7)
    whole = fading.slots(0, 1100).numpy()
    again = Fading(parse_channel("tdl-a:speed=30"), GRID, 7)
    np.testing.assert_array_equal(again.slots(500, 30), whole[500:530])
    np.testing.assert_array_equal(again.slots(3, 2), whole[3:5])
    assert (Fading(parse_channel("tdl-a"), GRID, 8).slots(0, 5).numpy() != whole[:5]).any()


@pytest.mark.parametrize("coherence", [3, 1000])
def test_a_coherence_time_is_never_cut(coherence: int) -> None:
    fading = Fading(parse_channel(f"rayleigh:coherence={coherence}"), Grid(12, 15e3), 1)
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
    ],
)
def test_bad_channels_give_one_line(spec: str, line: str) -> None:
    with pytest.raises(LinksimError) as error:
        parse_channel(spec)
    assert line in str(error.value)
    assert "\n" not in str(error.value)
