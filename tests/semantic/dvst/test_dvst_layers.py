"""Layers of the video codec, transforms and MS-SSIM."""

from fractions import Fraction

import keras
import numpy as np
import pytest
from dvst_arrays import array, normal, shake
from scipy.ndimage import gaussian_filter

from linksim.media import Clip
from linksim.metrics.video import ms_ssim as measured_ms_ssim
from semantic.dvst.networks.block_transform import BlockTransform
from semantic.dvst.networks.layers import (
    MIN_SCALE,
    laplace_bits,
    quantise,
    silent,
)
from semantic.dvst.networks.ms_ssim import ms_ssim
from semantic.dvst.networks.swin import SwinBlock


@pytest.mark.parametrize(("channels", "block"), [(3, 4), (1, 8)])
def test_block_transform_is_that_of_karhunen_and_loeve(
    channels: int, block: int, rng: np.random.Generator
) -> None:
    inside = channels * block**2
    complete = BlockTransform(channels, block, inside, 0.1)
    x = gaussian_filter(normal(rng, 40, 4 * block, 3 * block, channels), (0, 2, 2, 0))
    spread = complete.fit(x)
    coefficients = array(complete.analyse(x))
    assert coefficients.shape == (40, 4, 3, inside)
    assert np.allclose(array(complete.synthesise(coefficients)), x, atol=1e-5)
    forward, inverse = array(complete.forward_matrix), array(complete.inverse_matrix)
    assert np.allclose(0.01 * forward.T @ forward, np.eye(inside), atol=1e-5)
    assert np.allclose(inverse @ forward, np.eye(inside), atol=1e-5)
    # Uncorrelated, most energy first, and as spread as it says.
    flat = coefficients.reshape(-1, inside).astype(np.float64)
    moments = flat.T @ flat / len(flat)
    root = np.sqrt(np.diag(moments))
    assert np.allclose(moments, np.diag(root**2), atol=1e-4 * root[0] ** 2)
    assert np.allclose(root, spread, rtol=1e-3, atol=1e-5 * root[0])
    assert (np.diff(spread) <= 1e-5 * spread[0]).all()


def test_few_coefficients_keep_what_they_say(rng: np.random.Generator) -> None:
    x = gaussian_filter(normal(rng, 40, 16, 16, 3), (0, 2, 2, 0))
    complete, short = (BlockTransform(3, 8, n, 0.1) for n in (192, 6))
    spread = complete.fit(x)
    assert np.allclose(short.fit(x), spread[:6], rtol=1e-4)
    error = array(short.synthesise(short.analyse(x))) - x
    assert np.mean(error**2) == pytest.approx(0.01 * np.sum(spread[6:] ** 2) / 192, rel=1e-3)
    again = BlockTransform(3, 8, 6, 0.1)
    again.fit(x)
    assert np.array_equal(array(again.forward_matrix), array(short.forward_matrix))


def test_an_untrained_addition_is_silent(rng: np.random.Generator) -> None:
    assert not array(silent(5)(normal(rng, 1, 32, 32, 3))).any()


@pytest.mark.parametrize("scale", [MIN_SCALE, 0.3, 1.0, 20.0])
@pytest.mark.parametrize("location", [0.0, 0.37, -7.5])
def test_likelihoods_sum_to_one(location: float, scale: float) -> None:
    bits = array(laplace_bits(np.arange(-400, 401, dtype=np.float32), location, scale))
    assert (bits >= -1e-6).all()
    assert np.sum(2.0**-bits) == pytest.approx(1.0, abs=1e-4)


def test_likelihood_is_an_integral() -> None:
    x = np.linspace(-3, 3, 41).astype(np.float32)
    fine = np.linspace(-0.5, 0.5, 2001)
    density = np.exp(-np.abs(x[:, None] + fine - 0.4) / 0.8) / 1.6
    expected = -np.log2(np.trapezoid(density, fine, axis=1))
    assert np.allclose(array(laplace_bits(x, 0.4, 0.8)), expected, atol=1e-3)
    # However unlikely, what is nearer costs less.
    far = array(laplace_bits(np.float32([1e4, 2e4]), 0.0, MIN_SCALE))
    assert np.isfinite(far).all()
    assert far[0] < far[1]


def test_noise_stands_for_rounding(rng: np.random.Generator) -> None:
    x, seeds = 5.0 * normal(rng, 1000), keras.random.SeedGenerator(0)
    assert np.array_equal(array(quantise(x, seeds, training=False)), np.round(x))
    error = array(quantise(x, seeds, training=True)) - x
    assert np.abs(error).max() <= 0.5
    assert error.std() == pytest.approx(12**-0.5, rel=0.1)


@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize("size", [(8, 8), (7, 9), (3, 6)])
def test_swin_attends_within_its_windows(
    size: tuple[int, int], shifted: bool, rng: np.random.Generator
) -> None:
    block = SwinBlock(8, 2, 4, shifted=shifted)
    shake(block, rng)
    x = normal(rng, 1, *size, 8)
    assert np.allclose(array(block(x)), by_hand(block, x), atol=1e-3)


def by_hand(block: SwinBlock, x: np.ndarray) -> np.ndarray:
    """Attention with one big matrix, between positions that share a window."""
    height, width = x.shape[1:3]
    rows, columns = (g.reshape(-1) for g in np.indices((height, width)))
    window = (min(4, height), min(4, width))
    shift = [2 if block.shifted and s < n else 0 for s, n in zip(window, x.shape[1:3], strict=True)]
    groups = np.stack([(rows - shift[0]) // window[0], (columns - shift[1]) // window[1]])
    if shift[0] == 0 and window[0] < 4:
        groups[0] = 0
    together = (groups[:, :, None] == groups[:, None]).all(axis=0)
    table = array(block.position_bias)
    offset = (rows[:, None] - rows + 3) * 7 + columns[:, None] - columns + 3
    bias = table[np.where(together, offset, 0)]
    mixed = array(block.mix(block.norm(x))).reshape(-1, 3, 2, 4)
    score = np.einsum("ihc,jhc->ijh", mixed[:, 0], mixed[:, 1]) / 2.0 + bias
    score = np.where(together[..., None], score, -np.inf)
    weight = np.exp(score - score.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    heard = np.einsum("ijh,jhc->ihc", weight, mixed[:, 2]).reshape(x.shape)
    x = x + array(block.project(heard.astype(np.float32)))
    return x + array(block.shrink(block.grow(block.mlp_norm(x))))


@pytest.mark.parametrize(("height", "width"), [(161, 170), (176, 192)])
def test_ms_ssim_is_that_of_the_metrics(height: int, width: int, rng: np.random.Generator) -> None:
    ramp = np.linspace(0, 200, width)[:, None] + rng.uniform(0, 55, (2, height, 1, 3))
    a = ramp.astype(np.uint8)
    b = np.clip(a + rng.normal(0, 12, a.shape), 0, 255).astype(np.uint8)
    expected = measured_ms_ssim(*(Clip(frames=x, fps=Fraction(25)) for x in (a, b))).value
    value = array(ms_ssim(*(x.astype(np.float32) / 255.0 for x in (a, b)))).mean()
    assert 0.2 < expected < 0.99
    assert value == pytest.approx(expected, abs=2e-4)


def test_ms_ssim_of_small_pictures(rng: np.random.Generator) -> None:
    a = rng.uniform(size=(2, 33, 47, 3)).astype(np.float32)
    assert np.allclose(array(ms_ssim(a, a)), 1.0, atol=1e-4)
    worse = [array(ms_ssim(a, a + s * normal(rng, *a.shape))).mean() for s in (0.05, 0.2)]
    assert 1.0 > worse[0] > worse[1] > 0.0
