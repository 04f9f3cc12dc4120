from fractions import Fraction

import numpy as np
import pytest
from video_packets import FRAME, deliver, obu_types, stream

from baselines.digital.traditional import Traditional
from linksim.errors import LinksimError
from linksim.media import Clip
from linksim.metrics import evaluate


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
