"""What the video codec does with latents: rates, JSCC, entropy model."""

from dataclasses import replace

import numpy as np
import pytest
from dvst_arrays import array, normal, shake

from semantic.dvst.bitstream.packing import count, pack, unpack
from semantic.dvst.networks.entropy import EntropyModel
from semantic.dvst.networks.jscc import JsccDecoder, JsccEncoder, RateLinear
from semantic.dvst.networks.latent_codec import LatentCodec
from semantic.dvst.networks.layers import (
    MIN_SCALE,
)
from semantic.dvst.networks.linear import LinearDecoder, LinearEncoder
from semantic.dvst.networks.rate import choose_rates, sent_mask
from semantic.dvst.networks.sizes import PRESETS, JsccSizes, LatentSizes

LATENTS = LatentSizes(
    channels=5, hyper=3, coarse=4.0, ladder=(0, 2, 4, 8), density=8, jscc=JsccSizes(8, 2, 4)
)


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


@pytest.mark.parametrize("noise", [1e-6, 0.3, 3.0])
def test_error_of_the_linear_code_is_the_least_possible(
    noise: float, rng: np.random.Generator
) -> None:
    """Within four standard errors of the closed form; copies count as one with less noise."""
    encoder, decoder = LinearEncoder(LATENTS), LinearDecoder(LATENTS)
    shape = (1, 60, 60)
    spread = np.tile(np.float32([4.0, 3.0, 2.0, 1.0, 0.5]), (*shape, 1))
    u, snr = normal(rng, *shape, 5), np.float32([10.0])
    for step, sent in enumerate(LATENTS.ladder):
        rates = np.full(shape, step, np.int32)
        symbols = array(encoder(u, spread, rates, snr))
        assert (np.count_nonzero(symbols, axis=-1) == sent).all()
        received = symbols + np.sqrt(noise) * normal(rng, *symbols.shape)
        variance = np.full_like(symbols, noise)
        heard = array(decoder(received, variance, spread, rates, None, snr))
        errors = np.square(heard - u).reshape(-1, 5)
        copies = np.bincount(np.arange(sent) % 5, minlength=5)
        expected = np.where(copies > 0, noise / (noise + copies * spread[0, 0, 0]), 1.0)
        standard = errors.std(axis=0) / np.sqrt(len(errors))
        assert (np.abs(errors.mean(axis=0) - expected) <= 4.0 * standard + 1e-9).all()


@pytest.mark.parametrize("rests", [False, True])
def test_entropy_model(rests: bool, rng: np.random.Generator) -> None:
    model = EntropyModel(LATENTS, rests=rests)
    shake(model, rng)
    latents = 3.0 * normal(rng, 1, 6, 5, 5)
    eta, precision, before = np.float32([0.1]), np.float32([1.5]), normal(rng, 1, 6, 5, 3)
    told = (latents, eta, precision, before)
    code = {k: array(v) for k, v in model(*told).items()}
    assert np.array_equal(code["hyper"], np.round(code["hyper"]))
    assert code["hyper"].shape == (1, 6, 5, 3)
    assert np.array_equal(code["rates"], array(choose_rates(code["excess"], eta, LATENTS.ladder)))
    assert (code["bits"] > 0).all()
    assert (code["excess"] >= 0.0).all()
    assert (code["excess"] < code["bits"] + 1e-3).all()
    spared = EntropyModel(replace(LATENTS, spared=4.0), rests=rests)
    spared.set_weights(model.get_weights())
    for factor in (1.0, 0.5):
        less = np.maximum(code["excess"] - factor * 4.0, 0.0)
        rates = array(spared(*told, spared=factor)["rates"])
        assert np.array_equal(rates, array(choose_rates(less, eta, LATENTS.ladder)))
    location, raw = (array(x) for x in model.prior(code["hyper"], precision))
    assert np.array_equal(code["location"], location)
    assert np.allclose(code["scale"], MIN_SCALE + np.log1p(np.exp(raw)), rtol=1e-4)
    assert rests == np.allclose(code["scale"], code["scale"][0, 0, 0])
    cost = array(model.side.bits(code["hyper"], code["rates"], before, eta, precision))
    assert code["side_bits"][0] == pytest.approx(cost[0], rel=1e-5)
    # In training noise stands for rounding, but not in what sets the rates.
    noisy = {k: array(v) for k, v in model(*told, training=True).items()}
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
    codec = LatentCodec(replace(LATENTS, jscc=None), rests=True)
    shake(codec, rng)
    rates = np.array([[[0, 1, 0], [0, 3, 0]]], np.int32)
    hyper = np.zeros((1, 2, 3, 3), np.float32)
    hyper[0, 0, 0, 2] = -1.0
    told = {"snr_db": np.float32([10.0]), "precision": np.float32([1.0])}
    symbols, noise = normal(rng, 1, 2, 3, 8), np.ones((1, 2, 3, 8), np.float32)
    active = np.array([[True, True, False], [False, True, False]])[None, ..., None]
    assert np.array_equal(array(codec.active(rates, hyper)), active)
    latents = array(codec.decode(symbols, noise, rates, hyper, told))
    assert np.array_equal((latents != 0.0).any(axis=-1, keepdims=True), active)
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


def test_ladders() -> None:
    for sizes in PRESETS.values():
        for latents in (sizes.motion, sizes.feature, sizes.intra):
            assert latents.ladder[0] == 0
            assert list(latents.ladder) == sorted(set(latents.ladder))
            assert not any(k % 2 for k in latents.ladder)
            assert latents.hyper <= latents.channels
            assert (latents.jscc is not None) == (latents is sizes.intra)
        learned = sizes.intra.jscc
        assert learned is not None
        assert learned.width % learned.heads == 0
        assert sizes.intra.channels <= learned.width
