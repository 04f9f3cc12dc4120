from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from video_packets import FAST, PPS, SPS, VPS, deliver, is_key, nal_types, stream

from baselines.digital.traditional import VIDEO_CODECS, Traditional
from linksim.endpoint import Received, ReceivedBits
from linksim.errors import LinksimError
from linksim.media import Clip, read
from linksim.metrics import evaluate
from linksim.options import build
from linksim.streams.showing import GREY

GRID = Path(__file__).parents[3] / "shared/media/grid/bbaf2n.mpg"
GOP = 5


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


def test_pcm_fills_one_default_block(encoded, small_clip):
    packets = stream(encoded, "audio").packets
    assert {len(p) for p in packets[:-1]} == {200}  # of 213, with 5 for the link's header
    assert sum(map(len, packets)) == 2 * len(small_clip.audio)


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
