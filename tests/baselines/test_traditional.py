from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from baselines.digital import pcm
from baselines.digital.opus import Opus
from baselines.digital.traditional import VIDEO_CODECS, Traditional
from baselines.digital.video_codec import GREY
from linksim.endpoint import Csi, Encoded, Received, ReceivedBits
from linksim.errors import LinksimError
from linksim.link.cqi import CQI_TABLE
from linksim.media import Clip, read
from linksim.metrics import evaluate
from linksim.options import build

GRID = Path(__file__).parents[3] / "shared/media/grid/bbaf2n.mpg"
GOP = 5
IDR = 19, 20  # NAL unit types, ITU-T H.265, table 7-1
VPS, SPS, PPS = 32, 33, 34
SEQUENCE_HEADER, FRAME = 1, 6  # OBU types, AV1 bitstream specification, 6.2.2
FAST = {"h265": "fast", "av1": "10"}


def deliver(encoded: Encoded, lost: dict[str, set[int]] | None = None) -> Received:
    """Pass on every packet but the lost ones."""
    streams = {}
    for stream in encoded.streams:
        gone = (lost or {}).get(stream.name, set())
        packets = {i: p for i, p in enumerate(stream.packets) if i not in gone}
        streams[stream.name] = ReceivedBits(stream.name, packets)
    return Received(encoded.setup, streams)


def stream(encoded: Encoded, name: str):
    return next(s for s in encoded.streams if s.name == name)


def nal_types(packet: bytes) -> list[int]:
    """Return the NAL unit types of an Annex B packet."""
    return [part[0] >> 1 & 63 for part in packet.split(b"\x00\x00\x01")[1:]]


def obu_types(packet: bytes) -> list[int]:
    """Return the OBU types of a temporal unit whose OBUs all state their size."""
    types, at = [], 0
    while at < len(packet):
        types.append(packet[at] >> 3 & 15)
        at += 1 + (packet[at] >> 2 & 1)
        size, shift, more = 0, 0, True
        while more:  # leb128, 4.10.5
            size, more = size | (packet[at] & 127) << shift, packet[at] > 127
            shift, at = shift + 7, at + 1
        at += size
    return types


def is_key(video: str, packet: bytes) -> bool:
    """Whether a packet can be decoded alone."""
    if video == "h265":
        return any(t in IDR for t in nal_types(packet))
    return SEQUENCE_HEADER in obu_types(packet)


@pytest.fixture(scope="module", params=["h265", "av1"])
def scheme(request):
    return Traditional(video=request.param, gop=GOP, preset=FAST[request.param], crf=20.0)


@pytest.fixture(scope="module")
def encoded(scheme, small_clip):
    return scheme.encode(small_clip)


@pytest.fixture(scope="module")
def intact(scheme, encoded):
    return scheme.decode(deliver(encoded))


def test_nothing_lost(small_clip, intact):
    assert intact.frames.shape == small_clip.frames.shape
    assert intact.fps == small_clip.fps
    assert evaluate(["psnr"], small_clip, intact)["psnr"].value > 30
    assert np.abs(intact.audio - small_clip.audio).max() <= 0.5 / 32768 + 1e-9


def test_same_input_same_bits(scheme, small_clip, encoded, intact):
    assert scheme.encode(small_clip) == encoded
    assert scheme.decode(deliver(encoded)).fingerprint() == intact.fingerprint()


def test_pictures_are_not_confused_with_one_another(small_clip, intact):
    errors = [
        [np.mean((a.astype(float) - b) ** 2) for b in small_clip.frames] for a in intact.frames
    ]
    moving = slice(0, 8)  # the texture moves back to where it began after eight frames
    np.testing.assert_array_equal(np.argmin(np.array(errors)[moving, moving], 1), np.arange(8))


def test_one_packet_a_frame_and_an_idr_each_gop(scheme, small_clip, encoded):
    packets = stream(encoded, "video").packets
    assert len(packets) == len(small_clip.frames)
    for index, packet in enumerate(packets):
        assert is_key(scheme.video, packet) == (index % GOP == 0)
        if scheme.video == "h265":
            assert ({VPS, SPS, PPS} <= set(nal_types(packet))) == (index % GOP == 0)


@pytest.mark.parametrize("index", [1, 3, 7, 11])
def test_a_lost_frame_freezes_until_the_next_idr(scheme, encoded, intact, index):
    frames = scheme.decode(deliver(encoded, {"video": {index}})).frames
    resumes = min((index // GOP + 1) * GOP, len(frames))
    np.testing.assert_array_equal(frames[:index], intact.frames[:index])
    for frozen in frames[index:resumes]:
        np.testing.assert_array_equal(frozen, intact.frames[index - 1])
    np.testing.assert_array_equal(frames[resumes:], intact.frames[resumes:])


def test_a_lost_idr_costs_its_group_and_no_more(scheme, encoded, intact):
    frames = scheme.decode(deliver(encoded, {"video": {GOP}})).frames
    for frozen in frames[GOP : 2 * GOP]:
        np.testing.assert_array_equal(frozen, intact.frames[GOP - 1])
    np.testing.assert_array_equal(frames[2 * GOP :], intact.frames[2 * GOP :])


def test_before_the_first_good_frame_the_screen_is_grey(scheme, encoded, intact):
    frames = scheme.decode(deliver(encoded, {"video": {0}})).frames
    assert (frames[:GOP] == 128).all()
    np.testing.assert_array_equal(frames[GOP:], intact.frames[GOP:])


def test_everything_lost_is_legal(scheme, small_clip, encoded):
    nothing = scheme.decode(Received(encoded.setup))
    assert nothing.frames.shape == small_clip.frames.shape
    assert (nothing.frames == 128).all()
    assert nothing.audio.shape == small_clip.audio.shape
    assert not nothing.audio.any()


def test_damaged_packets_never_raise(scheme, encoded, small_clip):
    rng = np.random.default_rng(3)
    for _ in range(20):
        received = deliver(encoded)
        packets = dict(received.streams["video"].packets)
        for index in rng.integers(0, len(packets), 3):
            damaged = np.frombuffer(packets[int(index)], np.uint8).copy()
            damaged[rng.integers(0, len(damaged), 5)] ^= 255
            packets[int(index)] = damaged[: rng.integers(0, len(damaged) + 1)].tobytes()
        audio = {0: b"odd", 1: b""}
        streams = {"video": ReceivedBits("video", packets), "audio": ReceivedBits("audio", audio)}
        out = scheme.decode(Received(encoded.setup, streams))
        assert out.frames.shape == small_clip.frames.shape
        assert not out.audio.any()


@pytest.mark.parametrize(("height", "width"), [(47, 63), (1, 1), (18, 34), (64, 48), (90, 121)])
def test_any_picture_size_comes_back(scheme, make_clip, height, width):
    clip = make_clip(count=3, height=height, width=width)
    out = scheme.decode(deliver(scheme.encode(clip)))
    assert out.frames.shape == clip.frames.shape
    assert evaluate(["psnr"], clip, out)["psnr"].value > 25


@pytest.mark.parametrize("video", ["h265", "av1"])
@pytest.mark.parametrize("gop", [1, 2, 1000])
def test_any_gop(small_clip, gop, video):
    scheme = Traditional(video=video, gop=gop, preset=FAST[video])
    encoded = scheme.encode(small_clip)
    idr = [is_key(video, p) for p in stream(encoded, "video").packets]
    assert idr == [i % gop == 0 for i in range(len(small_clip.frames))]
    assert (scheme.decode(deliver(encoded)).frames != 128).any(axis=(1, 2, 3)).all()


def test_sound_alone_and_picture_alone(scheme, small_clip):
    for clip, name in (
        (Clip(audio=small_clip.audio), "audio"),
        (Clip(small_clip.frames, small_clip.fps), "video"),
    ):
        encoded = scheme.encode(clip)
        assert [s.name for s in encoded.streams] == [name]
        out = scheme.decode(deliver(encoded))
        assert (out.has_audio, out.has_video) == (clip.has_audio, clip.has_video)


def test_audio_only_sends_what_a_clip_without_video_sends(scheme, small_clip):
    alone = Clip(audio=small_clip.audio)
    chosen = build(Traditional, {"audio_only": "true", "gop": GOP}, "scheme 'traditional'")
    encoded = chosen.encode(small_clip)
    assert encoded == scheme.encode(alone)
    out = scheme.decode(deliver(encoded))
    assert not out.has_video
    np.testing.assert_allclose(out.audio, small_clip.audio, atol=1 / 65536)
    with pytest.raises(LinksimError, match="audio_only"):
        chosen.encode(Clip(small_clip.frames, small_clip.fps))


def test_set_up_tells_the_receiver_everything(scheme, small_clip):
    clip = Clip(small_clip.frames, Fraction(30_000, 1001), small_clip.audio, 8000)
    out = Traditional().decode(deliver(scheme.encode(clip)))  # a receiver with other options
    assert (out.fps, out.sample_rate) == (clip.fps, 8000)
    np.testing.assert_array_equal(out.frames, scheme.decode(deliver(scheme.encode(clip))).frames)


def test_one_frame(scheme, make_clip):
    clip = make_clip(count=1, seconds=0.04)
    out = scheme.decode(deliver(scheme.encode(clip)))
    assert evaluate(["psnr"], clip, out)["psnr"].value > 30


def test_av1_sends_a_picture_after_what_it_refers_to(make_clip):
    """However long the run that arrives, it gives as many pictures, the same as of the whole."""
    clip = make_clip(count=40)
    scheme = Traditional(video="av1", gop=40, preset="10")
    encoded = scheme.encode(clip)
    intact = scheme.decode(deliver(encoded)).frames
    assert any(obu_types(p).count(FRAME) > 1 for p in stream(encoded, "video").packets)
    for index in (1, 2, 7, 16, 31, 39):
        frames = scheme.decode(deliver(encoded, {"video": {index}})).frames
        np.testing.assert_array_equal(frames[:index], intact[:index])
        assert (frames[index:] == intact[index - 1]).all()


def test_av1_writes_nothing_on_its_own(make_clip, capfd):
    Traditional(video="av1", preset="10").encode(make_clip(count=2, seconds=0.08))
    clip = Clip(make_clip(count=2).frames, Fraction(1000))
    with pytest.raises(LinksimError):
        Traditional(video="av1").encode(clip)
    assert capfd.readouterr() == ("", "")


def test_what_the_encoder_refuses_is_one_line(make_clip):
    clip = Clip(make_clip(count=2).frames, Fraction(1000))
    with pytest.raises(LinksimError, match="SVT-AV1 cannot encode 64x48 at 1000 frames/s"):
        Traditional(video="av1").encode(clip)


def test_av1_needs_fewer_bits(make_clip):
    clip = make_clip(count=50, height=96, width=128)
    clip = Clip(clip.frames, clip.fps)
    cost = {}
    for scheme in (Traditional(crf=28), Traditional(video="av1", crf=44)):
        encoded = scheme.encode(clip)
        psnr = evaluate(["psnr"], clip, scheme.decode(deliver(encoded)))["psnr"].value
        cost[scheme.video] = sum(map(len, stream(encoded, "video").packets)), psnr
    assert cost["av1"][0] < 0.9 * cost["h265"][0]
    assert cost["av1"][1] > cost["h265"][1]


def test_av1_quality_and_bit_rate_follow_the_options(make_clip):
    clip = make_clip(count=50, height=96, width=128)
    size = {
        name: sum(map(len, stream(scheme.encode(clip), "video").packets))
        for name, scheme in (
            ("fine", Traditional(video="av1", crf=20)),
            ("coarse", Traditional(video="av1", crf=60)),
            ("40 kb/s", Traditional(video="av1", bitrate=40_000)),
            ("80 kb/s", Traditional(video="av1", bitrate=80_000)),
        )
    }
    assert size["coarse"] < 0.5 * size["fine"]
    # Its variable bit rate is not reached on short clips.
    assert 10_000 / 4 < size["40 kb/s"] < size["80 kb/s"] < 1.1 * 80_000 / 4


def test_sound_by_opus_is_that_of_scheme_opus(small_clip):
    scheme = Traditional(audio="opus", opus_bitrate=16_000, preset="ultrafast")
    alone = Opus(bitrate=16_000)
    encoded = scheme.encode(small_clip)
    assert stream(encoded, "audio") == alone.encode(small_clip).streams[0]
    lost = {4, 11}
    out = Traditional().decode(deliver(encoded, {"audio": lost}))
    heard = alone.decode(deliver(alone.encode(small_clip), {"audio": lost}))
    np.testing.assert_array_equal(out.audio, heard.audio)
    assert out.frames.shape == small_clip.frames.shape
    nothing = Traditional().decode(Received(encoded.setup))
    assert nothing.audio.shape == small_clip.audio.shape


def test_sound_left_out(small_clip):
    scheme = Traditional(audio="none", preset="ultrafast")
    encoded = scheme.encode(small_clip)
    assert [s.name for s in encoded.streams] == ["video"]
    assert not scheme.decode(deliver(encoded)).has_audio
    with pytest.raises(LinksimError, match=r"no video stream.*audio=none"):
        scheme.encode(Clip(audio=small_clip.audio))


def test_quality_and_bit_rate_follow_the_options(make_clip):
    clip = make_clip(count=50, height=96, width=128)
    size = {
        crf: sum(map(len, stream(Traditional(crf=crf).encode(clip), "video").packets))
        for crf in (20.0, 40.0)
    }
    assert size[40.0] < 0.5 * size[20.0]
    low = stream(Traditional(bitrate=40_000).encode(clip), "video").packets
    assert sum(map(len, low)) * 8 / 2 == pytest.approx(40_000, rel=0.25)


def test_pcm_fills_one_default_block(encoded, small_clip):
    packets = stream(encoded, "audio").packets
    assert {len(p) for p in packets[:-1]} == {200}  # of 213, with 5 for the link's header
    assert sum(map(len, packets)) == 2 * len(small_clip.audio)


def test_pcm_round_trip_is_exact():
    samples = np.random.default_rng(0).integers(-32768, 32768, 950)
    audio = (samples / 32768).astype(np.float32)
    packets = dict(enumerate(pcm.packetise(audio, 100)))
    assert len(packets) == 10
    np.testing.assert_array_equal(pcm.conceal(packets, 950, 100, 16_000), audio)


def test_a_lost_packet_repeats_the_last_one_and_fades():
    sent = np.linspace(-0.5, 0.5, 3000).astype(np.float32)
    packets = dict(enumerate(pcm.packetise(sent, 100)))
    for index in range(2, 20):
        del packets[index]
    heard = pcm.conceal(packets, 3000, 100, 16_000)
    gap, last = heard[200:2000], heard[100:200]
    np.testing.assert_array_equal(gap[:160], np.tile(last, 2)[:160])  # 10 ms at full level
    np.testing.assert_allclose(gap[480], 0.6 * last[80], rtol=1e-5)  # 30 ms: 1 - 2 * 0.2
    assert not gap[960:].any()  # 60 ms
    assert gap[:960].any()
    np.testing.assert_array_equal(heard[2000:], pcm.conceal(packets, 3000, 100, 16_000)[2000:])
    np.testing.assert_allclose(heard[2000:], sent[2000:], atol=1 / 65536)


def test_sound_lost_from_the_start_is_silence():
    packets = dict(enumerate(pcm.packetise(np.full(500, 0.5, np.float32), 100)))
    del packets[0]
    heard = pcm.conceal(packets, 500, 100, 16_000)
    assert not heard[:100].any()
    assert (heard[100:] == 0.5).all()


def test_mcs_is_the_links_or_follows_the_csi(small_clip):
    sound = Clip(audio=small_clip.audio)
    fixed, mean = Traditional(), Traditional(mcs="mean")
    assert (fixed.uses_csi, mean.uses_csi) == (False, True)
    assert stream(fixed.encode(sound, Csi(30.0)), "audio").mcs is None
    assert stream(mean.encode(sound, Csi(30.0)), "audio").mcs == CQI_TABLE[-1]
    assert stream(mean.encode(sound, Csi(-5.0)), "audio").mcs == CQI_TABLE[0]
    assert stream(mean.encode(sound), "audio").mcs == CQI_TABLE[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"crf": 52}, "option 'crf' must be between 0 and 51"),
        ({"gop": 0}, "option 'gop'"),
        ({"bitrate": 10}, "option 'bitrate'"),
        ({"samples_per_packet": 0}, "option 'samples_per_packet'"),
        ({"preset": "mediun"}, "did you mean 'medium'"),
        ({"mcs": "best"}, "unknown value of option 'mcs'"),
        ({"mcs": "auto", "uses_per_pixel": 0.1}, "known before anything is sent; have mcs=mean"),
        ({"opus_frame_ms": 30}, "unknown value of option 'opus_frame_ms' '30'; did you mean '60'"),
        ({"crff": 20}, "did you mean 'crf'"),
        ({"audio_only": "yes"}, "option 'audio_only' must be true or false"),
        ({"gop": 2.5}, "must be a whole number"),
        ({"video": "h264"}, "did you mean 'h265'"),
        ({"video": "av1", "crf": 71}, "option 'crf' must be between 1 and 70"),
        ({"video": "av1", "preset": "medium"}, "unknown SVT-AV1 preset 'medium'"),
        ({"preset": 6}, "unknown x265 preset '6'"),
        ({"audio": "opsu"}, "did you mean 'opus'"),
        ({"opus_bitrate": 10}, "option 'opus_bitrate'"),
        ({"audio": "none", "audio_only": True}, "leave it out or audio=none"),
        ({"uses_per_pixel": 0.1, "audio_only": True}, "leave it out or uses_per_pixel"),
        ({"uses_per_pixel": 0.1, "crf": 30}, "leave out crf and bitrate"),
        ({"uses_per_pixel": 0.0}, "option 'uses_per_pixel'"),
        ({"link": "modulation=qpsk"}, "give one"),
        ({"uses_per_pixel": 0.1, "link": "qpsk"}, "'qpsk' is not of the form key=value"),
        ({"uses_per_pixel": 0.1, "link": "modulation=qpks"}, "did you mean 'qpsk'"),
        ({"uses_per_pixel": 0.1, "link": "rate=1"}, "unknown option of option 'link' 'rate'"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(LinksimError, match=message):
        build(Traditional, options, "scheme 'traditional'")


@pytest.mark.parametrize("codec", VIDEO_CODECS.values(), ids=VIDEO_CODECS)
def test_run_that_the_decoder_refuses_is_a_loss(codec):
    frames = codec.decode({0: b"\x00\x00\x01" + b"\xff" * 40}, 2, 16, 16, 25)
    assert (frames == GREY).all()


@pytest.mark.shared
@pytest.mark.parametrize(("video", "least", "most"), [("h265", 40, 90), ("av1", 35, 60)])
def test_real_clip(video, least, most):
    if not GRID.exists():
        pytest.skip("the GRID clips are not here")
    clip = read(GRID)
    scheme = Traditional(video=video)
    encoded = scheme.encode(clip)
    kbps = sum(map(len, stream(encoded, "video").packets)) * 8 / 3 / 1000
    assert least < kbps < most
    out = scheme.decode(deliver(encoded))
    assert evaluate(["psnr"], clip, out)["psnr"].value > 35
