import numpy as np
import pytest
from lateness import check_causal, delay_ms, look_ahead_ms

from baselines.analog.endpoint import FORMS, HOP, Analog
from baselines.analog.frames import FrameCodec
from linksim.endpoint import ABSENT, Encoded, Received, ReceivedSymbols
from linksim.errors import LinksimError
from linksim.link.contents import options_by_content
from linksim.link.ideal import delivered
from linksim.media import Clip
from linksim.metrics import evaluate


def low(**options) -> Analog:
    return Analog(**options).within(0.15)


def deliver(encoded: Encoded, snr_db: float, lost: set[int] = frozenset(), seed: int = 0):
    """Add white noise to each unit by its own power, as the link has it, and drop some."""
    (stream,) = encoded.streams
    units = stream.latents.reshape(len(stream.units), -1)
    energy = np.mean(units**2, axis=1, keepdims=True)
    noise = np.random.default_rng(seed).normal(size=units.shape)
    variance = np.repeat(energy * 10 ** (-snr_db / 10), units.shape[1], axis=1)
    heard = units + noise * np.sqrt(variance)
    for unit in lost:
        heard[unit], variance[unit] = 0, ABSENT * energy[unit]
    runs = (run.reshape(-1).astype(np.float32) for run in (heard, variance))
    return Received(encoded.setup, {"audio": ReceivedSymbols("audio", *runs)})


def snr(sent: Clip, heard: Clip) -> float:
    error = np.sum((sent.audio - heard.audio) ** 2)
    return float(10 * np.log10(np.sum(sent.audio**2) / error))


@pytest.mark.parametrize(
    ("options", "sample_rate"),
    [
        ({}, 16_000),
        ({"form": "envelope", "uses_per_sample": 0.3}, 16_000),
        ({"uses_per_sample": 2.0}, 8000),
        ({}, 44_100),
    ],
)
def test_no_unit_knows_what_comes_after_it(make_voice, options, sample_rate):
    scheme, clip = low(**options), make_voice(0.6, sample_rate)
    check_causal(scheme, clip)
    assert delay_ms(scheme.encode(clip), "audio") < 35
    claimed, found = look_ahead_ms(scheme, clip, "audio", [5, 20])
    assert found - 0.25 <= claimed < found + 1


def test_the_delay_is_that_of_one_window(make_voice):
    encoded = low().encode(make_voice(0.6))
    assert delay_ms(encoded, "audio") == pytest.approx(32) == pytest.approx(1e3 * low().delay_s)
    with pytest.raises(LinksimError, match="'analog' needs 32 ms, and the delay budget is 20 ms"):
        Analog().within(0.02)


@pytest.mark.parametrize("uses", [0.02, 0.25, 1.0, 3.0])
def test_every_unit_has_as_many_latents(voice, uses):
    scheme = low(uses_per_sample=uses)
    (stream,) = scheme.encode(voice).streams
    assert set(stream.units) == {int(2 * HOP * uses)}
    assert len(stream.units) == -(-len(voice.audio) // HOP) + 1
    assert scheme.decode(deliver(scheme.encode(voice), 10.0)).audio.shape == voice.audio.shape


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("sample_rate", [16_000, 44_100])
def test_sound_comes_back_in_place_and_as_loud(make_voice, form, sample_rate):
    clip = make_voice(1.0, sample_rate)
    for gain in (1.0, 0.03):
        soft = Clip(audio=np.float32(gain) * clip.audio, sample_rate=sample_rate)
        scheme = low(form=form)
        assert snr(soft, scheme.decode(deliver(scheme.encode(soft), 70.0))) > 30


@pytest.mark.parametrize("snr_db", [0.0, 10.0, 20.0])
def test_it_is_not_far_from_the_form_that_knows_the_whole_clip(voice, snr_db):
    whole = Analog()
    encoded = whole.encode(voice)
    (stream,) = encoded.streams
    one = Encoded((type(stream)("audio", stream.latents, (len(stream.latents),)),), encoded.setup)
    best = snr(voice, whole.decode(deliver(one, snr_db)))
    scheme = low()
    assert snr(voice, scheme.decode(deliver(scheme.encode(voice), snr_db))) > best - 4


def test_a_lost_unit_costs_its_own_sound(voice):
    scheme = low()
    encoded = scheme.encode(voice)
    times = encoded.streams[0].times
    intact = scheme.decode(deliver(encoded, 200.0)).audio
    for unit in (1, 40):
        heard = scheme.decode(deliver(encoded, 200.0, {unit})).audio
        begin, end = HOP * (unit - 1), HOP * (unit + 1)
        first = np.flatnonzero(np.abs(heard - intact) > 1e-4)[0]
        assert 0 <= first / 16_000 - times.captured_s[unit] < 1.5e-3
        np.testing.assert_allclose(heard[end:], intact[end:], atol=1e-4)
        assert np.mean((heard - intact)[begin:end] ** 2) > 0.1 * np.mean(intact[begin:end] ** 2)


@pytest.mark.parametrize("audio", [np.zeros(3000), np.full(3000, 0.5), np.ones(1)])
def test_silence_and_short_clips(audio):
    clip = Clip(audio=audio.astype(np.float32))
    scheme = low()
    encoded = scheme.encode(clip)
    assert (encoded.streams[0].latents.reshape(len(encoded.streams[0].units), -1) != 0).any(1).all()
    heard = scheme.decode(deliver(encoded, 30.0)).audio
    assert np.abs(heard - clip.audio).max() < 0.3
    for received in (Received(encoded.setup), deliver(encoded, 0.0, set(range(999)) & {0, 1})):
        assert scheme.decode(received).audio.shape == clip.audio.shape
    assert not scheme.decode(Received(encoded.setup)).audio.any()


def test_nothing_known_of_any_latent_is_silence(voice):
    scheme = low()
    encoded = scheme.encode(voice)
    latents = encoded.streams[0].latents
    for variance in (np.inf, 1e30):
        noise = np.full(len(latents), variance, np.float32)
        stream = ReceivedSymbols("audio", np.zeros_like(latents), noise)
        assert not scheme.decode(Received(encoded.setup, {"audio": stream})).audio.any()


def test_an_envelope_is_guessed_from_those_before_it():
    """One frame's envelope drowns in noise; those before it tell enough to shape the sound."""
    rng = np.random.default_rng(3)
    shape = 10 ** (-np.linspace(0, 2.5, 256))
    sound = rng.normal(size=(12, 256)) * np.sqrt(shape)
    codec = FrameCodec(256, 31.25, 1.0, 512)
    symbols = codec.encode(sound)
    noise = np.full(symbols.shape, 1e-4 * np.mean(symbols**2))
    last = np.mean(symbols[-1] ** 2)
    noise[-1] = last / 2
    errors = {}
    for start in (0, 11):
        total = 0.0
        for seed in range(20):
            dirt = np.random.default_rng(seed).normal(size=symbols.shape) * np.sqrt(noise)
            heard = codec.decode((symbols + dirt)[start:], noise[start:])
            total += np.sum((heard[-1] - sound[-1]) ** 2)
        errors[start] = total
    assert errors[0] < errors[11]


def test_a_digital_envelope_takes_too_long():
    with pytest.raises(LinksimError, match="have side_information=analog in a conversation"):
        Analog(side_information="digital").within(0.15)


def test_the_whole_form_has_no_times_and_records_hold(voice):
    assert Analog().encode(voice).streams[0].times is None
    assert "low_delay" not in options_by_content(Analog())


def test_real_speech_is_no_straw_man(speech):
    scheme = low()
    encoded = scheme.encode(speech)
    for snr_db, bar in ((0.0, 2.6), (10.0, 3.9), (20.0, 4.3)):
        heard = scheme.decode(deliver(encoded, snr_db))
        assert evaluate(["pesq"], speech, heard)["pesq"].value > bar
    assert snr(speech, scheme.decode(delivered(encoded))) > 60
