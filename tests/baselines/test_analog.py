import numpy as np
import pytest
from scipy.signal import correlate

from baselines.analog import mdct
from baselines.analog.endpoint import FORMS, Analog
from baselines.analog.envelope import Envelope
from baselines.analog.repetition import Repetition
from linksim.endpoint import Encoded, Received, ReceivedSymbols
from linksim.errors import LinksimError
from linksim.link.config import LinkConfig
from linksim.link.transmission import Link
from linksim.media import Clip
from linksim.metrics import evaluate
from linksim.options import build

SLOT = 864
RAYLEIGH = LinkConfig(channel="rayleigh", estimator="perfect")


@pytest.fixture(scope="module")
def link() -> Link:
    return Link(RAYLEIGH)


def deliver(encoded: Encoded, snr_db: float, seed: int = 0) -> Received:
    """Add white noise to every latent."""
    (stream,) = encoded.streams
    variance = np.mean(stream.latents**2) * 10 ** (-snr_db / 10)
    noise = np.random.default_rng(seed).normal(0, np.sqrt(variance), len(stream.latents))
    latents = (stream.latents + noise).astype(np.float32)
    variances = np.full(len(latents), variance, np.float32)
    return Received(encoded.setup, {"audio": ReceivedSymbols("audio", latents, variances)})


def snr(sent: Clip, heard: Clip) -> float:
    error = np.sum((sent.audio - heard.audio) ** 2)
    return float(10 * np.log10(np.sum(sent.audio**2) / error))


@pytest.mark.parametrize("samples", [1, 255, 256, 257, 5000])
def test_transform_is_perfect_and_orthonormal(samples):
    audio = np.random.default_rng(0).normal(size=samples)
    coefficients = mdct.analyse(audio, 256)
    assert len(coefficients) == mdct.frames(samples, 256)
    np.testing.assert_allclose(mdct.synthesise(coefficients, samples), audio, atol=1e-12)
    # A frame at each end, where the windows of a Princen-Bradley pair lack their partner.
    assert np.sum(coefficients**2) == pytest.approx(np.sum(audio**2))


@pytest.mark.parametrize("bins", [1, 2, 30, 256])
def test_envelope_follows_the_level(bins):
    envelope = Envelope(bins, 31.25)
    frames = 70
    loudness = 10 ** (np.linspace(-40, 10, frames) / 20)
    noise = np.random.default_rng(0).normal(size=(frames, bins)) * loudness[:, None]
    transformed = envelope.forward(noise)
    assert transformed.shape == (envelope.blocks(frames), len(envelope.scale))
    variance = envelope.inverse(transformed, frames)
    assert variance.shape == (frames, bins)
    error = 10 * np.log10(variance.mean(1) / loudness**2)
    assert np.abs(error).mean() < (3.0 if bins == 256 else 10.0)
    assert (np.diff(envelope.scale) <= 0).all()


@pytest.mark.parametrize(
    "groups", [((1, 1),), ((10, 4), (7, 20)), ((100, 100), (50, 75)), ((3, 1), (1, 999))]
)
def test_repetition_combines_what_was_sent(groups):
    repetition = Repetition(groups)
    values = np.random.default_rng(0).normal(size=sum(count for count, _ in groups))
    symbols = repetition.repeat(values)
    assert len(symbols) == sum(n for _, n in groups)
    variance = np.random.default_rng(1).uniform(0.1, 9, len(symbols))
    matched, precision = repetition.combine(symbols, variance)
    sent = precision > 0
    assert sent.sum() == sum(map(min, groups))
    np.testing.assert_allclose(matched[sent] / precision[sent], values[sent])


def test_copies_are_weighed_by_their_noise():
    repetition = Repetition(((2, 4),))
    values = np.array([1.0, -2.0])
    noise = np.array([1e-6, 1e6, 1e-6, 1e6])
    symbols = repetition.repeat(values) + 3.0 * (noise > 1)
    matched, precision = repetition.combine(symbols, noise)
    reliable = precision > 1  # a value both of whose copies drown says so
    np.testing.assert_allclose((matched / precision)[reliable], values[reliable], atol=1e-4)


def test_copies_land_far_apart():
    repetition = Repetition(((500, 2000),))
    one = np.zeros(500)
    one[123] = 1.0
    places = np.flatnonzero(repetition.repeat(one))
    assert len(places) == 4
    assert np.diff(places).min() > 200


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("uses", [0.5, 1.0, 2.0])
def test_sound_comes_back_in_place(voice, form, uses):
    scheme = Analog(form=form, uses_per_sample=uses)
    heard = scheme.decode(deliver(scheme.encode(voice), 60.0))
    assert heard.audio.shape == voice.audio.shape
    assert int(np.argmax(correlate(heard.audio, voice.audio))) == len(voice.audio) - 1
    assert snr(voice, heard) > (10 if uses < 1 else 30)


@pytest.mark.parametrize("form", FORMS)
def test_more_snr_and_more_symbols_are_better(voice, form):
    quality = [
        [
            snr(voice, scheme.decode(deliver(scheme.encode(voice), level)))
            for level in (-10.0, 0.0, 10.0, 20.0)
        ]
        for scheme in (Analog(form=form, uses_per_sample=u) for u in (0.25, 0.5, 1.0, 2.0))
    ]
    assert (np.diff(quality, axis=1) > 0).all()
    assert (np.diff(quality, axis=0)[:, 1:] > 0).all()  # at -10 dB little is left to compare
    assert np.min(quality) > 0  # shrinks towards silence, not into noise


def test_power_for_least_squares_is_least_squares(voice):
    quality = {}
    for form in FORMS:
        scheme = Analog(form=form)
        quality[form] = snr(voice, scheme.decode(deliver(scheme.encode(voice), 10.0)))
    assert quality["mse"] > quality["envelope"] + 2


def test_same_input_same_symbols(voice):
    first, second = Analog().encode(voice), Analog().encode(voice)
    np.testing.assert_array_equal(first.streams[0].latents, second.streams[0].latents)
    decoded = [Analog().decode(deliver(e, 5.0)).fingerprint() for e in (first, second)]
    assert decoded[0] == decoded[1]


def test_set_up_tells_the_receiver_everything(make_voice):
    clip = make_voice(0.7, 44_100)
    scheme = Analog(form="envelope", uses_per_sample=0.7)
    received = deliver(scheme.encode(clip), 30.0)
    heard, other = scheme.decode(received), Analog().decode(received)
    assert other.fingerprint() == heard.fingerprint()
    assert (heard.audio.shape, heard.sample_rate) == (clip.audio.shape, 44_100)


@pytest.mark.parametrize("uses", [0.25, 0.5, 1.0, 1.7])
@pytest.mark.parametrize("seconds", [1.0, 3.01])
def test_the_link_charges_no_more_than_the_budget(make_voice, link, uses, seconds):
    clip = make_voice(seconds)
    sent = link.transmit(Analog(uses_per_sample=uses).encode(clip), 10.0, 1)
    budget = uses * len(clip.audio)
    assert budget - SLOT < sent.accounting.channel_uses <= budget


def test_a_budget_below_a_frame_costs_one_frame(make_voice, link):
    scheme = Analog(uses_per_sample=0.25)
    clip = make_voice(0.010)
    sent = link.transmit(scheme.encode(clip), 10.0, 1)
    assert sent.accounting.channel_uses == 2 * SLOT  # one of them for the set-up
    assert scheme.decode(sent.received).audio.shape == (160,)


def test_frames_of_an_interleaved_link(make_voice):
    config = LinkConfig(channel="rayleigh", estimator="perfect", interleave_slots=4)
    clip = make_voice(2.0)
    scheme = Analog(frame_uses=4 * SLOT)
    sent = Link(config).transmit(scheme.encode(clip), 10.0, 1)
    assert len(clip.audio) - 4 * SLOT < sent.accounting.channel_uses <= len(clip.audio)


def test_nothing_received_is_silence(voice):
    heard = Analog().decode(Received(Analog().encode(voice).setup))
    assert heard.audio.shape == voice.audio.shape
    assert not heard.audio.any()


@pytest.mark.parametrize("level", [0.0, 1e-6, 0.3, 1.0, -3.0])
def test_silence_dc_and_clipping(level):
    clip = Clip(audio=np.full(8000, level, np.float32))
    heard = Analog().decode(deliver(Analog().encode(clip), 20.0)).audio
    np.testing.assert_allclose(heard, np.clip(level, -1, 1), atol=0.5 * min(abs(level), 1.0))


def test_sound_that_cannot_be_sent_is_refused(small_clip):
    with pytest.raises(LinksimError, match="NaN or infinite"):
        Analog().encode(Clip(audio=np.array([0, np.inf], np.float32)))
    with pytest.raises(LinksimError, match="no audio stream"):
        Analog().encode(Clip(small_clip.frames, small_clip.fps))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"form": "enveloppe"}, "did you mean 'envelope'"),
        ({"uses_per_sample": 0}, "option 'uses_per_sample' must be between"),
        ({"frame_uses": 0}, "option 'frame_uses'"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(LinksimError, match=message):
        build(Analog, options, "scheme 'analog'")


def test_real_speech_is_no_straw_man(speech, link):
    scheme = Analog()
    encoded = scheme.encode(speech)
    for snr_db, bar in ((0.0, 2.2), (10.0, 3.5), (20.0, 4.1)):
        heard = scheme.decode(link.transmit(encoded, snr_db, 1).received)
        assert evaluate(["pesq"], speech, heard)["pesq"].value > bar
