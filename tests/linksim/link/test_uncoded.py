"""Uncoded bit error rate against closed forms: 99 % intervals, at least 95 % of 40 points."""

import numpy as np
import pytest

from linksim.link.config import LinkConfig
from linksim.link.experiments.error_rate import theory_ber
from linksim.link.transceiver import OfdmTransceiver
from linksim.link.uncoded_link import UncodedLink
from linksim.montecarlo import Tally
from linksim.phy.modulations import MODULATIONS
from linksim.seeding import derive_seed

SNR_DB = {
    "qpsk": (0.0, 3.0, 6.0, 8.0, 10.0),
    "16qam": (2.0, 6.0, 10.0, 13.0, 16.0),
    "64qam": (5.0, 10.0, 15.0, 19.0, 22.0),
    "256qam": (8.0, 14.0, 20.0, 24.0, 28.0),
}


def _inside(
    channel: str, subcarriers: int, frames: int, batches: int, snr_offsets: tuple[float, ...]
) -> list[bool]:
    """Simulate every modulation at its SNRs; tell where the closed form lies in the interval."""
    inside = []
    for modulation in MODULATIONS:
        config = LinkConfig(
            channel=channel, modulation=modulation, estimator="perfect", subcarriers=subcarriers
        )
        link = UncodedLink(config, OfdmTransceiver(config))
        for snr_db in (s + o for s in SNR_DB[modulation] for o in snr_offsets):
            bits = sum(
                (
                    link.measure(snr_db, derive_seed(channel, snr_db, b), frames).bits
                    for b in range(batches)
                ),
                Tally(),
            )
            low, high = bits.interval(0.99)
            inside.append(bool(low <= theory_ber(config, snr_db) <= high))
            # An interval that holds the truth because it is huge would prove nothing.
            assert (high - low) / bits.rate < 0.8
    return inside


def test_awgn_and_rayleigh_per_resource_element() -> None:
    inside = _inside("awgn", 72, 128, 1, (0.0,)) + _inside(
        "rayleigh:coherence=re", 72, 128, 1, (0.0,)
    )
    assert len(inside) == 40
    assert np.mean(inside) >= 0.95


def test_slot_coherence_with_intervals_clustered_by_slot() -> None:
    inside = _inside("rayleigh", 12, 1024, 2, (0.0, 2.0))
    assert len(inside) == 40
    assert np.mean(inside) >= 0.95


def test_the_bits_of_one_fade_are_not_independent() -> None:
    config = LinkConfig(modulation="16qam", estimator="perfect")
    tally = UncodedLink(config, OfdmTransceiver(config)).measure(10.0, 1, 256).bits
    assert tally.effective_trials() < tally.trials / 100


@pytest.mark.parametrize("equalizer", ["zf", "lmmse"])
def test_both_equalisers_are_exact_for_one_antenna(equalizer: str) -> None:
    config = LinkConfig(channel="rayleigh:coherence=re", estimator="perfect", equalizer=equalizer)
    bits = UncodedLink(config, OfdmTransceiver(config)).measure(12.0, 2, 256).bits
    low, high = bits.interval(0.99)
    assert low <= theory_ber(config, 12.0) <= high
