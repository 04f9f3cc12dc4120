from dataclasses import replace

import numpy as np
import pytest
from lateness import check_causal, delay_ms, heard_from_s, look_ahead_ms

from linksim.endpoint import Csi, Encoded, Received, ReceivedBits, make_endpoint
from linksim.errors import LinksimError
from linksim.link.call.causality import early_changes, early_needs
from linksim.link.contents import options_by_content
from linksim.link.cqi import spectral_efficiency
from linksim.link.ideal import delivered
from linksim.media import Clip
from linksim.streams.digital.opus import Opus
from linksim.timing import Times


@pytest.fixture(scope="module")
def short(make_voice):
    return make_voice(0.6)


@pytest.mark.parametrize(
    ("options", "sample_rate"),
    [
        ({}, 16_000),
        ({"bitrate": 8000}, 16_000),
        ({"bitrate": 64_000, "application": "voip"}, 16_000),
        ({"frame_ms": 10, "application": "lowdelay"}, 16_000),
        ({}, 8000),
        ({}, 44_100),
        ({}, 48_000),
    ],
)
def test_no_packet_knows_what_comes_after_it(make_voice, options, sample_rate):
    scheme = Opus(**options).within(0.15)
    clip = make_voice(0.6, sample_rate)
    check_causal(scheme, clip)
    assert delay_ms(scheme.encode(clip), "audio") < 30
    claimed, found = look_ahead_ms(scheme, clip, "audio", [2, 9, 10, 11])
    # The ends of the window and of the filters bear next to nothing.
    assert found <= claimed < found + (1 if sample_rate == 16_000 else 2)


@pytest.mark.parametrize("frame_ms", [20, 40])
@pytest.mark.parametrize("application", ["audio", "lowdelay"])
@pytest.mark.parametrize("sample_rate", [16_000, 44_100, 48_000])
def test_a_packet_is_captured_when_its_sound_begins(make_voice, frame_ms, application, sample_rate):
    scheme = Opus(frame_ms=frame_ms, application=application, low_delay=True)
    encoded = scheme.encode(make_voice(0.6, sample_rate))
    (stream,) = encoded.streams
    for lost in (2, 7):
        packets = {i: p for i, p in enumerate(stream.packets) if i != lost}
        other = Received(encoded.setup, {"audio": ReceivedBits("audio", packets)})
        heard = heard_from_s(scheme, encoded, other)
        captured = stream.times.captured_s[lost]
        assert captured - 1e-9 <= heard < captured + 1.5e-3


def test_the_form_for_conversations_sends_the_same(short):
    scheme = Opus()
    call = scheme.within(0.15)
    assert (scheme.low_delay, call.low_delay, call.delay_s) == (False, True, 27.125e-3)
    whole, low = scheme.encode(short), call.encode(short)
    assert whole.streams[0].times is None
    assert (whole.setup, whole.streams[0].packets) == (low.setup, low.streams[0].packets)
    np.testing.assert_array_equal(
        call.decode(delivered(low)).audio, scheme.decode(delivered(whole)).audio
    )


def test_a_budget_that_is_too_short_is_refused():
    with pytest.raises(
        LinksimError, match=r"scheme 'opus' needs 27\.125 ms, and the delay budget is 20 ms"
    ):
        Opus().within(0.020)
    assert Opus(frame_ms=10, application="lowdelay").within(0.020).low_delay


def test_records_from_before_hold():
    assert "low_delay" not in options_by_content(make_endpoint("opus"))
    assert options_by_content(Opus(low_delay=True))["low_delay"] is True


def test_a_robust_mcs_knows_nothing_of_the_packets(make_voice):
    scheme = Opus(mcs="robust", low_delay=True)
    streams = [scheme.encode(make_voice(s), Csi(25.0)).streams[0] for s in (0.1, 0.9)]
    assert streams[0].mcs == streams[1].mcs
    assert streams[0].interleave_slots is None
    check_causal(scheme, make_voice(0.6))
    whole, silence = Opus(mcs="robust"), Clip(audio=np.zeros(16_000, np.float32))
    assert any("the MCS" in line for line in early_changes(whole, silence, [0.0]))
    faster = scheme.encode(make_voice(0.1), Csi(35.0)).streams[0].mcs
    assert spectral_efficiency(faster) > spectral_efficiency(streams[0].mcs)


def test_a_capture_that_is_stated_too_late_is_found(short):
    scheme = Opus(low_delay=True)
    encoded = scheme.encode(short)
    (stream,) = encoded.streams
    later = Times(
        tuple(t + 0.005 for t in stream.times.captured_s),
        tuple(t + 0.005 for t in stream.times.ready_s),
    )
    wrong = Encoded((replace(stream, times=later),), encoded.setup)
    instants = [t + 1e-3 for t in stream.times.captured_s[3:6]]
    assert early_needs(scheme, encoded, instants) == []
    assert len(early_needs(scheme, wrong, [t + 0.004 for t in instants])) == 3
