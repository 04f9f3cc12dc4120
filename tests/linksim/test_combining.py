"""Combining against one transmission that ought to be as good."""

import pytest

from linksim.combining import Combined, combining_gain
from linksim.errors import LinksimError
from linksim.link_config import LinkConfig


def _link(**options: object) -> LinkConfig:
    return LinkConfig(
        **{"channel": "awgn", "estimator": "perfect", "subcarriers": 12, "harq": 2} | options
    )


@pytest.mark.parametrize(
    ("combining", "modulation", "snr_db"), [("chase", "16qam", 4.0), ("ir", "16qam", 2.3)]
)
def test_two_transmissions_are_worth_one_within_a_fifth_of_a_decibel(
    combining: str, modulation: str, snr_db: float
) -> None:
    """Of the summed SNR, or of the code of half the rate: its curve 0.2 dB to either side."""
    config = _link(combining=combining, modulation=modulation)
    around = [snr_db - 0.2, snr_db, snr_db + 0.2]
    points: list[Combined] = [
        p for p in combining_gain(config, around, batches=3, seed=1) if p.transmissions == 2
    ]
    worse, at, better = points
    low, high = at.lost.interval()
    assert 0.02 < at.lost.rate < 0.5
    assert better.reference.rate < high
    assert low < worse.reference.rate
    assert better.reference.rate < 0.75 * worse.reference.rate  # the test can tell 0.4 dB


def test_more_than_one_block_a_slot_gives_one_line() -> None:
    for options in ({"subcarriers": 600}, {"interleave_slots": 2}, {"block_length": 288}):
        with pytest.raises(LinksimError, match="one code block is to fill one slot here"):
            list(combining_gain(_link(**options), [5.0], batches=1, seed=1))
