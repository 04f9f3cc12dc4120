from fractions import Fraction

import keras
import numpy as np
import pytest
from keras import ops
from scipy.ndimage import map_coordinates

from linksim.media import Clip
from linksim.metrics import ms_ssim as measured_ms_ssim
from semantic.dvst.blocks import analysis, synthesis
from semantic.dvst.entropy import EntropyModel
from semantic.dvst.gdn import Gdn
from semantic.dvst.jscc import JsccDecoder, JsccEncoder, RateLinear
from semantic.dvst.likelihood import MIN_SCALE, laplace_bits, quantise
from semantic.dvst.masked import MaskedConv2D
from semantic.dvst.ms_ssim import ms_ssim
from semantic.dvst.packing import count, pack, unpack
from semantic.dvst.rate import choose_rates, sent_mask
from semantic.dvst.sizes import PRESETS, LatentSizes
from semantic.dvst.swin import SwinBlock
from semantic.dvst.warp import enlarge, warp

LATENTS = LatentSizes(channels=5, hyper=3, ladder=(0, 2, 4, 8), width=8, heads=2, window=4)


@pytest.fixture
def rng() -> np.random.Generator:
    keras.utils.set_random_seed(0)
    return np.random.default_rng(0)


def array(x: object) -> np.ndarray:
    return ops.convert_to_numpy(x)


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.normal(size=shape).astype(np.float32)


def shake(layer: keras.layers.Layer, rng: np.random.Generator, by: float = 0.3) -> None:
    """Move weights from where they start, so that biases and tables matter too."""
    for v in layer.trainable_variables:
        v.assign(v + by * rng.normal(size=v.shape))


def test_gdn_is_its_formula(rng: np.random.Generator) -> None:
    layer, inverse, x = Gdn(4), Gdn(4, inverse=True), normal(rng, 2, 3, 3, 4)
    shake(layer, rng)
    inverse.set_weights(layer.get_weights())
    beta, gamma = array(layer.root_beta) ** 2, array(layer.root_gamma) ** 2
    root = np.sqrt(beta + np.einsum("ij,bhwj->bhwi", gamma, x**2))
    assert np.allclose(array(layer(x)), x / root, atol=1e-4)
    assert np.allclose(array(inverse(x)), x * root, rtol=1e-4)


def test_warp_is_bilinear_with_border(rng: np.random.Generator) -> None:
    x, flow = normal(rng, 2, 7, 9, 3), 4.0 * normal(rng, 2, 7, 9, 2)
    rows, columns = np.indices((7, 9))
    out = array(warp(x, flow))
    for b in range(2):
        at = [rows + flow[b, ..., 1], columns + flow[b, ..., 0]]
        for c in range(3):
            expected = map_coordinates(x[b, ..., c], at, order=1, mode="nearest")
            assert np.allclose(out[b, ..., c], expected, atol=1e-4)


def test_enlarged_flow_moves_by_as_much() -> None:
    flow = np.full((1, 3, 4, 2), 1.5, np.float32)
    assert np.allclose(array(enlarge(flow, 2)), np.full((1, 6, 8, 2), 3.0))


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


def test_masked_convolution_is_causal(rng: np.random.Generator) -> None:
    layer, x = MaskedConv2D(2, 3), normal(rng, 1, 7, 7, 2)
    changed = x.copy()
    changed[0, 3, 3] += 1.0
    moved = np.abs(array(layer(changed)) - array(layer(x)))[0].max(axis=-1) > 1e-6
    expected = np.zeros((7, 7), bool)
    expected[3, 4:6] = expected[4:6, 1:6] = True
    assert np.array_equal(moved, expected)


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


def test_rates_are_the_nearest_steps() -> None:
    bits = np.float32([[[0.0, 9.0, 20.0, 31.0, 1000.0]]])
    rates = array(choose_rates(bits, np.float32([0.2]), (0, 2, 4, 8)))
    assert rates.tolist() == [[[0, 1, 2, 3, 3]]]
    doubled = array(choose_rates(bits, np.float32([0.4]), (0, 2, 4, 8)))
    assert doubled.tolist() == [[[0, 2, 3, 3, 3]]]
    assert array(sent_mask(rates, (0, 2, 4, 8))).sum(axis=-1).tolist() == [[[0, 2, 4, 8, 8]]]


def test_packing_keeps_the_order(rng: np.random.Generator) -> None:
    ladder, rates = (0, 2, 4), np.array([[1, 0], [2, 1]], np.int32)
    symbols = np.arange(16, dtype=np.float32).reshape(2, 2, 4)
    sent = pack(symbols, rates, ladder)
    assert sent.tolist() == [0, 1, 8, 9, 10, 11, 12, 13]
    assert count(rates, ladder) == len(sent)
    mask = array(sent_mask(rates[None], ladder))[0]
    assert np.array_equal(unpack(sent, rates, ladder), symbols * mask)


def test_each_rate_has_its_layer(rng: np.random.Generator) -> None:
    layer, x = RateLinear(3, 4, 2), normal(rng, 1, 2, 2, 3)
    shake(layer, rng)
    rates = np.array([[[0, 1], [1, 0]]], np.int32)
    kernel, bias = array(layer.kernel).reshape(3, 2, 4), array(layer.bias)
    expected = np.einsum("bhwi,ihwo->bhwo", x, kernel[:, rates[0]]) + bias[rates]
    assert np.allclose(array(layer(x, rates)), expected, atol=1e-5)


def test_jscc_sends_as_much_as_the_rate_says(rng: np.random.Generator) -> None:
    encoder, rates = JsccEncoder(LATENTS), rng.integers(0, 4, (2, 5, 6)).astype(np.int32)
    latents, snr = normal(rng, 2, 5, 6, 5), np.float32([0.0, 20.0])
    symbols = array(encoder(latents, rates, snr))
    assert np.array_equal((symbols != 0).sum(axis=-1), np.array(LATENTS.ladder)[rates])
    # Loud latents do not make loud symbols.
    loud = array(encoder(100.0 * latents, rates, snr))
    assert np.mean(loud**2) < 4.0 * np.mean(symbols**2)
    assert not np.allclose(symbols, array(encoder(latents, rates, snr[::-1].copy())))


def test_jscc_decoder_hears_what_was_sent_alone(rng: np.random.Generator) -> None:
    decoder, rates = JsccDecoder(LATENTS), np.full((1, 4, 4), 1, np.int32)
    prior, snr = normal(rng, 1, 4, 4, 10), np.float32([10.0])
    symbols, noise = normal(rng, 1, 4, 4, 8), np.full((1, 4, 4, 8), 0.1, np.float32)
    latents = array(decoder(symbols, noise, rates, prior, snr))
    assert latents.shape == (1, 4, 4, 5)
    other = symbols.copy()
    other[..., 2:] = 9.0
    assert np.allclose(latents, array(decoder(other, noise, rates, prior, snr)))
    other[..., 0] = 9.0
    assert not np.allclose(latents, array(decoder(other, noise, rates, prior, snr)))
    # What comes with endless noise is not heard either.
    deaf = np.full_like(noise, 1e9)
    pairs = [array(decoder(s, deaf, rates, prior, snr)) for s in (symbols, other)]
    assert np.allclose(*pairs, atol=1e-4)


def test_entropy_model(rng: np.random.Generator) -> None:
    model = EntropyModel(LATENTS, context=4, stride=4)
    shake(model, rng)
    latents, context = 3.0 * normal(rng, 1, 6, 5, 5), normal(rng, 1, 24, 20, 4)
    eta = np.float32([0.1])
    code = {k: array(v) for k, v in model(latents, eta, context).items()}
    assert np.array_equal(code["latents"], np.round(latents))
    assert np.array_equal(code["hyper"], np.round(code["hyper"]))
    assert code["hyper"].shape == (1, 2, 2, 3)
    assert np.array_equal(code["rates"], array(choose_rates(code["bits"], eta, LATENTS.ladder)))
    assert (code["bits"] > 0).all()
    # The temporal prior is heard.
    assert not np.allclose(code["bits"], array(model(latents, eta, context + 1.0)["bits"]))
    prior = model.prior(code["hyper"], (6, 5))
    assert prior.shape == (1, 6, 5, 10)
    chances = array(model.rate_log2(prior, eta))
    assert np.allclose((2.0**chances).sum(axis=-1), 1.0, atol=1e-5)
    rates_cost = -np.take_along_axis(chances, code["rates"][..., None], -1).sum()
    hyper_cost = array(laplace_bits(code["hyper"], *model.hyper_density())).sum()
    assert code["side_bits"][0] == pytest.approx(rates_cost + hyper_cost, rel=1e-4)


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


def test_transforms_mirror_each_other() -> None:
    x = np.zeros((1, 32, 48, 3), np.float32)
    latents = analysis(3, 4, 6, 4, 5, residual=True)(x)
    assert latents.shape == (1, 2, 3, 6)
    assert synthesis(6, 4, 3, 4, residual=True)(latents).shape == x.shape


def test_ladders() -> None:
    for sizes in PRESETS.values():
        for latents in (sizes.motion, sizes.feature, sizes.intra):
            assert latents.ladder[0] == 0
            assert list(latents.ladder) == sorted(set(latents.ladder))
            assert not any(k % 2 for k in latents.ladder)
            assert latents.width % latents.heads == 0
