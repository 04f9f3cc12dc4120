"""HARQ in the bit link: what is sent again, when, at what cost, and what it gains."""

from functools import lru_cache

import numpy as np
import pytest

from linksim.endpoint import BitStream, Encoded
from linksim.errors import LinksimError
from linksim.link.bit_link import BitLink, BitTransmission
from linksim.link.config import LATER_FIELDS, LinkConfig
from linksim.link.transceiver import OfdmTransceiver
from linksim.link.transmission import Link

SMALL = {"subcarriers": 12, "channel": "awgn", "estimator": "perfect", "harq": 4}


@lru_cache
def _link(config: LinkConfig) -> BitLink:
    return BitLink(config, OfdmTransceiver(config))


def _send(blocks: int, snr_db: float, **options: object) -> BitTransmission:
    link = _link(LinkConfig(**{**SMALL, **options}))
    size = link.block.payload_bytes
    payload = np.random.default_rng(0).bytes(blocks * size)
    sent = link.transmit(payload, snr_db, 1)
    for i, block in enumerate(sent.blocks):
        assert block is None or block == payload[i * size : (i + 1) * size]
    return sent


@pytest.mark.parametrize("delay", [0, 100])
def test_a_block_is_sent_again_a_round_trip_later(delay: int) -> None:
    """At 4 dB 16QAM of rate 1/2 always fails, and the second transmission always corrects it."""
    sent = _send(20, 4.0, feedback_delay_slots=delay)
    assert sent.block_ok.all()
    assert (sent.attempts == 2).all()
    assert (sent.delay_slots == max(delay, 1) + 1).all()
    assert sent.channel_uses == 40 * 12 * 12
    assert sent.overhead_uses == 40 * 12 * 2
    assert np.isfinite(sent.snr).sum() == 40  # the other slots wait for an answer


def test_what_arrives_at_once_costs_nothing_more() -> None:
    once, harq = (_send(7, 20.0, harq=most) for most in (1, 4))
    assert harq.blocks == once.blocks
    assert (harq.channel_uses, harq.overhead_uses) == (once.channel_uses, once.overhead_uses)
    for sent in (once, harq):
        assert sent.attempts.tolist() == sent.delay_slots.tolist() == [1] * 7


def test_fewer_blocks_are_lost_and_every_transmission_is_charged() -> None:
    fading = {"channel": "rayleigh", "estimator": "ls-linear"}
    once, ir = (_send(150, 8.0, harq=most, **fading) for most in (1, 3))
    chase = _send(150, 8.0, harq=3, combining="chase", **fading)
    assert once.block_ok.mean() < 0.6 < 0.85 < ir.block_ok.mean()
    assert once.block_ok.mean() < chase.block_ok.mean()
    assert ir.attempts.sum() < chase.attempts.sum()
    for sent in (ir, chase):
        assert sent.channel_uses == sent.attempts.sum() * 12 * 12
        assert (sent.attempts[~sent.block_ok] == 3).all()
        assert (sent.delay_slots[~sent.block_ok] == 0).all()
    again = _send(150, 8.0, harq=3, **fading)
    assert again.blocks == ir.blocks
    np.testing.assert_array_equal(again.snr, ir.snr)


def test_a_lost_acknowledgement_has_the_block_sent_again() -> None:
    sent = _send(10, 20.0, feedback_loss=1.0)
    assert sent.block_ok.all()
    assert (sent.attempts == 4).all()
    assert (sent.delay_slots == 1).all()
    some = _send(100, 20.0, feedback_loss=0.3).attempts.mean()
    assert some == pytest.approx(1 + 0.3 + 0.3**2 + 0.3**3, abs=0.25)


def test_several_blocks_share_a_frame_of_several_slots() -> None:
    sent = _send(13, 3.2, interleave_slots=4, block_length=200, feedback_delay_slots=6)
    assert sent.block_ok.all()
    assert sent.attempts.max() > 1
    assert sent.channel_uses % (4 * 12 * 12) == 0
    # What a frame of 4 slots brought is known 6 slots after its last: in the third frame from it.
    assert (sent.delay_slots == 4 + (sent.attempts - 1) * 3 * 4).all()


def test_streams_of_a_link_report_what_harq_took() -> None:
    packets = Encoded((BitStream("bits", (bytes(300),)),))
    link = Link(LinkConfig(**SMALL))
    sent = link.transmit(packets, 4.0, 1)
    assert sent.harq["bits"].transmissions == 2
    assert sent.harq["bits"].delay_slots == 5
    assert dict(sent.received.streams["bits"].packets) == {0: bytes(300)}
    assert sent.block_errors.errors == 0
    assert Link(LinkConfig(**{**SMALL, "harq": 1})).transmit(packets, 4.0, 1).harq == {}


def test_links_without_harq_are_what_they_were() -> None:
    fields = LinkConfig().identity()
    assert not set(LATER_FIELDS) & set(fields)
    assert LinkConfig(harq=1, combining="ir", pilots="2+11").identity() == fields
    assert LinkConfig(harq=2).identity() == {**fields, "harq": 2}
    assert LinkConfig(noise="estimated").identity() == {**fields, "noise": "estimated"}


@pytest.mark.parametrize(
    ("options", "line"),
    [({"harq": 0}, "harq must be between 1 and 32"), ({"combining": "chased"}, "'chase'")],
)
def test_harq_that_cannot_be_gives_one_line(options: dict, line: str) -> None:
    with pytest.raises(LinksimError, match=line):
        LinkConfig(**options)
