from dataclasses import replace
from fractions import Fraction

import keras
import numpy as np
import pytest
from keras import ops
from scipy.ndimage import gaussian_filter, map_coordinates

from linksim.media import Clip
from linksim.metrics import ms_ssim as measured_ms_ssim
from semantic.dvst.bitstream.packing import count, pack, unpack
from semantic.dvst.networks.block_transform import BlockTransform
from semantic.dvst.networks.blocks import analysis, silent, synthesis
from semantic.dvst.networks.entropy import EntropyModel
from semantic.dvst.networks.gdn import Gdn
from semantic.dvst.networks.jscc import JsccDecoder, JsccEncoder, RateLinear
from semantic.dvst.networks.latent_codec import LatentCodec
from semantic.dvst.networks.likelihood import MIN_SCALE, laplace_bits, quantise
from semantic.dvst.networks.masked import MaskedConv2D
from semantic.dvst.networks.matching import SEARCH, matched, smoothed
from semantic.dvst.networks.motion import MotionEstimation
from semantic.dvst.networks.motion_codec import MotionCodec
from semantic.dvst.networks.ms_ssim import ms_ssim
from semantic.dvst.networks.rate import choose_rates, sent_mask
from semantic.dvst.networks.reference import LEAK, leaky
from semantic.dvst.networks.sizes import LATENT_STRIDE, PRESETS, LatentSizes, Sizes
from semantic.dvst.networks.swin import SwinBlock
from semantic.dvst.networks.synthesiser import FrameSynthesiser
from semantic.warp import enlarge, warp

LATENTS = LatentSizes(
    channels=5, hyper=3, coarse=4.0, ladder=(0, 2, 4, 8), width=8, heads=2, window=4, density=8
)


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


def test_untrained_networks_are_silent(rng: np.random.Generator) -> None:
    x, latents = normal(rng, 1, 32, 32, 3), normal(rng, 1, 2, 2, 6)
    assert not array(analysis(3, 4, 6, 4, 5)(x)).any()
    assert not array(synthesis(6, 4, 3, 4)(latents)).any()
    assert array(synthesis(6, 4, 3, 4, awake=True)(latents)).any()
    layer = silent(5)
    assert not array(layer(x)).any()


def test_settled_parts_leave_out_what_adds_nothing(rng: np.random.Generator) -> None:
    sizes = PRESETS["compact"]
    frame, reference = normal(rng, 2, 1, 32, 48, 3)
    drawn, features, active = frame, normal(rng, 1, 16, 24, sizes.features), np.ones((1, 2, 3, 1))
    for part, inputs, waking in (
        (FrameSynthesiser(sizes), (drawn, features, active.astype(np.float32)), lambda p: p.body),
        (MotionEstimation(sizes), (frame, reference), lambda p: p.nets[-1]),
    ):
        before = array(part(*inputs))
        part.settle()
        assert np.any(part.asleep)
        assert np.array_equal(array(part(*inputs)), before)
        # Once it has learnt something, it is heard.
        last = [v for v in waking(part).weights if "kernel" in v.name][-1]
        last.assign(0.01 * normal(rng, *last.shape))
        part.settle()
        assert not np.all(part.asleep)
        assert not np.array_equal(array(part(*inputs)), before)


def texture(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A smooth picture, float64, [height, width, 3], of values around 0.5."""
    rough = gaussian_filter(rng.normal(size=(height, width, 3)), (4, 4, 0), mode="wrap")
    return np.clip(0.5 + 0.2 * rough / rough.std(), 0.0, 1.0)


def displaced(x: np.ndarray, right: float, down: float) -> np.ndarray:
    """Return a picture whose every pixel lies so far away in `x`."""
    rows, columns = np.indices(x.shape[:2])
    at = [rows + down, columns + right]
    moved = [map_coordinates(x[..., c], at, order=3, mode="nearest") for c in range(3)]
    return np.stack(moved, axis=-1)


def batched(*pictures: np.ndarray) -> list[np.ndarray]:
    return [p[None].astype(np.float32) for p in pictures]


@pytest.mark.parametrize("motion", [(0.4, -0.7), (-1.3, 0.0), (1.5, 1.5)])
def test_matching_tells_fractions_of_a_pixel(
    motion: tuple[float, float], rng: np.random.Generator
) -> None:
    reference = texture(rng, 64, 80)
    found = array(matched(*batched(displaced(reference, *motion), reference)))[0]
    assert np.abs(found).max() <= SEARCH
    inner = found[6:-6, 6:-6].reshape(-1, 2)
    assert np.allclose(np.median(inner, axis=0), motion, atol=0.25)
    assert np.mean(np.abs(inner - motion).max(axis=1) < 0.5) > 0.9


@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize("motion", [(3.4, -2.3), (-9.0, 6.5)])
def test_pyramid_finds_motion_beyond_the_search(
    motion: tuple[float, float], stride: int, rng: np.random.Generator
) -> None:
    sizes = Sizes(stride, 6, (4, 4, 4, 4), 6, 6, 6, 6, 1, LATENTS, LATENTS, LATENTS)
    reference = texture(rng, 96, 128)
    found = array(MotionEstimation(sizes)(*batched(displaced(reference, *motion), reference)))
    assert found.shape == (1, 96 // stride, 128 // stride, 2)
    margin = 16 // stride
    inner = stride * found[0, margin:-margin, margin:-margin].reshape(-1, 2)
    assert np.allclose(np.median(inner, axis=0), motion, atol=0.25 * stride)
    # What it predicts is far nearer than the reference itself.
    frame, still = (
        x.reshape(1, 96 // stride, stride, 128 // stride, stride, 3).mean((2, 4))
        for x in batched(displaced(reference, *motion), reference)
    )
    errors = [
        np.mean((frame - prediction)[:, margin:-margin, margin:-margin] ** 2)
        for prediction in (still, array(warp(still, found)))
    ]
    assert errors[1] < 0.2 * errors[0]


def test_nothing_moves_between_equal_frames(rng: np.random.Generator) -> None:
    estimation = MotionEstimation(PRESETS["compact"])
    (frame,) = batched(texture(rng, 48, 64))
    assert not array(estimation(frame, frame)).any()
    grey = np.full_like(frame, 0.5)
    assert np.abs(array(matched(grey, grey))).max() < 1e-6


@pytest.mark.parametrize("window", [3, 7])
def test_smoothing_is_a_mean(window: int, rng: np.random.Generator) -> None:
    x = normal(rng, 1, 6, 9, 2)
    half = window // 2
    padded = np.pad(x, [(0, 0), (half, half), (half, half), (0, 0)], mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, (window, window), axis=(1, 2))
    assert np.allclose(array(smoothed(x, window)), around.mean(axis=(-1, -2)), atol=1e-5)


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_motion_of_blocks_comes_back(stride: int) -> None:
    sizes = Sizes(stride, 6, (4, 4, 4, 4), 6, 6, 6, 6, 1, LATENTS, LATENTS, LATENTS)
    codec = MotionCodec(sizes)
    flow = np.broadcast_to(np.float32([1.5, -0.5]), (1, 48 // stride, 64 // stride, 2))
    latents = codec.encode(flow)
    assert latents.shape == (1, 3, 4, 5)
    references, active = np.zeros((1, 48, 64, 3), np.float32), np.ones((1, 3, 4, 1), np.float32)
    assert np.allclose(array(codec.decode(latents, references, active)), flow, atol=1e-5)
    # Where nothing is sent networks add nothing, however they err.
    shake(codec, np.random.default_rng(0))
    still = codec.decode(np.zeros((1, 3, 4, 5), np.float32), references, 0.0 * active)
    assert not array(still).any()


def test_reference_keeps_what_is_not_sent(rng: np.random.Generator) -> None:
    picture, base = (normal(rng, 1, 32, 48, 3) for _ in range(2))
    rates = np.array([[[0, 1, 0], [3, 0, 0]]], np.int32)
    sent = (rates > 0).repeat(LATENT_STRIDE, axis=1).repeat(LATENT_STRIDE, axis=2)[..., None]
    out = array(leaky(picture, base, rates))
    damped = base + LEAK * (picture - base)
    assert np.allclose(out, np.where(sent, damped, picture), atol=1e-6)
    assert 0.0 < LEAK < 1.0


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
    u, snr = normal(rng, 2, 5, 6, 5), np.float32([0.0, 20.0])
    spread = np.exp(normal(rng, 2, 5, 6, 5))
    symbols = array(encoder(u, spread, rates, snr))
    number = np.array(LATENTS.ladder)[rates]
    assert np.array_equal((symbols != 0).sum(axis=-1), number)
    # Untrained, real j is latent j, times the root of its spread.
    latent = np.arange(8) % 5
    expected = (u * np.sqrt(spread))[..., latent] * (np.arange(8) < number[..., None])
    assert np.allclose(symbols, expected, atol=1e-5)
    shake(encoder, rng)
    heard = array(encoder(u, spread, rates, snr))
    assert np.array_equal((heard != 0).sum(axis=-1), number)
    assert not np.allclose(heard, array(encoder(u, spread, rates, snr[::-1].copy())))
    louder = array(encoder(u, 4.0 * spread, rates, snr))
    assert np.allclose(louder, 2.0 * heard, rtol=1e-4, atol=1e-5)


def test_jscc_decoder_hears_what_was_sent_alone(rng: np.random.Generator) -> None:
    decoder, rates = JsccDecoder(LATENTS), np.full((1, 4, 4), 1, np.int32)
    prior, snr = normal(rng, 1, 4, 4, 10), np.float32([10.0])
    spread = np.exp(normal(rng, 1, 4, 4, 5))
    symbols, noise = normal(rng, 1, 4, 4, 8), np.full((1, 4, 4, 8), 0.1, np.float32)
    # Untrained, it weighs the reals that were sent, and knows nothing of the others.
    latents = array(decoder(symbols, noise, spread, rates, prior, snr))
    told = symbols[..., :5] / np.sqrt(spread) / (1.0 + 0.1 / spread)
    assert np.allclose(latents, told * (np.arange(5) < 2), atol=1e-5)
    shake(decoder, rng)
    latents = array(decoder(symbols, noise, spread, rates, prior, snr))
    other = symbols.copy()
    other[..., 2:] = 9.0
    assert np.allclose(latents, array(decoder(other, noise, spread, rates, prior, snr)))
    other[..., 0] = 9.0
    assert not np.allclose(latents, array(decoder(other, noise, spread, rates, prior, snr)))
    # What comes with endless noise is not heard either.
    deaf = np.full_like(noise, 1e9)
    pairs = [array(decoder(s, deaf, spread, rates, prior, snr)) for s in (symbols, other)]
    assert np.allclose(*pairs, atol=1e-4)


@pytest.mark.parametrize("noise", [0.03, 0.3, 3.0])
def test_error_of_untrained_latents_is_the_least_possible(
    noise: float, rng: np.random.Generator
) -> None:
    """Within four standard errors of the closed form, for each latent apart."""
    codec = LatentCodec(LATENTS)
    codec.fit(np.float32([20.0, 9.0, 4.0, 2.0, 1.0]))
    told = {"snr_db": np.float32([10.0]), "precision": np.float32([1.0])}
    shape = (1, 60, 60)
    hyper = rng.integers(-3, 4, (*shape, 3)).astype(np.float32)
    rates = np.full(shape, 3, np.int32)
    location, raw = (array(x) for x in codec.entropy.prior(hyper, told["precision"]))
    spread = np.sqrt(2.0) * (MIN_SCALE + np.log1p(np.exp(raw)))
    u = normal(rng, *shape, 5)
    symbols = array(codec.encoder(u, spread, rates, told["snr_db"]))
    received = symbols + np.sqrt(noise) * normal(rng, *symbols.shape)
    variance = np.full_like(symbols, noise)
    latents = array(codec.decode(received, variance, rates, hyper, told))
    errors = np.square(latents - location - spread * u).reshape(-1, 5)
    n = noise / spread[0, 0, 0]
    copies = np.bincount(np.arange(8) % 5)
    expected = spread[0, 0, 0] ** 2 * (n**2 + n / copies) / (1.0 + n) ** 2
    once = copies == 1
    assert once.sum() == 2
    assert np.allclose(expected[once], (spread[0, 0, 0] ** 2 * n / (1.0 + n))[once])
    standard = errors.std(axis=0) / np.sqrt(len(errors))
    assert (np.abs(errors.mean(axis=0) - expected) < 4.0 * standard).all()
    assert (standard < 0.05 * expected).all()


def test_entropy_model(rng: np.random.Generator) -> None:
    model = EntropyModel(LATENTS, context=4, stride=4)
    shake(model, rng)
    latents, context = 3.0 * normal(rng, 1, 6, 5, 5), normal(rng, 1, 24, 20, 4)
    eta, precision, before = np.float32([0.1]), np.float32([1.5]), normal(rng, 1, 6, 5, 3)
    told = (latents, eta, precision, before)
    code = {k: array(v) for k, v in model(*told, context).items()}
    assert np.array_equal(code["hyper"], np.round(code["hyper"]))
    assert code["hyper"].shape == (1, 6, 5, 3)
    assert np.array_equal(code["rates"], array(choose_rates(code["excess"], eta, LATENTS.ladder)))
    assert (code["bits"] > 0).all()
    assert (code["excess"] >= 0.0).all()
    assert (code["excess"] < code["bits"] + 1e-3).all()
    spared = EntropyModel(replace(LATENTS, spared=4.0), context=4, stride=4)
    spared.set_weights(model.get_weights())
    for factor in (1.0, 0.5):
        less = np.maximum(code["excess"] - factor * 4.0, 0.0)
        rates = array(spared(*told, context, spared=factor)["rates"])
        assert np.array_equal(rates, array(choose_rates(less, eta, LATENTS.ladder)))
    # The temporal prior is heard.
    assert not np.allclose(code["bits"], array(model(*told, context + 1.0)["bits"]))
    location, raw = (array(x) for x in model.prior(code["hyper"], precision))
    assert np.array_equal(code["location"], location)
    assert np.allclose(code["scale"], MIN_SCALE + np.log1p(np.exp(raw)), rtol=1e-4)
    cost = array(model.side.bits(code["hyper"], code["rates"], before, eta, precision))
    assert code["side_bits"][0] == pytest.approx(cost[0], rel=1e-5)
    # In training noise stands for rounding, but not in what sets the rates.
    noisy = {k: array(v) for k, v in model(*told, context, training=True).items()}
    assert 0.0 < np.abs(noisy["hyper"] - code["hyper"]).max() <= 1.0
    assert np.abs(noisy["hyper"] - np.round(noisy["hyper"])).max() > 0.1


def test_nothing_is_sent_of_what_could_be_foreseen() -> None:
    model = EntropyModel(LATENTS)
    model.fit(np.float32([20.0, 9.0, 4.0, 2.0, 2.0]))
    latents = np.zeros((1, 3, 4, 5), np.float32)
    latents[0, 1, 2, 4] = 9.0
    eta, precision = np.float32([1.0]), np.float32([1.0])
    code = model(latents, eta, precision, np.zeros((1, 3, 4, 3), np.float32))
    rates, sent = array(code["rates"]), np.zeros((1, 3, 4), bool)
    sent[0, 1, 2] = True
    assert np.array_equal(rates > 0, sent)
    assert not array(code["hyper"]).any()
    assert (array(code["bits"]) > 1.0).all()


def test_what_is_told_roughly_is_refined_wherever_it_is() -> None:
    model = EntropyModel(LATENTS, rests=True)
    model.fit(np.float32([20.0, 9.0, 4.0, 2.0, 2.0]))
    latents = np.zeros((1, 1, 3, 5), np.float32)
    latents[..., 1] = [[0.0, 12.0, 80.0]]
    latents[..., 4] = 6.0
    told = (np.float32([1.0]), np.float32([1.0]), np.zeros((1, 1, 3, 3), np.float32))
    code = {k: array(v) for k, v in model(latents, *told).items()}
    assert code["hyper"][0, 0, :, 1].tolist() == [0.0, 3.0, 20.0]
    # The hyper-latents are exact here; what they leave is the same.
    assert np.allclose(code["excess"], code["excess"][0, 0, 0], rtol=0.01)
    assert (code["rates"] > 0).all()


def test_latents_that_rest_are_those_of_which_nothing_is_sent(rng: np.random.Generator) -> None:
    codec = LatentCodec(LATENTS, rests=True)
    shake(codec, rng)
    rates = np.array([[[0, 1, 0], [0, 3, 0]]], np.int32)
    hyper = np.zeros((1, 2, 3, 3), np.float32)
    hyper[0, 0, 0, 2] = -1.0
    told = {"snr_db": np.float32([10.0]), "precision": np.float32([1.0])}
    symbols, noise = normal(rng, 1, 2, 3, 8), np.ones((1, 2, 3, 8), np.float32)
    active = np.array([[True, True, False], [False, True, False]])[None, ..., None]
    assert np.array_equal(array(codec.active(rates, hyper)), active)
    latents = array(codec.decode(symbols, noise, rates, hyper, told))
    assert np.array_equal(latents != 0.0, np.broadcast_to(active, latents.shape))
    # What is known without loss is 0, too, where hyper-latents do not tell otherwise.
    base = array(codec.base(rates, hyper, told["precision"]))
    assert np.argwhere(base).tolist() == [[0, 0, 0, 2]]
    restless = LatentCodec(LATENTS)
    shake(restless, rng)
    assert array(restless.active(rates, hyper)).all()
    assert array(restless.decode(symbols, noise, rates, hyper, told)).all()
    assert array(restless.base(rates, hyper, told["precision"])).all()


def test_untrained_prior_is_the_coarse_latents(rng: np.random.Generator) -> None:
    model = EntropyModel(LATENTS)
    deviations = np.float32([20.0, 9.0, 4.0, 2.0, 0.5])
    model.fit(deviations)
    latents = deviations * normal(rng, 1, 40, 40, 5)
    told = (np.float32([0.1]), np.float32([2.0]), np.zeros((1, 40, 40, 3), np.float32))
    code = {k: array(v) for k, v in model(latents, *told).items()}
    assert np.array_equal(code["hyper"], np.round(latents[..., :3] / 2.0))
    assert np.allclose(code["location"], np.pad(2.0 * code["hyper"], [(0, 0)] * 3 + [(0, 2)]))
    assert np.abs((latents - code["location"])[..., :3]).max() <= 1.0 + 1e-4
    spread = np.sqrt(2.0) * code["scale"][0, 0, 0]
    assert np.allclose(spread[:3], np.minimum(deviations[:3], 4.0 / 12**0.5), atol=0.05)
    assert np.allclose(spread[3:], deviations[3:], atol=0.05)


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
            assert latents.hyper <= latents.channels <= latents.width
