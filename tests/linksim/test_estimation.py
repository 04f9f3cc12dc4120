"""Channel estimates: their error against theory and against Sionna's own estimators."""

import numpy as np
import pytest
import tensorflow as tf
from sionna.phy.ofdm import LMMSEInterpolator, LSChannelEstimator

from linksim.channels import parse_channel
from linksim.estimation import (
    LmmseInterpolator,
    channel_covariance,
    make_interpolators,
)
from linksim.ofdm import Grid
from linksim.pilots import PILOT_SYMBOLS
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
    h_hat, variance = make_interpolators(estimator, GRID, parse_channel("rayleigh"))[0](h_ls, NO)
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
    h_hat, _ = make_interpolators(estimator, GRID, parse_channel("rayleigh"))[0](h_ls, NO)
    np.testing.assert_allclose(h_hat, expected[:, 0, 0, 0, 0], atol=1e-5)


@pytest.mark.parametrize("channel", ["rayleigh", "tdl-c:delay_spread=300e-9,speed=30"])
def test_lmmse_error_is_the_one_it_states_and_below_ls(channel: str) -> None:
    h, h_ls = _noisy_pilots(channel)
    model = parse_channel(channel)
    h_hat, variance = make_interpolators("lmmse", GRID, model)[0](h_ls, NO)
    error = _nmse(h_hat, h)
    assert error.mean() == pytest.approx(float(tf.reduce_mean(variance)), rel=0.06)
    ls, _ = make_interpolators("ls-linear", GRID, model)[0](h_ls, NO)
    assert error.mean() < 0.5 * _nmse(ls, h).mean()


def test_lmmse_of_flat_fading_is_the_mean_of_all_pilots() -> None:
    """For h common to P pilots the Wiener filter has error N0 / (P + N0)."""
    h, h_ls = _noisy_pilots("rayleigh")
    h_hat, _ = make_interpolators("lmmse", GRID, parse_channel("rayleigh"))[0](h_ls, NO)
    assert _nmse(h_hat, h).mean() == pytest.approx(NO / (144 + NO), rel=0.08)


def test_lmmse_is_at_least_as_good_as_sionnas_two_pass_filter() -> None:
    """Sionna filters frequency, then time; the joint filter may only be better."""
    channel = "tdl-c:delay_spread=300e-9,speed=30"
    h, h_ls = _noisy_pilots(channel)
    time, frequency = channel_covariance(parse_channel(channel), GRID)
    ours, _ = LmmseInterpolator(time, frequency, PILOT_SYMBOLS, range(72))(h_ls, NO)
    theirs = LMMSEInterpolator(
        GRID.sionna.pilot_pattern,
        tf.constant(time, tf.complex64),
        tf.constant(frequency, tf.complex64),
        order="f-t",
    )
    few = 300
    shaped = h_ls[:few, tf.newaxis, tf.newaxis, tf.newaxis, tf.newaxis]
    h_hat, _ = theirs(shaped, tf.fill(shaped.shape, NO))
    two_pass = _nmse(h_hat[:, 0, 0, 0, 0], h[:few]).mean()
    joint = _nmse(ours[:few], h[:few]).mean()
    assert joint <= two_pass * 1.01
    assert joint == pytest.approx(two_pass, rel=0.3)


def test_lmmse_compiles_under_xla() -> None:
    _, h_ls = _noisy_pilots("tdl-a")
    lmmse = make_interpolators("lmmse", GRID, parse_channel("tdl-a"))[0]
    eager, _ = lmmse(h_ls[:5], tf.constant(NO))
    compiled, _ = tf.function(lmmse, jit_compile=True)(h_ls[:5], tf.constant(NO))
    np.testing.assert_allclose(compiled, eager, atol=1e-4)
