"""Streams with an MCS of their own in every slot: which, after which report, at what cost."""

from functools import lru_cache

import numpy as np
import pytest
import tensorflow as tf

from linksim.endpoint import BitStream, Encoded
from linksim.errors import LinksimError
from linksim.link.accounting import channel_uses
from linksim.link.adaptation.adaptive_link import (
    AdaptedTransmission,
    AdaptiveBitLink,
    AdaptiveSender,
)
from linksim.link.adaptation.outer_loop import START_DB, OuterLoop
from linksim.link.bit_link import BitLink
from linksim.link.config import LinkConfig
from linksim.link.cqi import needed_snr
from linksim.link.framing import unpack
from linksim.link.transceiver import OfdmTransceiver
from linksim.link.transmission import Link
from linksim.phy.coding.mcs import MCS_TABLES, Mcs
from linksim.phy.coding.transport_block import transport_block
from linksim.phy.effective_sinr import beta_of

SMALL = {"subcarriers": 36, "estimator": "perfect"}
RNG = np.random.default_rng(0)
PACKETS = tuple(RNG.bytes(int(size)) for size in RNG.integers(1, 120, 400))


@lru_cache
def _link(config: LinkConfig) -> AdaptiveBitLink:
    return AdaptiveBitLink(config, OfdmTransceiver(config))


def _send(snr_db: float, packets: tuple[bytes, ...] = PACKETS, **options) -> AdaptedTransmission:
    link = _link(LinkConfig(**{**SMALL, **options}))
    fading = link.transceiver.realisation(1)
    sender = AdaptiveSender(link, snr_db, 1, fading, reported_slot=0, first_slot=64)
    sent = sender.send(packets, 64)
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
    block = transport_block(scheme, 12 * 36)
    rate = block.info_bits / block.coded_bits
    config = LinkConfig(**SMALL, channel="awgn", modulation=scheme.modulation, code_rate=rate)
    assert config.code_block().info_bits == block.info_bits
    blocks = BitLink(config, OfdmTransceiver(config)).measure(12.0, 1, 1024).blocks
    spread = np.sqrt(blocks.rate * (1 - blocks.rate) * (1 / len(mine) + 1 / 1024))
    assert 0.05 < blocks.rate < 0.9
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


def test_the_seed_decides_all_whatever_follows() -> None:
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


def _heard(monkeypatch: pytest.MonkeyPatch) -> tuple[list[int], list[float]]:
    """Return lists that fill with the answers that loops are told, and what they start from."""
    answers, starts = list[int](), list[float]()
    choose, reset = OuterLoop.choose, OuterLoop.reset

    def choosing(loop: OuterLoop, reports: np.ndarray, acknowledged: np.ndarray, sent: np.ndarray):
        answers.append(int(acknowledged[0]))
        return choose(loop, reports, acknowledged, sent)

    def resetting(loop: OuterLoop, start_db: float = START_DB) -> None:
        starts.append(start_db)
        reset(loop, start_db)

    monkeypatch.setattr(OuterLoop, "choose", choosing)
    monkeypatch.setattr(OuterLoop, "reset", resetting)
    return answers, starts


@pytest.mark.parametrize("delay", [0, 6])
def test_an_answer_is_known_a_round_trip_later(delay: int, monkeypatch: pytest.MonkeyPatch) -> None:
    answers, _ = _heard(monkeypatch)
    sent = _send(5.0, PACKETS[:200], channel="rayleigh", feedback_delay_slots=delay)
    wait = max(1, delay)
    assert answers[:wait] == [-1] * wait
    assert answers[wait:] == sent.first_ok.astype(int).tolist()[:-wait]
    assert 0 in answers


def test_the_loop_starts_from_what_old_reports_promised_too_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of one slot's report and that of another, which differ as two draws of |h|² do."""
    _, starts = _heard(monkeypatch)
    cases = ({"channel": "awgn"}, {"feedback_delay_slots": 0}, {"feedback_loss": 1.0}, {})
    for options in cases:
        starts.clear()
        _send(20.0, PACKETS[:1], **{"channel": "rayleigh", "feedback_bits": 8, **options})
        excess = starts[-1] - START_DB
        if options:
            assert excess == pytest.approx(0.0, abs=1.0)
        else:  # 90 % of the ratio of two exponential variables is below 9
            assert excess == pytest.approx(10 * np.log10(9), abs=3.5)


def test_the_streams_of_a_transmission_share_one_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    answers, starts = _heard(monkeypatch)
    link = Link(LinkConfig(**SMALL, channel="awgn", feedback_delay_slots=3))
    names = ("a", "fixed", "b")
    streams = [BitStream(n, PACKETS[:60], None, None, n != "fixed") for n in names]
    link.transmit(Encoded(tuple(streams[:1])), 12.0, 1)
    answers.clear()
    starts.clear()
    sent = link.transmit(Encoded(tuple(streams)), 12.0, 1)
    assert len(starts) == 1
    blocks = len(sent.block_ok["a"]) + len(sent.block_ok["b"])
    # What the last three brought is known when nothing is left to be sent.
    assert len(answers) - answers.count(-1) == blocks - 3


def test_several_streams_are_adapted_by_the_sinr_after_detection() -> None:
    """Zero forcing leaves 1/2 / (N0 [(H^H H)^-1]_kk) of each of two streams."""
    config = LinkConfig(**SMALL, channel="rayleigh:tx_antennas=2,rx_antennas=2", equalizer="zf")
    transceiver = OfdmTransceiver(config)
    h, no = transceiver.realisation(1).slots(0, 20), 0.01
    h_flat = h.numpy().reshape(20, 2, 2, -1)[..., 0]
    inverse = np.linalg.inv(h_flat.conj().swapaxes(1, 2) @ h_flat)
    variance = 2 * no * np.real(np.diagonal(inverse, axis1=1, axis2=2))
    measured_snr = transceiver.measure_snr(h, tf.constant(no)).numpy()
    schemes = MCS_TABLES[1]
    for sinr, measured in zip(1 / variance, measured_snr, strict=True):
        betas = np.array([beta_of(mcs) for mcs in schemes])
        effective = -betas * np.log(np.exp(-sinr / betas[:, np.newaxis]).mean(axis=1))
        borne = np.flatnonzero(effective >= [needed_snr(mcs) for mcs in schemes])
        expected = effective[borne.max(initial=0)]
        assert measured == pytest.approx(expected, rel=1e-3)
        assert sinr.min() * 0.999 < expected < sinr.mean() * 1.001


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
        ({"block_length": 200}, "use no block_length"),
        ({"interleave_slots": 4}, "no interleaving"),
        ({"mcs_table": 3}, "a slot carries 3 bytes at MCS 0 of table 3"),
        ({"subcarriers": 22}, "a slot carries 7 bytes at MCS 0 of table 1"),
        ({"subcarriers": 91, "mcs_table": 3}, "a slot carries 7 bytes at MCS 0 of table 3"),
    ],
)
def test_links_that_cannot_adapt_say_so(options: dict, line: str) -> None:
    with pytest.raises(LinksimError, match=line):
        _link(LinkConfig(**{**SMALL, **options}))


def test_streams_that_cannot_be_adapted_say_so() -> None:
    stream = BitStream("a", PACKETS, adaptive=True)
    with pytest.raises(LinksimError, match="stream 'a' takes is known only when it has been sent"):
        channel_uses(Encoded((stream,)), LinkConfig())
    with pytest.raises(ValueError, match="adaptive stream 'a' has no MCS"):
        BitStream("a", PACKETS, Mcs("qpsk", 0.5), adaptive=True)
    with pytest.raises(LinksimError, match="mcs_table must be between 1 and 3"):
        LinkConfig(mcs_table=4)
