import numpy as np
import pytest
from lateness import check_causal, delay_ms, look_ahead_ms
from video_packets import FAST, deliver, is_key, stream

from baselines.digital.traditional import Traditional
from linksim.endpoint import Received, ReceivedBits
from linksim.errors import BudgetError, LinksimError
from linksim.link.accounting import channel_uses
from linksim.link.config import LinkConfig
from linksim.link.contents import options_by_content
from linksim.link.ideal import delivered
from linksim.metrics import evaluate
from linksim.streams.digital.opus import Opus
from linksim.streams.digital.video_codec import BUFFER_MS
from linksim.streams.showing import GREY

GOP = 5


def low(video: str = "h265", **options) -> Traditional:
    return Traditional(video=video, gop=GOP, preset=FAST[video], **options).within(0.15)


def late(encoded, indices: set[int], overdue_s: float = 99.0) -> Received:
    """Deliver everything, some pictures late by so many seconds."""
    received = deliver(encoded, {"video": indices})
    packets = stream(encoded, "video").packets
    shown = received.streams["video"].packets
    kept, overdue = ({i: packets[i] for i in indices}, dict.fromkeys(indices, overdue_s))
    streams = {"video": ReceivedBits("video", shown, kept, overdue)}
    return Received(received.setup, {**received.streams, **streams})


@pytest.fixture(scope="module", params=["h265", "av1"])
def scheme(request):
    return low(request.param, crf=20.0)


@pytest.fixture(scope="module")
def encoded(scheme, small_clip):
    return scheme.encode(small_clip)


@pytest.fixture(scope="module")
def intact(scheme, encoded):
    return scheme.decode(delivered(encoded)).frames


@pytest.mark.parametrize("video", ["h265", "av1"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bitrate": 60_000, "audio": "opus"},
        {"uses_per_pixel": 0.5, "audio": "opus"},
        {"audio": "none"},
        {"audio_only": True},
    ],
)
def test_no_packet_knows_what_comes_after_it(make_clip, video, options):
    clip = make_clip(count=16, seconds=0.64)
    check_causal(low(video, **options), clip)


def test_constant_quality_below_a_bit_rate_is_causal(make_clip):
    check_causal(low(crf=20.0, bitrate=60_000), make_clip(count=16, seconds=0.64))
    with pytest.raises(LinksimError, match="av1 cannot keep crf below a bit rate"):
        low("av1", crf=30.0, bitrate=60_000)


@pytest.mark.parametrize("video", ["h265", "av1"])
def test_without_low_delay_pictures_wait_for_later_ones(make_clip, video):
    """Or the tests above would find nothing."""
    clip = make_clip(count=16, seconds=0.64)
    frames = clip.frames.copy()
    frames[9:] = 255 - frames[9:]
    other = type(clip)(frames, clip.fps, clip.audio)
    first = {}
    for form in (Traditional(video=video, preset=FAST[video]), low(video)):
        packets = [stream(form.encode(c), "video").packets for c in (clip, other)]
        same = [mine == its for mine, its in zip(*packets, strict=True)]
        first[form.low_delay] = same.index(False)
    assert first[False] < 9
    assert first[True] == 9


def test_a_picture_waits_for_nothing_and_pcm_for_its_packet(scheme, small_clip, encoded):
    assert look_ahead_ms(scheme, small_clip, "video", [3, 5]) == (0.0, 0.0)
    claimed, found = look_ahead_ms(scheme, small_clip, "audio", [7, 20])
    assert claimed == pytest.approx(1e3 * scheme.delay_s) == pytest.approx(6.25)
    assert claimed - 1 < found < claimed + 0.25
    assert delay_ms(encoded, "video") == 0


def test_sound_goes_first_and_late_pictures_are_kept(scheme, encoded):
    assert [s.name for s in encoded.streams] == ["audio", "video"]
    assert [s.keep_late for s in encoded.streams] == [False, True]
    assert [is_key(scheme.video, p) for p in encoded.streams[1].packets] == [
        i % GOP == 0 for i in range(12)
    ]


def test_nothing_lost(small_clip, scheme, encoded):
    shown = scheme.decode(delivered(encoded))
    assert evaluate(["psnr"], small_clip, shown)["psnr"].value > 28
    assert np.abs(shown.audio - small_clip.audio).max() <= 0.5 / 32768 + 1e-9


def test_a_late_picture_serves_those_after_it_and_is_not_shown(scheme, encoded, intact):
    shown = scheme.decode(late(encoded, {2, 3, GOP})).frames
    expected = intact.copy()
    expected[2:4], expected[GOP] = intact[1], intact[GOP - 1]
    np.testing.assert_array_equal(shown, expected)
    lost = scheme.decode(deliver(encoded, {"video": {2, 3, GOP}})).frames
    assert (lost[4] == intact[1]).all()
    assert (scheme.decode(late(encoded, set(range(12)))).frames == GREY).all()


def test_a_late_picture_is_shown_from_when_it_is_there(scheme, encoded, intact):
    shown = scheme.decode(late(encoded, set(range(12)), 0.05)).frames
    assert (shown[:2] == GREY).all()
    np.testing.assert_array_equal(shown[2:], intact[:-2])


def test_losses_are_concealed_as_ever(scheme, small_clip, encoded, intact):
    shown = scheme.decode(deliver(encoded, {"video": {6}, "audio": {3, 4}}))
    np.testing.assert_array_equal(shown.frames[:6], intact[:6])
    assert (shown.frames[6 : 2 * GOP] == intact[GOP]).all()
    np.testing.assert_array_equal(shown.frames[2 * GOP :], intact[2 * GOP :])
    assert shown.audio.shape == small_clip.audio.shape
    nothing = scheme.decode(Received(encoded.setup))
    assert (nothing.frames == GREY).all()


def backlog_ms(packets: tuple[bytes, ...], bitrate: int, fps: float = 25) -> float:
    """Return the longest time that a picture takes over a line of that bit rate."""
    waiting = longest = 0.0
    for packet in packets:
        waiting += 8 * len(packet)
        longest = max(longest, waiting)
        waiting = max(waiting - bitrate / fps, 0)
    return 1e3 * longest / bitrate


@pytest.mark.parametrize("options", [{}, {"crf": 5.0}])
def test_at_its_bit_rate_no_picture_comes_late(make_clip, options):
    clip = make_clip(count=30, height=96, width=128)
    wide = type(clip)(clip.frames, clip.fps)
    call = Traditional(bitrate=80_000, **options).within(0.15)
    assert backlog_ms(stream(call.encode(wide), "video").packets, 80_000) < 1.1 * BUFFER_MS
    if not options:
        whole = Traditional(bitrate=80_000).encode(wide)
        assert backlog_ms(stream(whole, "video").packets, 80_000) > 1.2 * BUFFER_MS


def test_opus_in_a_call_is_that_of_scheme_opus(small_clip):
    scheme = low(audio="opus")
    assert scheme.delay_s == Opus(low_delay=True).delay_s
    assert (
        stream(scheme.encode(small_clip), "audio")
        == Opus(low_delay=True).encode(small_clip).streams[0]
    )
    with pytest.raises(LinksimError, match=r"'traditional' needs 27\.125 ms"):
        Traditional(audio="opus").within(0.02)


def test_a_budget_becomes_a_bit_rate(make_clip):
    clip = make_clip(count=50, height=96, width=128, seconds=2.0)
    scheme = Traditional(uses_per_pixel=0.2, audio="opus").within(0.15)
    encoded = scheme.encode(clip)
    budget = 0.2 * clip.frames[..., 0].size
    link = LinkConfig()
    assert 0.7 * budget < channel_uses(encoded, link) < 1.05 * budget
    with pytest.raises(BudgetError, match="of which sound takes 263680; raise uses_per_pixel"):
        Traditional(uses_per_pixel=0.2).within(0.15).encode(clip)


def test_an_adaptive_mcs_has_times_too(small_clip):
    encoded = low(mcs="auto").encode(small_clip)
    assert all(s.adaptive and s.times is not None for s in encoded.streams)


def test_records_from_before_hold():
    assert "low_delay" not in options_by_content(Traditional())
    assert not Traditional().low_delay
