"""Closed forms against brute force and numerical integration."""

import itertools

import numpy as np
import pytest
from scipy import integrate, special

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
