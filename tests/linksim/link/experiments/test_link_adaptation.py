"""Link adaptation and HARQ of many links against closed cases and the bit link."""

import numpy as np
import pytest
from scipy import stats

from linksim.errors import LinksimError
from linksim.link.bit_link import BitLink
from linksim.link.config import LinkConfig
from linksim.link.experiments.link_adaptation import ParallelLinks
from linksim.link.transceiver import OfdmTransceiver
from linksim.montecarlo import Tally
from linksim.phy.coding.mcs import scheme
from linksim.phy.coding.transport_block import transport_block


def _links(**options: object) -> ParallelLinks:
    sizes = {n: options.pop(n) for n in ("links", "slots", "warm_up") if n in options}
    config = LinkConfig(**{"subcarriers": 12, "estimator": "perfect", **options})
    return ParallelLinks(config, **{"links": 16, "slots": 40, "warm_up": 8, **sizes}, table=1)


def test_where_each_block_takes_two_transmissions() -> None:
    """At 3.5 dB MCS 13 always fails at first, and the second transmission always corrects it."""
    done = _links(channel="awgn", harq=4, feedback_delay_slots=3).run(13, 3.5, 1)
    assert (done.first.rate, done.residual.rate) == (1.0, 0.0)
    assert done.transmissions == 2
    assert done.delay_slots == 3 + 1
    payload = 8 * transport_block(scheme(1, 13), 12 * 12).payload_bytes
    assert done.throughput == pytest.approx(payload / 144 / 2, rel=0.1)
    assert done.mcs == 13


def test_lost_answers_cost_throughput_and_no_blocks() -> None:
    done = _links(channel="awgn", harq=2, feedback_delay_slots=0, feedback_loss=1.0).run(9, 20.0, 1)
    assert done.transmissions == 2
    assert (done.first.rate, done.residual.rate, done.delay_slots) == (0.0, 0.0, 1.0)
    payload = 8 * transport_block(scheme(1, 9), 12 * 12).payload_bytes
    assert done.throughput == pytest.approx(payload / 144 / 2)


def test_a_fixed_scheme_without_harq_is_the_same_after_any_delay() -> None:
    now, later = (
        _links(channel="rayleigh", feedback_delay_slots=delay, feedback_loss=0.1).run(13, 10.0, 1)
        for delay in (0, 5)
    )
    assert now == later
    assert 0 < now.first.rate < 1


def test_a_fixed_scheme_fails_as_often_as_in_the_digital_pipe() -> None:
    """Flat block fading, anew in each slot, of as many bits: Fisher's exact test at 1 %."""
    ours = _links(channel="rayleigh", links=32, slots=60).run(13, 10.0, 1).first
    block = transport_block(scheme(1, 13), 12 * 12)
    config = LinkConfig(subcarriers=12, estimator="perfect", modulation="16qam",
                        code_rate=block.info_bits / block.coded_bits)  # fmt: skip
    assert config.code_block().info_bits == block.info_bits
    link = BitLink(config, OfdmTransceiver(config))
    theirs = sum((link.measure(10.0, seed, 256).blocks for seed in range(6)), Tally())
    table = [[t.errors, t.trials - t.errors] for t in (ours, theirs)]
    assert stats.fisher_exact(table).pvalue > 0.01
    assert ours.trials == 32 * 52


def test_adaptation_meets_its_target_and_beats_fixed_schemes() -> None:
    """At 3 km/h, with reports of 4 bits that are 4 slots old."""
    links = _links(channel="tdl-a:delay_spread=10e-9", links=32, slots=400, warm_up=150)
    auto = links.run(None, 15.0, 1)
    low, high = auto.first.interval()
    assert low < 0.1 + 0.005
    assert high > 0.1 - 0.005
    assert high - low < 0.03
    best = max(links.run(mcs, 15.0, 1).throughput for mcs in (11, 16, 20))
    assert auto.throughput > 0.9 * best
    again = links.run(None, 15.0, 1)
    assert again == auto
    assert np.isfinite(auto.delay_slots)


def test_a_wide_grid_sends_several_code_blocks_a_slot() -> None:
    done = _links(channel="awgn", subcarriers=300, links=2, slots=6, warm_up=1).run(28, 30.0, 1)
    block = transport_block(scheme(1, 28), 300 * 12)
    assert block.segments == 3
    assert (done.first.rate, done.residual.rate) == (0.0, 0.0)
    assert done.throughput == pytest.approx(8 * block.payload_bytes / 3600)


def test_blocks_that_do_not_fill_a_slot_give_one_line() -> None:
    for options in ({"interleave_slots": 2}, {"block_length": 288}):
        with pytest.raises(LinksimError, match="use no block_length and no interleaving"):
            _links(**options)
