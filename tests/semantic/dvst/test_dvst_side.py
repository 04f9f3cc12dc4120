"""Side information: its densities, what it costs, and that both ends agree on it."""

from collections.abc import Iterator

import keras
import numpy as np
import pytest
from keras import ops

from linksim.streams.range_coder import Decoder, Encoder
from semantic.dvst.bitstream.codec import Codec
from semantic.dvst.bitstream.gop import Conditions
from semantic.dvst.bitstream.side_info import SideInfo
from semantic.dvst.networks.layers import MIN_SCALE
from semantic.dvst.networks.model import DvstModel
from semantic.dvst.networks.side_density import PASSES, SideDensity, pass_mask
from semantic.dvst.networks.sizes import LatentSizes

LATENTS = LatentSizes(5, 3, 4.0, (0, 2, 4, 8), 8)
SIZE = (9, 14)
CONDITIONS = Conditions(10.0, 0.3, 1.7)

Maps = tuple[dict[str, np.ndarray], dict[str, np.ndarray]]


def array(x: object) -> np.ndarray:
    return ops.convert_to_numpy(x)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def density(rng: np.random.Generator) -> SideDensity:
    keras.utils.set_random_seed(0)
    side = SideDensity(LATENTS)
    for v in side.trainable_variables:
        v.assign(v + 0.2 * rng.normal(size=v.shape))
    return side


def maps(rng: np.random.Generator, batch: int = 1) -> tuple[np.ndarray, ...]:
    """Hyper-latents, rates and what was before, and what both ends are told."""
    hyper = np.round(rng.laplace(0.0, 1.0, (batch, *SIZE, 3))).astype(np.float32)
    rates = rng.integers(0, 4, (batch, *SIZE)).astype(np.int32)
    before = rng.uniform(size=(batch, *SIZE, 3)).astype(np.float32)
    eta, precision = (rng.uniform(0.2, 2.0, batch).astype(np.float32) for _ in range(2))
    return hyper, rates, before, eta, precision


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (9, 14)])
def test_each_position_is_in_one_pass(size: tuple[int, int]) -> None:
    masks = [pass_mask(size, part) for part in range(PASSES)]
    assert (np.sum(masks, axis=0) == 1).all()
    assert masks[0][0, 0]
    counts = [pass_mask((64, 64), part).mean() for part in range(PASSES)]
    assert counts == [1 / 16, 3 / 16, 1 / 4, 1 / 2]


def test_probabilities_sum_to_one(density: SideDensity, rng: np.random.Generator) -> None:
    hyper, rates, *told = maps(rng, 2)
    for part in range(PASSES):
        log2 = array(density.rate_log2(rates, *told, part))
        assert log2.shape == (2, *SIZE, 4)
        assert np.allclose(np.exp2(log2).sum(axis=-1), 1.0, atol=1e-5)
        location, scale = (array(x) for x in density.hyper_density(hyper, rates, *told, part))
        assert location.shape == scale.shape == hyper.shape
        assert (scale > MIN_SCALE).all()


@pytest.mark.parametrize("part", range(PASSES))
def test_density_sees_no_later_pass(
    part: int, density: SideDensity, rng: np.random.Generator
) -> None:
    hyper, rates, *told = maps(rng)
    here = pass_mask(SIZE, part)

    def densities(hyper: np.ndarray, rates: np.ndarray, alike: np.ndarray) -> list[np.ndarray]:
        seen = [density.rate_log2(rates, *told, part)]
        seen += density.hyper_density(hyper, alike, *told, part)
        return [array(x)[0][here] for x in seen]

    plain = densities(hyper, rates, rates)
    for other in range(PASSES):
        there = pass_mask(SIZE, other)[None]
        changed_hyper = np.where(there[..., None], hyper + 5.0, hyper)
        changed_rates = np.where(there, (rates + 1) % 4, rates).astype(np.int32)
        pairs = zip(plain, densities(changed_hyper, changed_rates, rates), strict=True)
        assert [np.array_equal(a, b) for a, b in pairs] == [other >= part] * 3
    # Rates are known before hyper-latents are, in all passes.
    turned = ((rates + 1) % 4).astype(np.int32)
    rate, location, scale = densities(hyper, rates, turned)
    assert np.array_equal(rate, plain[0])
    assert not np.allclose(location, plain[1])
    assert not np.allclose(scale, plain[2])


def test_density_knows_what_was_before(density: SideDensity, rng: np.random.Generator) -> None:
    hyper, rates, before, eta, precision = maps(rng)
    plain = array(density.bits(hyper, rates, before, eta, precision))
    for told in (
        (before + 1.0, eta, precision),
        (before, 2 * eta, precision),
        (before, eta, 2 * precision),
    ):
        assert not np.allclose(plain, array(density.bits(hyper, rates, *told)), rtol=1e-3)


def test_history_condenses_a_map(density: SideDensity, rng: np.random.Generator) -> None:
    hyper, rates, _, _, precision = maps(rng, 2)
    out = array(density.history(rates, hyper, precision))
    assert np.allclose(out[..., 0], np.array([0.0, 0.25, 0.5, 1.0])[rates])
    assert np.array_equal(out[..., 1], rates > 0)
    size = 4.0 * np.abs(hyper).mean(axis=-1) / precision[:, None, None]
    assert np.allclose(out[..., 2], np.minimum(size, 4.0), atol=1e-5)
    none = array(density.history(0 * rates, 0.0 * hyper, precision))
    assert not none.any()


@pytest.fixture(scope="module")
def model(tiny_codec: Codec) -> Iterator[DvstModel]:
    """A model whose densities are far from uniform, and its own again afterwards."""
    codec, rng = tiny_codec.model, np.random.default_rng(1)
    latents = (codec.intra.intra, codec.inter.motion, codec.inter.feature)
    variables = [v for part in latents for v in part.entropy.side.trainable_variables]
    before = [array(v) for v in variables]
    for v in variables:
        v.assign(v + 0.02 * rng.normal(size=v.shape))
    yield codec
    for v, value in zip(variables, before, strict=True):
        v.assign(value)


def film(intra: list[bool], size: tuple[int, int], *, seed: int = 0) -> list[tuple[bool, Maps]]:
    """Rates and hyper-latents of frames, some of whose parts are empty."""
    rng, found = np.random.default_rng(seed), []
    for t, alone in enumerate(intra):
        rates, hyper = {}, {}
        for part in ("intra",) if alone else ("motion", "feature"):
            some = rng.uniform(size=size) < (0.0 if (t + len(part)) % 5 == 0 else 0.6)
            rates[part] = (some * rng.integers(0, 4, size)).astype(np.int32)
            hyper[part] = np.round(some[..., None] * rng.laplace(0, 0.5, (*size, 2))).astype(
                np.int32
            )
        found.append((alone, (rates, hyper)))
    return found


def test_both_ends_have_the_same_maps(model: DvstModel) -> None:
    frames = film([True, False, False, False, True, False, False, False, False], (5, 7))
    empty = [not m.any() for _, (rates, _) in frames for m in rates.values()]
    assert 0 < sum(empty) < len(empty)
    writer, reader, encoder = SideInfo(model), SideInfo(model), Encoder()
    for intra, (rates, hyper) in frames:
        writer.write(encoder, intra, rates, hyper, CONDITIONS.arrays(intra=intra))
    decoder = Decoder(encoder.data())
    for intra, sent in frames:
        heard = reader.read(decoder, intra, (5, 7), CONDITIONS.arrays(intra=intra))
        for ours, theirs in zip(sent, heard, strict=True):
            assert list(ours) == list(theirs)
            assert all(np.array_equal(ours[part], theirs[part]) for part in ours)
            assert all(m.dtype == np.int32 for m in theirs.values())


def test_a_frame_without_reference_needs_none_before_it(model: DvstModel) -> None:
    frames, packets, writer = film([True, False, True, False], (4, 6)), [], SideInfo(model)
    for intra, (rates, hyper) in frames:
        encoder = Encoder()
        writer.write(encoder, intra, rates, hyper, CONDITIONS.arrays(intra=intra))
        packets.append(encoder.data())
    late = SideInfo(model)
    for packet, (intra, (rates, hyper)) in list(zip(packets, frames, strict=True))[2:]:
        told = CONDITIONS.arrays(intra=intra)
        seen = late.read(Decoder(packet), intra, (4, 6), told)
        assert all(np.array_equal(seen[0][part], rates[part]) for part in rates)
        assert all(np.array_equal(seen[1][part], hyper[part]) for part in hyper)


def test_bits_are_what_the_range_coder_needs(model: DvstModel) -> None:
    size, bits, parts = (24, 30), 0.0, 0
    writer, encoder, before = SideInfo(model), Encoder(), {}
    for intra, (rates, hyper) in film([True, False, False, True], size, seed=3):
        told = CONDITIONS.arrays(intra=intra)
        writer.write(encoder, intra, rates, hyper, told)
        codec = model.intra if intra else model.inter
        before = {} if intra else before
        for part in codec.PARTS:
            side, maps = getattr(codec, part).entropy.side, (rates[part][None], hyper[part][None])
            was = before.get(part, np.zeros((1, *size, 3), np.float32))
            whole = maps[1].astype(np.float32)
            if maps[0].any():
                bits += array(side.bits(whole, maps[0], was, told["eta"], told["precision"]))[0]
            if not intra:
                before[part] = array(side.history(maps[0], whole, told["precision"]))
            parts += 1
    assert bits > 1000
    assert 8 * len(encoder.data()) == pytest.approx(bits + parts, rel=0.01, abs=40)
