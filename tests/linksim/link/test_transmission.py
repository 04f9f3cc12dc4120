"""Whole transmissions: both links, side information, accounting, clusters of lost blocks."""

import numpy as np
import pytest

from linksim.endpoint import BitStream, Csi, Encoded, Endpoint, Mcs, Received, SymbolStream
from linksim.errors import LinksimError
from linksim.link.config import LinkConfig
from linksim.link.ideal import delivered
from linksim.link.results import Accounting
from linksim.link.sending import send
from linksim.link.transmission import CSI_SLOTS, Link
from linksim.media import Clip
from linksim.phy.channels.realisation import ChannelRealisation

RNG = np.random.default_rng(0)
PACKETS = tuple(RNG.bytes(int(n)) for n in RNG.integers(10, 120, 60))
LATENTS = RNG.normal(size=3001).astype(np.float32)
BOTH = Encoded((BitStream("bits", PACKETS), SymbolStream("latents", LATENTS)), b"size 1x1")


def _link(**options: object) -> Link:
    return Link(LinkConfig(**{"subcarriers": 24, **options}))


@pytest.mark.parametrize("depth", [1, 4])
def test_accounting_adds_up_to_the_resource_elements(depth: int) -> None:
    sent = _link(channel="awgn", interleave_slots=depth).transmit(BOTH, 25.0, 1)
    assert sent.accounting == sum(sent.per_stream.values(), Accounting())
    assert sent.accounting.payload_bits == 8 * sum(map(len, PACKETS))
    assert sent.accounting.side_info_bits == 8 * 8 + 16
    for cost in sent.per_stream.values():
        elements = cost.channel_uses + cost.overhead_uses
        assert elements % (depth * 24 * 14) == 0
        assert cost.overhead_uses * 7 == elements  # two pilot symbols of fourteen
    latents = sent.per_stream["latents"]
    assert latents.channel_uses >= 3001 / 2 > latents.channel_uses - depth * 24 * 12
    assert set(sent.per_stream) == {"bits", "latents", "set-up"}


def test_what_arrives_is_what_was_sent_or_is_missing() -> None:
    link = _link(channel="rayleigh")
    clean = link.transmit(BOTH, 60.0, 1).received
    assert clean.setup == b"size 1x1"
    assert dict(clean.streams["bits"].packets) == dict(enumerate(PACKETS))
    faded = link.transmit(BOTH, 14.0, 1)
    packets = faded.received.streams["bits"].packets
    assert 0 < len(packets) < len(PACKETS)
    assert all(PACKETS[i] == p for i, p in packets.items())
    error = faded.received.streams["latents"].latents - LATENTS
    stated = faded.received.streams["latents"].noise_variance
    assert np.mean(error**2 / stated) == pytest.approx(1.0, abs=0.15)


def test_streams_have_their_own_fades_and_the_seed_decides_all() -> None:
    link = _link(channel="rayleigh")
    twins = Encoded((BitStream("a", PACKETS), BitStream("b", PACKETS)))
    first, again = link.transmit(twins, 10.0, 3), link.transmit(twins, 10.0, 3)
    assert (first.block_ok["a"] != first.block_ok["b"]).any()
    for name in "ab":
        np.testing.assert_array_equal(first.block_ok[name], again.block_ok[name])
    # The first stream fares the same whatever follows it.
    alone = link.transmit(Encoded((BitStream("a", PACKETS),)), 10.0, 3)
    np.testing.assert_array_equal(alone.block_ok["a"], first.block_ok["a"])


def test_a_robust_stream_survives_where_the_links_mcs_does_not() -> None:
    streams = (BitStream("plain", PACKETS), BitStream("robust", PACKETS, Mcs("qpsk", 0.3)))
    sent = _link(channel="awgn").transmit(Encoded(streams), 3.0, 1)
    assert not sent.block_ok["plain"].any()
    assert sent.block_ok["robust"].all()


def test_lost_blocks_are_clustered_by_the_fades_they_share() -> None:
    many = Encoded((BitStream("bits", PACKETS * 20),))
    slot = _link(channel="rayleigh").transmit(many, 12.0, 1).block_errors
    assert slot.clusters == slot.trials
    eight = _link(channel="rayleigh:coherence=8").transmit(many, 12.0, 1).block_errors
    first = CSI_SLOTS + 4
    assert eight.clusters == len({slot // 8 for slot in range(first, first + eight.trials)})
    assert eight.effective_trials() < 0.4 * eight.trials
    deep = Encoded((BitStream("bits", PACKETS * 20, interleave_slots=16),))
    sixteen = _link(channel="rayleigh:coherence=8").transmit(deep, 12.0, 1).block_errors
    assert sixteen.clusters == -(-(sixteen.trials + 4) // 32)  # two frames, as one may lie astride
    few = Encoded((BitStream("bits", PACKETS * 4),))
    doppler = _link(channel="tdl-a").transmit(few, 12.0, 1).block_errors
    assert (doppler.clusters, doppler.trials > 200) == (1, True)
    low, high = doppler.interval()
    assert high - low > 0.8  # one realisation says next to nothing


@pytest.mark.parametrize("harq", [1, 3])
def test_streams_share_the_clusters_of_the_channel(harq: int) -> None:
    """Two streams in slots 68 to 117 and on: one coherence interval of 50 ends with slot 99."""
    link = _link(channel="rayleigh:coherence=50", harq=harq)
    block = link.config.code_block().payload_bytes
    packets = (bytes(20 * block - 50),)
    sent = link.transmit(Encoded((BitStream("a", packets), BitStream("b", packets))), 60.0, 1)
    assert [ok.size for ok in sent.block_ok.values()] == [20, 20]
    tallies = [stream.block_errors for stream in sent.streams.values()]
    assert [tally.clusters for tally in tallies] == [1, 2]  # slots 68 to 87, and 88 to 107
    assert (sent.block_errors.clusters, sent.block_errors.trials) == (2, 40)
    assert sent.block_errors.sum_mm == 32**2 + 8**2


@pytest.mark.parametrize(("own", "links"), [(4, 1), (1, 4), (4, 4)])
def test_a_stream_of_its_own_depth_fares_as_on_a_link_of_that_depth(own: int, links: int) -> None:
    streams = (BitStream("bits", PACKETS, interleave_slots=own),)
    sent = _link(channel="rayleigh", interleave_slots=links).transmit(Encoded(streams), 12.0, 1)
    plain = Encoded((BitStream("bits", PACKETS),))
    same = _link(channel="rayleigh", interleave_slots=own).transmit(plain, 12.0, 1)
    assert 0 < sent.block_errors.rate < 1
    np.testing.assert_array_equal(sent.block_ok["bits"], same.block_ok["bits"])
    assert sent.received == same.received
    assert sent.accounting == same.accounting
    assert sent.block_errors == same.block_errors
    assert sent.csi == same.csi


def test_streams_of_any_depth_follow_one_another_through_the_same_fading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    slots = ChannelRealisation.slots

    def noted(self: ChannelRealisation, first: int, count: int) -> object:
        asked.append((self, first, count))
        return slots(self, first, count)

    monkeypatch.setattr(ChannelRealisation, "slots", noted)
    streams = (
        BitStream("deep", PACKETS, Mcs("qpsk", 0.3), interleave_slots=7),
        BitStream("plain", PACKETS),
        SymbolStream("latents", LATENTS),
    )
    link = _link(channel="rayleigh", interleave_slots=2)
    sent = link.transmit(Encoded(streams, b"size"), 12.0, 1)
    assert len({id(fading) for fading, _, _ in asked}) == 1
    following = CSI_SLOTS + link.config.feedback_delay_slots
    for _, first, count in asked:
        assert first == following
        following += count
    used = {n: c.channel_uses + c.overhead_uses for n, c in sent.per_stream.items()}
    for name, depth in (("deep", 7), ("plain", 2), ("latents", 2), ("set-up", 2)):
        assert used[name] > 0
        assert used[name] % (depth * 24 * 14) == 0
        assert sent.per_stream[name].overhead_uses * 7 == used[name]
    sending = sum(used.values()) - used["set-up"]
    assert sending == sum(count for _, _, count in asked) * 24 * 14
    # What comes first fares the same whatever depth comes after it.
    first, alone = (
        link.transmit(Encoded(s), 12.0, 1).block_ok["plain"]
        for s in ((streams[1], streams[0]), streams[1:2])
    )
    np.testing.assert_array_equal(first, alone)


def test_a_deep_stream_survives_the_fades_that_a_shallow_one_does_not() -> None:
    link = _link(channel="rayleigh", modulation="qpsk", code_rate=1 / 3, estimator="lmmse")
    shallow, deep = (
        link.transmit(Encoded((BitStream("bits", PACKETS * 8, interleave_slots=d),)), 5.0, 1)
        for d in (None, 16)
    )
    low, _ = shallow.block_errors.interval()
    _, high = deep.block_errors.interval()  # 95 %, a frame a cluster
    assert low > 0.15
    assert high < 0.05


def test_nothing_to_send_costs_nothing() -> None:
    sent = _link(channel="awgn").transmit(Encoded(()), 10.0, 1)
    assert sent.accounting == Accounting()
    assert np.isnan(sent.csi.snr_db)


def test_streams_need_names_of_their_own() -> None:
    for names in (("a", "a"), ("a", "set-up")):
        with pytest.raises(ValueError, match="names of their own"):
            Encoded(tuple(BitStream(n, PACKETS) for n in names))


def test_an_mcs_that_does_not_exist_is_one_line() -> None:
    with pytest.raises(LinksimError, match="did you mean '16qam'"):
        _link().transmit(Encoded((BitStream("bits", PACKETS, Mcs("16qa", 0.5)),)), 10.0, 1)


def test_a_depth_that_does_not_exist_is_one_line_that_names_the_stream() -> None:
    for depth in (0, -4, 1025):
        encoded = Encoded((BitStream("bits", PACKETS, interleave_slots=depth),))
        with pytest.raises(LinksimError, match=f"'bits': interleave_slots must .* not {depth}$"):
            _link().transmit(encoded, 10.0, 1)
    short = Encoded((BitStream("bits", PACKETS, interleave_slots=1),))
    with pytest.raises(LinksimError, match=r"'bits': block_length 2000 .* frame \(1 slot"):
        _link(interleave_slots=2, block_length=2000).transmit(short, 10.0, 1)


@pytest.mark.parametrize("fed_back", [False, True])
def test_carrying_a_clip_is_to_encode_transmit_and_decode(fed_back: bool) -> None:
    """And the transmitter knows what was measured, if the scheme wants it."""
    told: list[Csi | None] = []

    class Loud(Endpoint):
        uses_csi = fed_back

        def encode(self, clip: Clip, csi: Csi | None = None) -> Encoded:
            told.append(csi)
            return Encoded((SymbolStream("audio", clip.audio),))

        def decode(self, received: Received) -> Clip:
            return Clip(audio=received.streams["audio"].latents)

    link, clip = _link(channel="rayleigh"), Clip(audio=LATENTS / 10)
    heard, sent = send(Loud(), clip, link, 12.0, 3)
    assert told == [link.measure_csi(12.0, 3) if fed_back else None]
    by_hand = link.transmit(Encoded((SymbolStream("audio", clip.audio),)), 12.0, 3)
    np.testing.assert_array_equal(heard.audio, by_hand.received.streams["audio"].latents)
    assert sent.accounting == by_hand.accounting


def test_an_encoder_may_stand_in() -> None:
    link, clip = _link(channel="awgn"), Clip(audio=LATENTS / 10)

    class Deaf(Endpoint):
        def encode(self, clip: Clip, csi: Csi | None = None) -> Encoded:
            raise AssertionError

        def decode(self, received: Received) -> Clip:
            return Clip(audio=received.streams["audio"].latents)

    halved = Encoded((SymbolStream("audio", clip.audio / 2),))
    heard, _ = send(Deaf(), clip, link, 60.0, 1, encode=lambda *_: halved)
    np.testing.assert_allclose(heard.audio, clip.audio / 2, atol=2e-3)


def test_delivery_without_loss_is_what_a_clean_link_gives() -> None:
    whole = delivered(BOTH)
    assert whole.setup == BOTH.setup
    assert dict(whole.streams["bits"].packets) == dict(enumerate(PACKETS))
    np.testing.assert_array_equal(whole.streams["latents"].latents, LATENTS)
    assert not whole.streams["latents"].noise_variance.any()
