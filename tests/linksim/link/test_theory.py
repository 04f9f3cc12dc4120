"""Closed forms against brute force and numerical integration."""

import itertools

import numpy as np
import pytest
from scipy import integrate, special, stats

from linksim.link import theory
from linksim.phy.modulations import MODULATIONS


def _ber_by_decision_regions(modulation: str, snr: float) -> float:
    """Sum P(received in region j | sent i) * Hamming distance over one Gray-coded PAM rail."""
    bits = MODULATIONS[modulation].bits // 2
    levels = 2**bits
    points = np.arange(-levels + 1, levels, 2) * np.sqrt(1.5 / (levels**2 - 1))
    edges = np.concatenate([[-np.inf], (points[1:] + points[:-1]) / 2, [np.inf]])
    gray = [i ^ (i >> 1) for i in range(levels)]
    sigma = np.sqrt(0.5 / snr)
    total = 0.0
    for i, j in itertools.product(range(levels), repeat=2):
        low, high = (edges[j] - points[i]) / sigma, (edges[j + 1] - points[i]) / sigma
        total += (special.ndtr(high) - special.ndtr(low)) * (gray[i] ^ gray[j]).bit_count()
    return total / levels / bits


@pytest.mark.parametrize("modulation", MODULATIONS)
@pytest.mark.parametrize("snr", [0.5, 3.0, 20.0, 100.0])
def test_awgn_ber_is_the_sum_over_decision_regions(modulation: str, snr: float) -> None:
    expected = _ber_by_decision_regions(modulation, snr)
    assert theory.ber_awgn(modulation, snr) == pytest.approx(expected, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("modulation", MODULATIONS)
@pytest.mark.parametrize("snr", [1.0, 30.0])
def test_rayleigh_ber_is_the_average_over_fading(modulation: str, snr: float) -> None:
    average, _ = integrate.quad(
        lambda g: float(theory.ber_awgn(modulation, snr * g)) * np.exp(-g), 0, 50, limit=200
    )
    assert theory.ber_rayleigh(modulation, snr) == pytest.approx(average, rel=1e-6)


def test_outage_and_ergodic_capacity_by_integration() -> None:
    snr = 12.0
    gains = np.random.default_rng(0).exponential(size=400_000)
    below = np.mean(np.log2(1 + snr * gains) < 2.0)
    assert theory.outage_rayleigh(2.0, snr) == pytest.approx(below, abs=4 * np.sqrt(0.25 / 4e5))
    ergodic, _ = integrate.quad(lambda g: np.log2(1 + snr * g) * np.exp(-g), 0, 60)
    assert theory.ergodic_capacity_rayleigh(snr) == pytest.approx(ergodic, rel=1e-8)
    limit = theory.ergodic_limit_db(2.0)
    assert theory.ergodic_capacity_rayleigh(10 ** (limit / 10)) == pytest.approx(2.0)
    assert 4.77 < limit < 8.0  # above 10 log10(3), the limit without fading
    assert theory.awgn_capacity(3.0) == pytest.approx(2.0)


@pytest.mark.parametrize("modulation", MODULATIONS)
@pytest.mark.parametrize("k_factor", [0.0, 4.0, 1e5])
def test_rician_ber_is_the_average_over_fading(modulation: str, k_factor: float) -> None:
    snr = 30.0
    if k_factor == 0.0:
        expected = float(theory.ber_rayleigh(modulation, snr))
    elif k_factor == 1e5:
        expected = float(theory.ber_awgn(modulation, snr))
    else:  # |h|^2 is a noncentral chi-square variable of 2 degrees, over 2 (1 + K)
        gain = stats.ncx2(2, 2 * k_factor, scale=0.5 / (1 + k_factor))
        expected, _ = integrate.quad(
            lambda g: float(theory.ber_awgn(modulation, snr * g)) * gain.pdf(g), 0, 8, limit=200
        )
    assert theory.ber_rician(modulation, snr, k_factor) == pytest.approx(expected, rel=5e-3)


@pytest.mark.parametrize(
    ("modulation", "rate", "snr_db"),
    # Gray-mapped BICM: QPSK is two binary inputs of half the SNR each, at 1/2 bit 0.187 dB Eb/N0.
    [("qpsk", 1.0, 0.187), ("16qam", 2.0, 5.27)],
)
def test_bicm_capacity_is_the_known_one(modulation: str, rate: float, snr_db: float) -> None:
    assert theory.bicm_limit_db(modulation, rate) == pytest.approx(snr_db, abs=0.05)


@pytest.mark.parametrize("modulation", ["qpsk", "64qam", "256qam"])
def test_bicm_capacity_by_drawing(modulation: str) -> None:
    """ln P(bit | received) of symbols sent, from Sionna's labels."""
    kind, snr, rng = MODULATIONS[modulation], 12.0, np.random.default_rng(0)
    bits = rng.integers(0, 2, (400, kind.bits * 50)).astype(np.float32)
    sent = kind.mapper()(bits).numpy()
    noise = (rng.normal(size=sent.shape) + 1j * rng.normal(size=sent.shape)) * np.sqrt(0.5 / snr)
    llr = kind.demapper()((sent + noise).astype(np.complex64), np.full(sent.shape, 1 / snr, "f4"))
    lost = np.logaddexp(0.0, (1 - 2 * bits) * llr.numpy()) / np.log(2)
    drawn = kind.bits * (1 - lost.mean())
    reach = 5 * kind.bits * lost.std() / np.sqrt(lost.size)
    assert theory.bicm_capacity(modulation, snr) == pytest.approx(drawn, abs=reach)
    assert theory.bicm_capacity(modulation, snr) < theory.awgn_capacity(snr)


def test_bicm_capacity_has_its_limits() -> None:
    capacity = theory.bicm_capacity("16qam", np.array([1e-3, 1.0, 1e4]))
    assert capacity == pytest.approx([0.8e-3 / np.log(2), 0.9, 4.0], rel=0.01)
    assert (np.diff(capacity) > 0).all()
    fading = theory.ergodic_bicm_rayleigh("16qam", 10.0)
    gains = np.random.default_rng(0).exponential(size=2000)
    drawn = theory.bicm_capacity("16qam", 10.0 * gains)
    assert fading == pytest.approx(drawn.mean(), abs=5 * drawn.std() / np.sqrt(2000))
