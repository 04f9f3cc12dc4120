import numpy as np
import pytest

from baselines.digital.budget import fit
from baselines.digital.traditional import Traditional
from linksim.endpoint import BitStream, Csi, Encoded
from linksim.errors import LinksimError
from linksim.link.accounting import channel_uses, frame_uses
from linksim.link.config import LinkConfig
from linksim.link.transmission import Link
from linksim.media import Clip
from linksim.phy.coding.mcs import Mcs

LINK = "modulation=qpsk,code_rate=0.4"
QPSK = LinkConfig(modulation="qpsk", code_rate=0.4)


def packets(count: int, size: int) -> tuple[bytes, ...]:
    return tuple(bytes([i % 251]) * size for i in range(count))


@pytest.fixture(scope="module")
def clip(make_clip):
    """1 s of 176x144 with sound."""
    return make_clip(count=25, height=144, width=176, seconds=1.0)


def test_uses_are_those_that_the_link_accounts_for():
    config = LinkConfig(
        channel="awgn", estimator="perfect", subcarriers=24, interleave_slots=3, block_length=600
    )
    link, mcs = Link(config), Mcs("64qam", 0.6)
    for streams, setup in (
        ((BitStream("a", packets(3, 100), mcs), BitStream("b", packets(40, 33), mcs)), b"s"),
        ((BitStream("a", packets(1, 2000), mcs), BitStream("b", (), mcs)), bytes(300)),
        ((BitStream("a", packets(9, 70), mcs, 7), BitStream("b", packets(9, 70), None, 1)), b"s"),
        ((), b""),
    ):
        encoded = Encoded(streams, setup)
        accounting = link.transmit(encoded, 20.0, 1).accounting
        assert channel_uses(encoded, config) == accounting.channel_uses


def test_a_stream_without_an_mcs_takes_that_of_the_link():
    one = Encoded((BitStream("a", packets(9, 50)),))
    same = Encoded((BitStream("a", packets(9, 50), QPSK.mcs),))
    assert channel_uses(one, QPSK) == channel_uses(same, LinkConfig())
    assert channel_uses(one, QPSK) > channel_uses(one, LinkConfig())


@pytest.mark.parametrize("video", ["h265", "av1"])
@pytest.mark.parametrize("audio", ["none", "opus"])
def test_a_budget_is_met_from_below(clip, video, audio):
    preset = {"h265": "ultrafast", "av1": "10"}[video]
    scheme = Traditional(video=video, audio=audio, preset=preset, uses_per_pixel=0.12, link=LINK)
    budget = 0.12 * 25 * 144 * 176
    encoded = scheme.encode(clip)
    assert 0.95 * budget <= channel_uses(encoded, QPSK) <= budget
    assert encoded == scheme.encode(clip)
    twice = Traditional(video=video, audio=audio, preset=preset, uses_per_pixel=0.24, link=LINK)
    sizes = [len(b"".join(s.streams[0].packets)) for s in (encoded, twice.encode(clip))]
    assert sizes[1] > 1.5 * sizes[0]


def test_a_budget_is_met_at_the_mcs_that_the_csi_asks_for(clip):
    scheme = Traditional(mcs="mean", audio="none", preset="ultrafast", uses_per_pixel=0.16)
    budget = 0.16 * 25 * 144 * 176
    sizes = []
    for snr_db in (3.0, 12.0):
        encoded = scheme.encode(clip, Csi(snr_db))
        assert 0.95 * budget <= channel_uses(encoded, LinkConfig()) <= budget
        sizes.append(len(b"".join(encoded.streams[0].packets)))
    assert sizes[1] > 2 * sizes[0]


def test_a_clip_too_simple_for_its_budget_gets_the_best_quality(clip):
    black = Clip(np.zeros_like(clip.frames), clip.fps)
    scheme = Traditional(preset="ultrafast", uses_per_pixel=1.0)
    assert scheme.encode(black) == Traditional(preset="ultrafast", crf=0).encode(black)


def test_a_budget_that_cannot_be_met_is_refused(clip):
    with pytest.raises(LinksimError, match=r"too small: at the lowest quality it takes \d+ chan"):
        Traditional(preset="ultrafast", uses_per_pixel=0.01).encode(clip)
    with pytest.raises(LinksimError, match=r"within 5%.*a frame of the link has 27648"):
        Traditional(
            preset="ultrafast", audio="none", uses_per_pixel=0.11, link="interleave_slots=32"
        ).encode(clip)
    with pytest.raises(LinksimError, match="no video stream"):
        Traditional(uses_per_pixel=0.1).encode(Clip(audio=clip.audio))


def test_what_lies_above_is_taken_where_nothing_lies_close_below():
    def encode(crf: float) -> Encoded:
        return Encoded((BitStream("a", packets(1, 900 if crf > 10 else 2080)),))

    config = LinkConfig()
    below, above = channel_uses(encode(20), config), channel_uses(encode(0), config)
    assert (below, above) == (5 * frame_uses(config), 10 * frame_uses(config))
    assert fit(encode, (0, 51), above - 100, config) == encode(0)
    assert fit(encode, (0, 51), above, config) == encode(0)
    assert fit(encode, (0, 51), 3 * above, config) == encode(0)
    assert fit(encode, (0, 51), below * 1.01, config) == encode(20)
    with pytest.raises(LinksimError, match=f"it takes {below} or {above} channel uses"):
        fit(encode, (0, 51), (below + above) / 2, config)


def test_room_is_left_only_for_less_than_a_frame_of_the_stream():
    def encode(crf: float, depth: int | None = None) -> Encoded:
        return Encoded((BitStream("a", packets(round(600 - 10 * crf), 100), None, depth),))

    deep, budget = LinkConfig(interleave_slots=10), 250.5 * frame_uses(LinkConfig())
    own = fit(lambda crf: encode(crf, 1), (0, 51), budget, deep)
    assert own.streams[0].packets == fit(encode, (0, 51), budget, LinkConfig()).streams[0].packets
    assert budget - channel_uses(own, deep) < 2 * frame_uses(LinkConfig())
