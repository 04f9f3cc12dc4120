"""The symbol link: noise as stated, gradients, accounting."""

import numpy as np
import pytest
import tensorflow as tf

from linksim.endpoint import SymbolStream
from linksim.errors import LinksimError
from linksim.link.config import LinkConfig
from linksim.link.symbol_link import SymbolLink
from linksim.link.transceiver import OfdmTransceiver, noise_variance
from linksim.seeding import seed_sionna


def _link(**options: object) -> SymbolLink:
    config = LinkConfig(**{"subcarriers": 24, **options})
    return SymbolLink(OfdmTransceiver(config))


def _latents(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).laplace(scale=3.0, size=shape).astype(np.float32)


@pytest.mark.parametrize("estimator", ["perfect", "ls-nearest", "ls-linear", "lmmse"])
@pytest.mark.parametrize("channel", ["awgn", "rayleigh", "tdl-a"])
def test_error_has_the_stated_variance(channel: str, estimator: str) -> None:
    link = _link(channel=channel, estimator=estimator)
    sent = _latents(200, 1000)
    seed_sionna(1)
    received, variance = link(tf.constant(sent), noise_variance(18.0))
    normalised = (received.numpy() - sent) ** 2 / variance.numpy()
    # Rows fade independently; the mean over rows is Gaussian.
    rows = normalised.mean(axis=1)
    assert rows.mean() == pytest.approx(1.0, abs=4 * rows.std() / np.sqrt(200) + 0.02)


def test_effective_noise_is_theory_under_perfect_csi() -> None:
    """Per real: N0 / |h|^2 / 2 of the symbol scale; E over AWGN is N0 / 2."""
    sent = _latents(1, 5000)
    link = _link(channel="awgn", estimator="perfect")
    seed_sionna(1)
    _, variance = link(tf.constant(sent), noise_variance(10.0))
    power = 2 * np.mean(sent**2)
    np.testing.assert_allclose(variance, 0.1 / 2 * power, rtol=1e-4)


def test_effective_noise_is_theory_under_ls_estimation() -> None:
    """N0 + E|h_hat - h|^2 over |h_hat|^2; nearest pilots on AWGN: 2 N0 / |1 + n/p|^2."""
    link = _link(channel="awgn", estimator="ls-nearest")
    sent = _latents(400, 500)
    seed_sionna(1)
    _, variance = link(tf.constant(sent), noise_variance(20.0))
    scale2 = 2 * np.mean(sent**2, axis=1, keepdims=True)
    ratio = variance.numpy() / scale2 / (0.01 / 2)
    # E[1 / |1 + e|^2] for e ~ CN(0, N0) is 1 + N0 + O(N0^2) about its Gaussian mean.
    assert ratio.mean() == pytest.approx(2.0 * (1 + 0.01), rel=0.02)


def test_gradients_reach_the_latents() -> None:
    link = _link(channel="rayleigh", estimator="ls-linear")
    latents = tf.Variable(_latents(2, 100))
    target = tf.constant(_latents(2, 100))
    with tf.GradientTape() as tape:
        seed_sionna(4)
        received, _ = link(latents, noise_variance(15.0))
        loss = tf.reduce_mean((received - target) ** 2)
    gradient = tape.gradient(loss, latents).numpy()
    assert np.isfinite(gradient).all()
    assert (np.abs(gradient) > 0).mean() > 0.99

    def loss_at(step: float) -> float:
        seed_sionna(4)
        moved = latents + step * gradient
        return float(tf.reduce_mean((link(moved, noise_variance(15.0))[0] - target) ** 2))

    step = 1e-1
    slope = (loss_at(step) - loss_at(-step)) / (2 * step)
    assert slope == pytest.approx(float(np.sum(gradient**2)), rel=0.05)


def test_transmit_counts_pads_and_repeats() -> None:
    link = _link(channel="rayleigh", interleave_slots=3)
    sent = _latents(700)
    first = link.transmit(sent, 25.0, 8)
    again = link.transmit(sent, 25.0, 8)
    np.testing.assert_array_equal(first.latents, again.latents)
    np.testing.assert_array_equal(first.noise_variance, again.noise_variance)
    assert first.latents.shape == first.noise_variance.shape == (700,)
    assert first.channel_uses == 3 * 24 * 12
    assert first.channel_uses + first.overhead_uses == 3 * 24 * 14
    assert (link.transmit(sent, 25.0, 9).latents != first.latents).any()


def test_power_is_normalised_whatever_the_latents() -> None:
    """The same noise relative to the signal for latents a thousand times as large."""
    link = _link(channel="awgn", estimator="perfect")
    sent = _latents(400)
    small, large = (link.transmit(sent * gain, 5.0, 1) for gain in (1.0, 1e8))
    np.testing.assert_allclose(large.latents / 1e8, small.latents, rtol=0.02, atol=0.05)
    tiny = link.transmit(sent * 1e-8, 5.0, 1)
    np.testing.assert_allclose(tiny.noise_variance * 1e16, small.noise_variance, rtol=0.02)


def test_zeros_nothing_and_nan() -> None:
    link = _link(channel="rayleigh")
    assert not link.transmit(np.zeros(50, np.float32), 10.0, 1).latents.any()
    assert link.transmit(np.zeros(0, np.float32), 10.0, 1).channel_uses == 0
    with pytest.raises(LinksimError, match="NaN"):
        link.transmit(np.array([1.0, np.nan], np.float32), 10.0, 1)


@pytest.mark.parametrize("estimator", ["perfect", "ls-linear", "lmmse"])
def test_rows_may_have_noise_of_their_own(estimator: str) -> None:
    """Each row comes out as from a batch all of whose rows have its noise."""
    link = _link(channel="tdl-a", estimator=estimator, interleave_slots=2)
    sent = tf.constant(_latents(3, 700))
    levels = [noise_variance(snr_db) for snr_db in (0.0, 10.0, 25.0)]

    def send(no: tf.Tensor) -> tuple[np.ndarray, np.ndarray]:
        seed_sionna(6)
        received, variance = link(sent, no)
        return received.numpy(), variance.numpy()

    mixed = send(tf.stack(levels))
    for row, no in enumerate(levels):
        for ours, alone in zip(mixed, send(no), strict=True):
            np.testing.assert_allclose(ours[row], alone[row], rtol=2e-3, atol=1e-3)
    assert mixed[1][0].mean() > 5 * mixed[1][2].mean()


def test_energy_can_be_given() -> None:
    """Es of 8 at 0 dB: each real gets half of it, whatever the latents measure."""
    link = _link(channel="awgn", estimator="perfect")
    _, variance = link(tf.ones([2, 100]), noise_variance(0.0), tf.constant([8.0, 2.0]))
    np.testing.assert_allclose(variance, np.repeat([[4.0], [1.0]], 100, 1), rtol=1e-4)


@pytest.mark.parametrize(
    ("latents", "line"),
    [
        (np.ones(8, np.complex64), "must be real numbers, not complex64"),
        (np.ones((4, 2)), r"must be one run, \[n\], not of shape \[4, 2\]"),
        (np.array(["a"]), "must be real numbers"),
        (np.float32(1.0), "must be one run"),
    ],
)
def test_latents_that_are_no_run_of_real_numbers_give_one_line(
    latents: np.ndarray, line: str
) -> None:
    """Imaginary parts were dropped and rows joined without a word."""
    with pytest.raises(LinksimError, match=line):
        SymbolStream("latents", latents)
    with pytest.raises(LinksimError, match=line):
        _link(channel="awgn").transmit(latents, 10.0, 1)


def test_other_real_latents_are_converted() -> None:
    stream = SymbolStream("latents", np.arange(6))
    assert stream.latents.dtype == np.float32
    np.testing.assert_array_equal(stream.latents, np.arange(6))
