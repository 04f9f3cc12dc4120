"""Streams with an MCS of their own in every slot: which, after which report, at what cost."""

from functools import lru_cache

import numpy as np
import pytest

from linksim.accounting import channel_uses
from linksim.adaptive_bits import AdaptedTransmission, AdaptiveBitLink, AdaptiveSender
from linksim.bits import BitLink
from linksim.endpoint import BitStream, Encoded, Mcs
from linksim.errors import LinksimError
from linksim.framing import unpack
from linksim.front_end import FrontEnd
from linksim.link_config import LinkConfig
from linksim.mcs_tables import MCS_TABLES
from linksim.transmission import Link

SMALL = {"subcarriers": 36, "estimator": "perfect"}
RNG = np.random.default_rng(0)
PACKETS = tuple(RNG.bytes(int(size)) for size in RNG.integers(1, 120, 400))


@lru_cache
def _link(config: LinkConfig) -> AdaptiveBitLink:
    return AdaptiveBitLink(config, FrontEnd(config))


def _send(snr_db: float, packets: tuple[bytes, ...] = PACKETS, **options) -> AdaptedTransmission:
    link = _link(LinkConfig(**{**SMALL, **options}))
    fading = link.front_end.fading(1)
    sent = AdaptiveSender(link, snr_db, 1, fading, 0).send(packets, 64)
    got = unpack(sent.blocks)
    assert all(packets[i] == packet for i, packet in got.items())
    if sent.block_ok.all():
        assert len(got) == len(packets)
    return sent


def test_what_a_good_channel_carries_is_that_of_the_fastest_scheme() -> None:
    sent = _send(40.0, channel="awgn")
    assert (sent.mcs == 28).all()
    assert sent.block_ok.all()
    size = _link(LinkConfig(**SMALL, channel="awgn")).payload_bytes(28)
    assert len(sent.blocks) == pytest.approx(sum(map(len, PACKETS)) / size, rel=0.2)
    assert sent.channel_uses == len(sent.blocks) * 36 * 12
    assert sent.overhead_uses == len(sent.blocks) * 36 * 2
    assert sent.attempts.tolist() == sent.delay_slots.tolist() == [1] * len(sent.blocks)
    assert sent.bit_errors == 0


def test_one_block_in_ten_fails_in_the_long_run() -> None:
    """Each failure is 0.2 dB, each success -0.2/9 dB, and the offset stays about where it is."""
    sent = _send(12.0, PACKETS * 3, channel="awgn")
    settled = sent.first_ok[len(sent.first_ok) // 3 :]
    assert len(settled) > 250
    assert 1 - settled.mean() == pytest.approx(0.1, abs=0.03)


@pytest.mark.parametrize("delay", [0, 3])
def test_the_scheme_follows_reports_of_the_right_age(delay: int) -> None:
    """Slots fade by themselves, so what is chosen knows of no slot but that of the report."""
    sent = _send(20.0, channel="rayleigh", feedback_delay_slots=delay)
    snr_db = 10.0 * np.log10(sent.snr)
    like = [np.corrcoef(sent.mcs[lag:], snr_db[: len(snr_db) - lag])[0, 1] for lag in range(6)]
    assert np.argmax(like) == delay
    assert like[delay] > 0.8
    assert max(abs(x) for lag, x in enumerate(like) if lag != delay) < 0.35


def test_blocks_fail_as_those_of_the_digital_pipe_at_that_scheme() -> None:
    """AWGN, at the scheme that most failures are of; the other way to count is `BitLink`."""
    sent = _send(12.0, PACKETS * 3, channel="awgn")
    mcs = np.bincount(sent.mcs[~sent.first_ok]).argmax()
    mine, scheme = sent.first_ok[sent.mcs == mcs], MCS_TABLES[1][mcs]
    config = LinkConfig(
        **SMALL, channel="awgn", modulation=scheme.modulation, code_rate=scheme.code_rate
    )
    blocks = BitLink(config, FrontEnd(config)).measure(12.0, 1, 1024).blocks
    spread = np.sqrt(blocks.rate * (1 - blocks.rate) * (1 / len(mine) + 1 / 1024))
    assert 0.2 < blocks.rate < 0.9
    assert abs(1 - mine.mean() - blocks.rate) < 3.3 * spread + 1 / len(mine)


def test_without_reports_and_answers_the_slowest_scheme_is_sent() -> None:
    sent = _send(30.0, PACKETS[:30], channel="awgn", feedback_loss=1.0, harq=2)
    assert (sent.mcs == 0).all()
    assert (sent.attempts == 2).all()
    assert (sent.delay_slots == 1).all()


def test_what_fails_is_sent_again_at_its_scheme() -> None:
    once, harq = (_send(15.0, channel="rayleigh", harq=most) for most in (1, 4))
    assert once.block_ok.mean() < 0.95 < harq.block_ok.mean()
    assert harq.attempts.max() > 1
    assert harq.channel_uses == harq.attempts.sum() * 36 * 12
    late = harq.delay_slots[harq.block_ok]
    assert set(late[late > 1] - 1) <= {4, 8, 12}  # a round trip of four slots, up to three times
    assert (harq.first_ok == (harq.delay_slots == 1)).all()


def test_streams_share_one_loop_and_the_seed_decides_all() -> None:
    link = Link(LinkConfig(**SMALL, channel="tdl-a", harq=2))
    both = Encoded(
        (
            BitStream("a", PACKETS, adaptive=True),
            BitStream("fixed", PACKETS[:20], Mcs("qpsk", 0.3)),
            BitStream("b", PACKETS[:80], adaptive=True),
        )
    )
    first, again = link.transmit(both, 15.0, 3), link.transmit(both, 15.0, 3)
    assert set(first.adaptation) == {"a", "b"}
    assert set(first.harq) == {"a", "fixed", "b"}
    assert first.adaptation == again.adaptation
    assert first.received.streams["b"].packets == again.received.streams["b"].packets
    alone = link.transmit(Encoded(both.streams[:1]), 15.0, 3)
    assert alone.adaptation["a"] == first.adaptation["a"]
    assert first.adaptation["a"].first_errors.trials == first.block_ok["a"].size


def test_a_table_of_higher_orders_carries_more() -> None:
    sent = _send(40.0, channel="awgn", mcs_table=2)
    assert {MCS_TABLES[2][mcs].modulation for mcs in sent.mcs} == {"256qam"}
    assert len(sent.blocks) < len(_send(40.0, channel="awgn").blocks)


def test_nothing_to_send_takes_no_slot() -> None:
    sent = _send(10.0, ())
    assert (sent.blocks, sent.channel_uses, len(sent.snr)) == ((), 0, 0)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"subcarriers": 300}, "one code block is to fill one slot here"),
        ({"interleave_slots": 4}, "no interleaving"),
        ({"mcs_table": 3}, "leaves no payload"),
        ({"subcarriers": 24}, "a slot carries 5 bytes at MCS 0 of table 1"),
    ],
)
def test_links_that_cannot_adapt_say_so(options: dict, line: str) -> None:
    with pytest.raises(LinksimError, match=line):
        _link(LinkConfig(**{**SMALL, **options}))


def test_streams_that_cannot_be_adapted_say_so() -> None:
    stream = BitStream("a", PACKETS, adaptive=True)
    with pytest.raises(LinksimError, match="stream 'a' takes is known only when it has been sent"):
        channel_uses(Encoded((stream,)), LinkConfig())
    with pytest.raises(ValueError, match="'a' is adaptive"):
        BitStream("a", PACKETS, Mcs("qpsk", 0.5), adaptive=True)
    with pytest.raises(LinksimError, match="mcs_table must be between 1 and 3"):
        LinkConfig(mcs_table=4)
