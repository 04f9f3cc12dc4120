"""Combining against one transmission that ought to be as good."""

from math import sqrt

import pytest

from linksim.errors import LinksimError
from linksim.link.config import LinkConfig
from linksim.link.experiments.combining_gain import combining_gain
from linksim.montecarlo import Tally


def _link(**options: object) -> LinkConfig:
    return LinkConfig(
        **{"channel": "awgn", "estimator": "perfect", "subcarriers": 12, "harq": 2} | options
    )


@pytest.mark.parametrize(
    ("combining", "reference", "modulation", "code_rate", "snr_db"),
    [
        ("chase", "mother", "16qam", 0.5, 3.2),
        ("ir", "mother", "qpsk", 0.75, -0.1),
        ("ir", "mother", "16qam", 0.5, 2.05),
        ("ir", "bits", "64qam", 0.75, 8.35),
    ],
)
def test_two_transmissions_are_worth_one_within_a_fifth_of_a_decibel(
    combining: str, reference: str, modulation: str, code_rate: float, snr_db: float
) -> None:
    """They lose fewer blocks than the one does at 0.2 dB less, and more than at 0.2 dB more.

    Each with 95 % confidence.
    """
    config = _link(combining=combining, modulation=modulation, code_rate=code_rate, subcarriers=24)
    around = [snr_db - 0.2, snr_db, snr_db + 0.2]
    points = combining_gain(config, around, batches=4, seed=1, reference=reference)
    worse, at, better = (p for p in points if p.transmissions == 2)
    assert 0.03 < at.lost.rate < 0.3
    assert _fewer(at.lost, worse.reference)
    assert _fewer(better.reference, at.lost)


def _fewer(some: Tally, others: Tally) -> bool:
    """Tell whether a rate is below another, by the normal test of two proportions at 95 %."""
    spread = sqrt(sum(t.rate * (1.0 - t.rate) / t.trials for t in (some, others)))
    return others.rate - some.rate > 1.645 * spread


def test_more_than_one_block_a_slot_gives_one_line() -> None:
    for options in ({"subcarriers": 600}, {"interleave_slots": 2}, {"block_length": 288}):
        with pytest.raises(LinksimError, match="one code block is to fill one slot here"):
            list(combining_gain(_link(**options), [5.0], batches=1, seed=1))
