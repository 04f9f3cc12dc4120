import numpy as np
import pytest
from scipy.signal import correlate

from linksim.endpoint import Csi, Encoded, Received, ReceivedBits
from linksim.errors import LinksimError
from linksim.link.config import LinkConfig
from linksim.link.cqi import CQI_TABLE, spectral_efficiency
from linksim.link.transmission import Link
from linksim.media import Clip
from linksim.metrics import evaluate
from linksim.montecarlo import Tally
from linksim.options import build
from linksim.streams.digital.opus import Opus


def packets_of(encoded: Encoded) -> tuple[bytes, ...]:
    (stream,) = encoded.streams
    assert stream.name == "audio"
    return stream.packets


def deliver(encoded: Encoded, lost: set[int] = frozenset()) -> Received:
    arrived = {i: p for i, p in enumerate(packets_of(encoded)) if i not in lost}
    return Received(encoded.setup, {"audio": ReceivedBits("audio", arrived)})


def round_trip(scheme: Opus, clip: Clip, lost: set[int] = frozenset()) -> Clip:
    return scheme.decode(deliver(scheme.encode(clip), lost))


def lag(sent: Clip, heard: Clip) -> int:
    """Return by how many samples `heard` is late."""
    return int(np.argmax(correlate(heard.audio, sent.audio))) - (len(sent.audio) - 1)


@pytest.mark.parametrize("frame_ms", [10, 20, 40, 60])
@pytest.mark.parametrize("bitrate", [6000, 12_000, 64_000])
def test_sound_comes_back_in_place(voice, frame_ms, bitrate):
    heard = round_trip(Opus(bitrate=bitrate, frame_ms=frame_ms), voice)
    assert heard.audio.shape == voice.audio.shape
    # Below about 20 kb/s Opus predicts, and its filters disperse by up to a sample.
    assert abs(lag(voice, heard)) <= (bitrate < 20_000)


@pytest.mark.parametrize("seconds", [0.010, 0.0133, 0.5, 1.003])
@pytest.mark.parametrize("sample_rate", [8000, 16_000, 44_100, 48_000])
def test_any_length_and_rate(make_voice, seconds, sample_rate):
    clip = make_voice(seconds, sample_rate)
    heard = round_trip(Opus(bitrate=64_000), clip)
    assert (heard.audio.shape, heard.sample_rate) == (clip.audio.shape, sample_rate)
    if seconds > 0.1:
        assert abs(lag(clip, heard)) <= sample_rate // 32_000


def test_the_last_samples_arrive():
    audio = np.zeros(16_000, np.float32)
    audio[-400:] = 0.3 * np.sin(np.arange(400) * 0.3)
    heard = round_trip(Opus(bitrate=96_000), Clip(audio=audio)).audio
    assert np.sum((heard - audio)[-100:] ** 2) < 0.1 * np.sum(audio[-100:] ** 2)


@pytest.mark.parametrize("frame_ms", [10, 20, 40, 60])
def test_one_packet_a_frame_near_the_bit_rate(make_voice, frame_ms):
    encoded = Opus(bitrate=32_000, frame_ms=frame_ms).encode(make_voice(3.0))
    packets = packets_of(encoded)
    # The encoder's delay of 6.5 ms may need one more.
    assert len(packets) in (3000 // frame_ms, 3000 // frame_ms + 1)
    assert sum(map(len, packets)) * 8 / 3 == pytest.approx(32_000, rel=0.3)


@pytest.mark.parametrize("application", ["audio", "voip"])
@pytest.mark.parametrize("frame_ms", [20, 40, 60])
def test_the_lowest_bit_rate_is_kept_and_carries_sound(make_voice, frame_ms, application):
    clip = make_voice(3.0)
    scheme = Opus(bitrate=6000, frame_ms=frame_ms, application=application)
    encoded = scheme.encode(clip)
    assert 3500 < sum(map(len, packets_of(encoded))) * 8 / 3 < 7500
    heard = scheme.decode(deliver(encoded))
    assert np.corrcoef(clip.audio, heard.audio)[0, 1] > 0.6


def test_same_input_same_bits(voice):
    scheme = Opus()
    assert scheme.encode(voice) == scheme.encode(voice)
    lost = {3, 4, 40}
    assert (
        round_trip(scheme, voice, lost).fingerprint()
        == round_trip(scheme, voice, lost).fingerprint()
    )


@pytest.mark.parametrize("frame_ms", [10, 20, 40, 60])
@pytest.mark.parametrize("bitrate", [8000, 64_000])
def test_a_lost_packet_is_concealed_and_shifts_nothing(voice, frame_ms, bitrate):
    scheme = Opus(bitrate=bitrate, frame_ms=frame_ms)
    intact = round_trip(scheme, voice).audio
    frame = 16 * frame_ms
    index = 11_000 // frame  # within a syllable
    heard = round_trip(scheme, voice, {index}).audio
    start = index * frame - 200
    np.testing.assert_array_equal(heard[: start - 100], intact[: start - 100])
    assert heard[start : start + frame].any()
    late = slice(start + 8000, None)
    assert np.sum((heard - intact)[late] ** 2) < 0.05 * np.sum(intact[late] ** 2)


def test_a_long_gap_grows_silent(voice):
    heard = round_trip(Opus(), voice, set(range(30, 90))).audio
    assert np.abs(heard[25_000:28_000]).max() < 0.05 * np.abs(voice.audio).max()


def test_before_the_first_packet_there_is_silence(voice):
    heard = round_trip(Opus(), voice, set(range(10))).audio
    assert not heard[: 10 * 320 - 150].any()
    assert heard[10 * 320 :].any()


def test_everything_lost_is_legal(voice):
    encoded = Opus().encode(voice)
    for received in (Received(encoded.setup), deliver(encoded, set(range(999)))):
        heard = Opus(frame_ms=60).decode(received)
        assert heard.audio.shape == voice.audio.shape
        assert not heard.audio.any()


def test_damaged_packets_never_raise(voice):
    encoded = Opus().encode(voice)
    rng = np.random.default_rng(1)
    packets = {
        i: bytes(rng.integers(0, 256, rng.integers(0, 40), np.uint8))
        for i in range(len(packets_of(encoded)))
    }
    heard = Opus().decode(Received(encoded.setup, {"audio": ReceivedBits("audio", packets)}))
    assert heard.audio.shape == voice.audio.shape
    assert np.abs(heard.audio).max() <= 1


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0, -3.0])
def test_silence_dc_and_clipping(level):
    clip = Clip(audio=np.full(8000, level, np.float32))
    heard = round_trip(Opus(), clip).audio
    assert np.abs(heard).max() <= min(abs(level) + 0.3, 1.0)
    if not level:
        assert not heard.any()


def test_sound_that_cannot_be_sent_is_refused(small_clip):
    with pytest.raises(LinksimError, match="NaN or infinite"):
        Opus().encode(Clip(audio=np.array([0, np.nan], np.float32)))
    with pytest.raises(LinksimError, match="no audio stream"):
        Opus().encode(Clip(small_clip.frames, small_clip.fps))


def test_mcs_is_the_links_or_follows_the_csi(voice):
    fixed, mean, auto = Opus(), Opus(mcs="mean"), Opus(mcs="auto")
    assert (fixed.uses_csi, mean.uses_csi, auto.uses_csi) == (False, True, False)
    assert fixed.encode(voice, Csi(30.0)).streams[0].mcs is None
    assert mean.encode(voice, Csi(30.0)).streams[0].mcs == CQI_TABLE[-1]
    assert mean.encode(voice).streams[0].mcs == CQI_TABLE[0]
    assert auto.encode(voice).streams[0].adaptive


def test_a_robust_mcs_allows_for_fading(voice):
    robust = Opus(mcs="robust", link="estimator=perfect")
    assert robust.uses_csi
    (slow,), (fast,) = (robust.encode(voice, Csi(snr)).streams for snr in (5.0, 20.0))
    assert spectral_efficiency(slow.mcs) < spectral_efficiency(fast.mcs)
    assert slow.interleave_slots > 1
    assert fast.interleave_slots > 1
    link = Link(LinkConfig(estimator="perfect"))
    lost = {}
    for name, scheme in (("mean", Opus(mcs="mean")), ("robust", robust)):
        encoded = scheme.encode(voice, Csi(10.0))
        lost[name] = sum((link.transmit(encoded, 10.0, s).block_errors for s in range(4)), Tally())
    assert lost["mean"].rate > 0.1
    assert lost["robust"].rate < 0.03


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bitrate": 5999}, "option 'bitrate' must be between"),
        ({"frame_ms": 30}, "option 'frame_ms' must be 10, 20, 40 or 60"),
        ({"application": "vip"}, "did you mean 'voip'"),
        ({"mcs": "best"}, "unknown value of option 'mcs'"),
        ({"link": "estimator=perfect"}, "'link' is read with mcs=robust only; give both"),
        ({"mcs": "robust", "link": "estimator=best"}, "unknown estimator 'best'"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(LinksimError, match=message):
        build(Opus, options, "scheme 'opus'")


def test_real_speech_over_the_link(speech):
    scheme = Opus(bitrate=24_000)
    link = Link(LinkConfig(channel="awgn", estimator="perfect"))
    sent = link.transmit(scheme.encode(speech), 15.0, 1)
    assert evaluate(["pesq"], speech, scheme.decode(sent.received))["pesq"].value > 4.3
    # 2 bits a channel use, at most a fifth of them headers, checks and padding.
    net = sent.accounting.payload_bits / 2
    assert net < sent.accounting.channel_uses < 1.25 * net
