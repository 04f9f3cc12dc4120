"""Redundancy versions against Sionna's encoder and against the standard, step by step."""

from itertools import pairwise

import numpy as np
import pytest
from sionna.phy.fec.ldpc import LDPC5GEncoder

from linksim.phy.coding.rate_matching import MotherEncoder, RateMatcher, gather, select

CODES = [(1728, 3456, 4), (48, 1728, 2), (4800, 5184, 6), (600, 1200, 2), (568, 1440, 8)]
"""k, n and bits per symbol: base graph 2 whole, with repetition, base graph 1, with fillers."""


def _bits(blocks: int, k: int) -> np.ndarray:
    return np.random.default_rng(k).integers(0, 2, (blocks, k)).astype(np.float32)


@pytest.mark.parametrize(("k", "n", "order"), [c for c in CODES if c[0] / c[1] >= 0.2])
def test_version_0_is_sionnas_encoder_bit_for_bit(k: int, n: int, order: int) -> None:
    bits = _bits(3, k)
    encoder = MotherEncoder(k, n)
    mother = encoder(bits).numpy()
    sent = RateMatcher(select(encoder, 0, n), order).send(mother)
    np.testing.assert_array_equal(sent, LDPC5GEncoder(k, n, num_bits_per_symbol=order)(bits))
    assert not (encoder.pcm @ mother.T % 2).any()


def _as_the_standard_says(mother: np.ndarray, encoder: MotherEncoder, version: int, e: int,
                          order: int) -> list[float]:  # fmt: skip
    """Clauses 5.4.2.1 and 5.4.2.2 as they are written, for one code word."""
    z = encoder.z
    d = [None if encoder.k <= i < encoder.k_ldpc else b for i, b in enumerate(mother)][2 * z :]
    n_cb = len(d)
    assert n_cb in (66 * z, 50 * z)
    factors = {66: (0, 17, 33, 56), 50: (0, 13, 25, 43)}[n_cb // z]
    k0 = factors[version] * z  # floor(factor N_cb / N) Z with N_cb = N
    chosen, j = [], 0
    while len(chosen) < e:
        bit = d[(k0 + j) % n_cb]
        if bit is not None:
            chosen.append(bit)
        j += 1
    out = [0.0] * e
    for j in range(e // order):
        for i in range(order):
            out[i + j * order] = chosen[i * (e // order) + j]
    return out


@pytest.mark.parametrize("version", range(4))
@pytest.mark.parametrize(("k", "n", "order"), CODES)
def test_versions_are_those_of_the_standard(k: int, n: int, order: int, version: int) -> None:
    encoder = MotherEncoder(k, n)
    mother = encoder(_bits(1, k)).numpy()
    sent = RateMatcher(select(encoder, version, n), order).send(mother)
    assert sent[0].tolist() == _as_the_standard_says(mother[0], encoder, version, n, order)


@pytest.mark.parametrize(("k", "n", "order"), CODES)
def test_soft_bits_come_back_to_where_they_were_taken_from(k: int, n: int, order: int) -> None:
    encoder = MotherEncoder(k, n)
    mother = encoder(_bits(2, k)).numpy()
    buffer, times = np.zeros_like(mother), np.zeros(mother.shape[1])
    for version in (0, 2, 0):
        matcher = RateMatcher(select(encoder, version, n), order)
        matcher.combine(buffer, 2.0 * matcher.send(mother) - 1.0)
        np.add.at(times, matcher.positions, 1)
    np.testing.assert_array_equal(buffer, (2.0 * mother - 1.0) * times)
    assert times.max() >= 2
    assert not times[: 2 * encoder.z].any()
    assert not times[encoder.k : encoder.k_ldpc].any()


@pytest.mark.parametrize(("k", "n", "order"), CODES)
def test_versions_gathered_are_the_same_bits_in_the_order_of_the_buffer(
    k: int, n: int, order: int
) -> None:
    encoder = MotherEncoder(k, n)
    versions = [select(encoder, version, n) for version in (0, 2, 3)]
    places = gather(versions)
    np.testing.assert_array_equal(np.sort(places), np.sort(np.concatenate(versions)))
    turns = np.split(places, np.flatnonzero(np.diff(places) <= 0) + 1)
    for earlier, later in pairwise(turns):
        assert np.isin(later, earlier).all()
    np.testing.assert_array_equal(gather(versions[:1]), versions[0])
