import numpy as np
import pytest
from video_packets import deliver, stream

from baselines.digital.traditional import Traditional
from linksim.endpoint import Csi, Received
from linksim.errors import LinksimError
from linksim.link.cqi import CQI_TABLE
from linksim.media import Clip
from linksim.options import build
from linksim.streams.digital.opus import Opus


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
