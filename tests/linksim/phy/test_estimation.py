"""Channel estimates: their error against theory and against Sionna's own estimators."""

import numpy as np
import pytest
import tensorflow as tf
from sionna.phy.ofdm import LMMSEInterpolator, LSChannelEstimator

from linksim.phy.channels import parse_channel
from linksim.phy.estimation import (
    LmmseInterpolator,
    TwoPassInterpolator,
    channel_covariance,
    estimate_noise,
)
from linksim.phy.estimators import ESTIMATORS
from linksim.phy.grid import Grid
from linksim.phy.pilots import PILOT_SYMBOLS, PilotLayout
from linksim.seeding import seed_sionna

GRID = Grid(72, 15e3)
NO = 0.1
SLOTS = 3000


def _noisy_pilots(channel: str, seed: int = 1) -> tuple[np.ndarray, tf.Tensor]:
    """Return the true fading and the least-squares estimates at the pilots."""
    seed_sionna(seed)
    h = parse_channel(channel).sample(SLOTS, 1, GRID).numpy()
    at_pilots = h[:, PILOT_SYMBOLS].reshape(SLOTS, -1)
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(2, *at_pilots.shape)) * np.sqrt(NO / 2)
    return h, tf.constant(at_pilots + noise[0] + 1j * noise[1], tf.complex64)


def _nmse(h_hat: tf.Tensor, h: np.ndarray) -> np.ndarray:
    """Mean squared error of each resource element over slots, E|h|^2 = 1."""
    return np.mean(np.abs(h_hat.numpy() - h) ** 2, axis=0)


@pytest.mark.parametrize("estimator", ["ls-nearest", "ls-linear"])
def test_ls_error_is_what_the_interpolation_weights_give(estimator: str) -> None:
    h, h_ls = _noisy_pilots("rayleigh")
    h_hat, variance = ESTIMATORS[estimator].interpolators(GRID, parse_channel("rayleigh"))[0](
        h_ls, NO
    )
    error = _nmse(h_hat, h).mean(axis=1)
    # Symbols 2 and 11 carry pilots. A line through them weights them 1-t and t.
    t = (np.arange(14) - 2) / 9
    gain = (1 - t) ** 2 + t**2 if estimator == "ls-linear" else np.ones(14)
    assert error == pytest.approx(NO * gain, rel=0.05)
    assert error[[2, 11]] == pytest.approx(NO, rel=0.05)
    assert variance.numpy()[0].mean(axis=1) == pytest.approx(NO * gain, rel=1e-5)


@pytest.mark.parametrize(("estimator", "kind"), [("ls-nearest", "nn"), ("ls-linear", "lin")])
def test_ls_equals_sionnas_estimator(estimator: str, kind: str) -> None:
    rng = np.random.default_rng(0)
    y = tf.constant(rng.normal(size=(3, 1, 1, 14, 72)) + 1j, tf.complex64)
    expected, _ = LSChannelEstimator(GRID.sionna, interpolation_type=kind)(y, NO)
    rows = tf.reshape(tf.gather(y[:, 0, 0], PILOT_SYMBOLS, axis=1), [3, -1])
    h_ls = rows / GRID.sionna.pilot_pattern.pilots[0, 0]
    h_hat, _ = ESTIMATORS[estimator].interpolators(GRID, parse_channel("rayleigh"))[0](h_ls, NO)
    np.testing.assert_allclose(h_hat, expected[:, 0, 0, 0, 0], atol=1e-5)


@pytest.mark.parametrize("channel", ["rayleigh", "tdl-c:delay_spread=300e-9,speed=30"])
def test_lmmse_error_is_the_one_it_states_and_below_ls(channel: str) -> None:
    h, h_ls = _noisy_pilots(channel)
    model = parse_channel(channel)
    h_hat, variance = ESTIMATORS["lmmse"].interpolators(GRID, model)[0](h_ls, NO)
    error = _nmse(h_hat, h)
    assert error.mean() == pytest.approx(float(tf.reduce_mean(variance)), rel=0.06)
    ls, _ = ESTIMATORS["ls-linear"].interpolators(GRID, model)[0](h_ls, NO)
    assert error.mean() < 0.5 * _nmse(ls, h).mean()


def test_lmmse_of_flat_fading_is_the_mean_of_all_pilots() -> None:
    """For h common to P pilots the Wiener filter has error N0 / (P + N0)."""
    h, h_ls = _noisy_pilots("rayleigh")
    h_hat, _ = ESTIMATORS["lmmse"].interpolators(GRID, parse_channel("rayleigh"))[0](h_ls, NO)
    assert _nmse(h_hat, h).mean() == pytest.approx(NO / (144 + NO), rel=0.08)


def _sionnas(time: np.ndarray, frequency: np.ndarray, grid: Grid) -> LMMSEInterpolator:
    covariances = (tf.constant(c, tf.complex64) for c in (time, frequency))
    return LMMSEInterpolator(grid.sionna.pilot_pattern, *covariances, order="f-t")


@pytest.mark.parametrize("layout", [PilotLayout(), PilotLayout((2, 7, 11), 3), PilotLayout((5,))])
def test_two_passes_equal_sionnas_filter(layout: PilotLayout) -> None:
    """Ours under XLA, theirs in graph mode, of the same covariances; and joint is no worse."""
    channel, grid, few = "tdl-c:delay_spread=300e-9,speed=30", Grid(24, 15e3, layout), 200
    seed_sionna(1)
    h = parse_channel(channel).sample(few, 1, grid).numpy()
    mine = layout.subcarriers(24)
    at_pilots = h[:, np.array(layout.symbols)[:, None], mine].reshape(few, -1)
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(2, *at_pilots.shape)) * np.sqrt(NO / 2)
    h_ls = tf.constant(at_pilots + noise[0] + 1j * noise[1], tf.complex64)
    time, frequency = channel_covariance(parse_channel(channel), grid)
    filters = [
        f(time, frequency, layout.symbols, mine) for f in (TwoPassInterpolator, LmmseInterpolator)
    ]
    shaped = h_ls[:, tf.newaxis, tf.newaxis, tf.newaxis, tf.newaxis]
    theirs, their_error = tf.function(_sionnas(time, frequency, grid))(
        shaped, tf.fill(shaped.shape, NO)
    )
    two_pass, error = tf.function(filters[0], jit_compile=True)(h_ls, tf.constant(NO))
    np.testing.assert_allclose(two_pass, theirs[:, 0, 0, 0, 0], atol=1e-4)
    np.testing.assert_allclose(error[0], their_error[0, 0, 0, 0, 0], atol=1e-4)
    of_each, _ = filters[0](h_ls[:5], tf.fill([5], NO))
    np.testing.assert_allclose(of_each, two_pass[:5], atol=1e-4)
    joint, _ = filters[1](h_ls, tf.constant(NO))
    assert _nmse(joint, h).mean() <= _nmse(two_pass, h).mean() * 1.01


@pytest.mark.parametrize(
    "layout", [PilotLayout((2,)), PilotLayout((2, 7, 11), 4), PilotLayout(streams=3)]
)
def test_combs_are_interpolated_as_sionnas_estimator_does(layout: PilotLayout) -> None:
    grid = Grid(48, 15e3, layout)
    rng = np.random.default_rng(0)
    y = tf.constant(rng.normal(size=(3, 1, 1, 14, 48)) + 1j, tf.complex64)
    expected, _ = LSChannelEstimator(grid.sionna, interpolation_type="lin")(y, NO)
    filters = ESTIMATORS["ls-linear"].interpolators(grid, parse_channel("rayleigh"))
    for stream, interpolate in enumerate(filters):
        mine = layout.subcarriers(48, stream)
        rows = y.numpy()[:, 0, 0][:, np.array(layout.symbols)[:, None], mine].reshape(3, -1)
        pilots = grid.pilots[stream][:, stream :: layout.streams].ravel()
        h_hat, _ = interpolate(tf.constant(rows / pilots), NO)
        np.testing.assert_allclose(h_hat, expected[:, 0, 0, 0, stream], atol=2e-5)


@pytest.mark.parametrize(
    ("layout", "delay_spread"), [(PilotLayout(), 1e-7), (PilotLayout((2,), 2, 2), 1e-7)]
)
def test_estimated_noise_is_unbiased(layout: PilotLayout, delay_spread: float) -> None:
    grid = Grid(72, 15e3, layout)
    slots, no = 2000, 10**-2.5
    rng = np.random.default_rng(3)
    seed_sionna(4)
    spec = f"tdl-a:delay_spread={delay_spread}"
    h = parse_channel(spec).sample(slots, 1, grid).numpy()
    estimates = []
    for stream in range(layout.streams):
        mine = layout.subcarriers(72, stream)
        at_pilots = h[:, np.array(layout.symbols)[:, None], mine].reshape(slots, 1, -1)
        noise = rng.normal(size=(2, *at_pilots.shape)) * np.sqrt(no / 2)
        estimates.append(tf.constant(at_pilots + noise[0] + 1j * noise[1], tf.complex64))
    measured = estimate_noise(estimates, len(layout.symbols)).numpy()
    assert measured.mean() == pytest.approx(no, abs=4 * measured.std() / np.sqrt(slots))
    assert measured.std() < 0.35 * no


def test_the_floor_of_the_noise_estimate_is_the_one_stated() -> None:
    """No noise, and powers that fall exponentially: 720 (2 pi d s)^6 / 20, not the 720th of it."""
    spacing, spread = 60e3, 100e-9
    tau = np.arange(0.0, 30 * spread, spread / 20)
    power = np.exp(-tau / spread)
    rng = np.random.default_rng(0)
    taps = rng.normal(size=(2, 4000, tau.size)) * np.sqrt(power / power.sum() / 2)
    turns = np.exp(-2j * np.pi * tau[:, np.newaxis] * spacing * np.arange(36))
    h = tf.constant(((taps[0] + 1j * taps[1]) @ turns)[:, np.newaxis], tf.complex64)
    left = estimate_noise([h], 1).numpy().mean()
    assert left == pytest.approx(720 * (2 * np.pi * spacing * spread) ** 6 / 20, rel=0.25)


def test_lmmse_compiles_under_xla() -> None:
    _, h_ls = _noisy_pilots("tdl-a")
    lmmse = ESTIMATORS["lmmse"].interpolators(GRID, parse_channel("tdl-a"))[0]
    eager, _ = lmmse(h_ls[:5], tf.constant(NO))
    compiled, _ = tf.function(lmmse, jit_compile=True)(h_ls[:5], tf.constant(NO))
    np.testing.assert_allclose(compiled, eager, atol=1e-4)
