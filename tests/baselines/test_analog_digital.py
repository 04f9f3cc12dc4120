"""Analogue sound whose envelope goes as packets."""

import subprocess
import sys

import numpy as np
import pytest

from baselines.analog.endpoint import BIN_HZ, FORMS, LEAST_DIGITAL_USES, Analog
from baselines.analog.envelope import BLOCK_FRAMES, Envelope
from baselines.analog.envelope_packets import (
    STEP_DB,
    frames_of,
    from_packets,
    quantised,
    to_packets,
)
from linksim.endpoint import (
    BitStream,
    Encoded,
    Received,
    ReceivedBits,
    ReceivedSymbols,
    SymbolStream,
)
from linksim.errors import LinksimError
from linksim.link.config import LinkConfig
from linksim.link.transmission import Link
from linksim.media import Clip
from linksim.metrics import evaluate
from linksim.options import build

SLOT = 864


def digital(**options: object) -> Analog:
    return Analog(side_information="digital", **options)


@pytest.fixture(scope="module")
def link() -> Link:
    return Link(LinkConfig(channel="rayleigh", estimator="perfect"))


@pytest.fixture(scope="module")
def envelope() -> Envelope:
    return Envelope(100, BIN_HZ)


@pytest.fixture(scope="module")
def levels(envelope: Envelope) -> np.ndarray:
    """The levels of five blocks of noise that gets louder and comes and goes."""
    rng = np.random.default_rng(0)
    frames = 5 * BLOCK_FRAMES
    loudness = 10 ** (np.linspace(-2, 0.5, frames) * (rng.random(frames) > 0.2))
    return envelope.forward(rng.normal(size=(frames, 100)) * loudness[:, None])


def parts(encoded: Encoded) -> tuple[SymbolStream, BitStream]:
    audio, described = encoded.streams
    assert isinstance(audio, SymbolStream)
    assert isinstance(described, BitStream)
    return audio, described


def deliver(encoded: Encoded, packets: dict[int, bytes], snr_db: float = 40.0) -> Received:
    """Add white noise to every latent, and hand over these packets."""
    audio, _ = parts(encoded)
    variance = np.mean(audio.latents**2) * 10 ** (-snr_db / 10)
    noise = np.random.default_rng(0).normal(0, np.sqrt(variance), len(audio.latents))
    latents = (audio.latents + noise).astype(np.float32)
    symbols = ReceivedSymbols("audio", latents, np.full(len(latents), variance, np.float32))
    bits = ReceivedBits("envelope", packets)
    return Received(encoded.setup, {"audio": symbols, "envelope": bits})


def snr(sent: Clip, heard: Clip) -> float:
    error = np.sum((sent.audio - heard.audio) ** 2)
    return float(10 * np.log10(np.sum(sent.audio**2) / error))


@pytest.mark.parametrize("bins", [1, 2, 30, 256])
def test_envelope_comes_back_within_half_a_step(bins):
    envelope = Envelope(bins, BIN_HZ)
    coefficients = np.random.default_rng(0).normal(size=(100, bins)) * np.linspace(0, 9, bins)
    levels = envelope.forward(coefficients)
    packets = to_packets(levels, envelope)
    assert len(packets) == envelope.blocks(100)
    received = from_packets(dict(enumerate(packets)), len(packets), envelope)
    assert np.abs(received - levels).max() <= STEP_DB / 2 + 1e-9
    np.testing.assert_array_equal(received, quantised(levels))  # as the sender takes it to be


def test_each_packet_is_decoded_by_itself(levels, envelope):
    packets = to_packets(levels, envelope)
    for index, packet in enumerate(packets):
        received = from_packets({index: packet}, len(packets), envelope)
        np.testing.assert_array_equal(received[index], quantised(levels)[index])


def test_lost_blocks_take_the_mean_spectrum_of_their_neighbours(levels, envelope):
    packets = dict(enumerate(to_packets(levels, envelope)))
    sent = quantised(levels)
    received = from_packets({1: packets[1], 3: packets[3]}, 5, envelope)
    steady = envelope.steady
    np.testing.assert_array_equal(received[[1, 3]], sent[[1, 3]])
    np.testing.assert_allclose(received[2, steady], (sent[1, steady] + sent[3, steady]) / 2)
    np.testing.assert_array_equal(received[[0, 4]][:, steady], sent[[1, 3]][:, steady])
    assert not received[[0, 2, 4]][:, ~steady].any()
    variance = envelope.inverse(received, 5 * BLOCK_FRAMES).reshape(5, BLOCK_FRAMES, -1)
    assert np.ptp(variance[[0, 2, 4]], axis=1).max() < 1e-6 * variance.max()


def test_without_any_packet_all_bands_have_the_mean_power(envelope):
    variance = envelope.inverse(from_packets({}, 3, envelope), 70)
    assert variance.shape == (70, 100)
    np.testing.assert_allclose(variance, 1.0, rtol=0.1)  # but for what is not kept


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("uses", [0.5, 1.0, 2.0])
def test_sound_comes_back(voice, form, uses):
    scheme = digital(form=form, uses_per_sample=uses)
    encoded = scheme.encode(voice)
    received = deliver(encoded, dict(enumerate(parts(encoded)[1].packets)), 60.0)
    heard = scheme.decode(received)
    assert heard.audio.shape == voice.audio.shape
    assert snr(voice, heard) > (8 if uses < 1 else 30)
    other = Analog(form="envelope", uses_per_sample=0.3).decode(received)
    assert other.fingerprint() == heard.fingerprint()  # the set-up tells all


@pytest.mark.parametrize("form", FORMS)
def test_any_loss_leaves_sound(voice, form):
    scheme = digital(form=form)
    encoded = scheme.encode(voice)
    packets = dict(enumerate(parts(encoded)[1].packets))
    whole = snr(voice, scheme.decode(deliver(encoded, packets)))
    damaged = {i: bytes(reversed(p)) for i, p in packets.items()}
    losses = [{k: p for k, p in packets.items() if k != i} for i in packets]
    for left in (*losses, {}, damaged, {0: b""}, {99: b"late"}):
        heard = scheme.decode(deliver(encoded, left))
        assert heard.audio.shape == voice.audio.shape
        assert np.isfinite(heard.audio).all()
        assert snr(voice, heard) < whole
    without = deliver(encoded, {})
    only_sound = Received(without.setup, {"audio": without.streams["audio"]})
    assert scheme.decode(only_sound).fingerprint() == scheme.decode(without).fingerprint()
    assert not scheme.decode(Received(encoded.setup)).audio.any()


@pytest.mark.parametrize("form", FORMS)
def test_losing_one_packet_costs_less_than_losing_all(voice, form):
    scheme = digital(form=form)
    encoded = scheme.encode(voice)
    packets = dict(enumerate(parts(encoded)[1].packets))
    none = snr(voice, scheme.decode(deliver(encoded, {})))
    for lost in packets:
        left = {i: p for i, p in packets.items() if i != lost}
        assert snr(voice, scheme.decode(deliver(encoded, left))) > none


@pytest.mark.parametrize("uses", [0.2, 0.25, 0.5, 1.0, 1.7])
@pytest.mark.parametrize("seconds", [1.0, 3.01])
def test_the_link_charges_no_more_than_the_budget(make_voice, link, uses, seconds):
    clip = make_voice(seconds)
    sent = link.transmit(digital(uses_per_sample=uses).encode(clip), 10.0, 1)
    budget = uses * len(clip.audio)
    assert set(sent.per_stream) == {"audio", "envelope", "set-up"}
    assert budget - SLOT < sent.accounting.channel_uses <= budget


def test_frames_of_another_link(make_voice):
    config = LinkConfig(channel="rayleigh", estimator="perfect", interleave_slots=4, subcarriers=36)
    clip = make_voice(2.0)
    scheme = digital(frame_uses=4 * 36 * 12, slot_uses=36 * 12)
    sent = Link(config).transmit(scheme.encode(clip), 10.0, 1)
    assert len(clip.audio) - 4 * 36 * 12 < sent.accounting.channel_uses <= len(clip.audio)


def test_the_least_budget_holds_sound_that_comes_and_goes():
    rng = np.random.default_rng(0)
    gates = np.repeat(10.0 ** rng.uniform(-3, 0, 40 * 32), 500)
    clip = Clip(audio=(0.3 * gates * rng.normal(size=len(gates))).astype(np.float32))
    encoded = digital(uses_per_sample=LEAST_DIGITAL_USES).encode(clip)
    audio, described = parts(encoded)
    used = len(audio.latents) // 2 + SLOT * (1 + frames_of(described.packets, SLOT, SLOT))
    assert used <= LEAST_DIGITAL_USES * len(clip.audio)


def test_a_budget_below_a_frame_costs_a_frame_of_each(make_voice, link):
    clip = make_voice(0.010)
    scheme = digital(uses_per_sample=0.25)
    sent = link.transmit(scheme.encode(clip), 10.0, 1)
    assert sent.accounting.channel_uses == 3 * SLOT
    assert scheme.decode(sent.received).audio.shape == (160,)


def test_a_digital_envelope_takes_frames_from_the_symbols(voice):
    (alone,) = Analog(uses_per_sample=0.5).encode(voice).streams
    audio, described = parts(digital(uses_per_sample=0.5).encode(voice))
    taken = frames_of(described.packets, SLOT, SLOT)
    assert taken > 0
    assert len(audio.latents) == len(alone.latents) - 2 * SLOT * taken


def test_same_input_same_streams(voice):
    first, second = digital().encode(voice), digital().encode(voice)
    np.testing.assert_array_equal(parts(first)[0].latents, parts(second)[0].latents)
    assert parts(first)[1] == parts(second)[1]
    assert first.setup == second.setup


@pytest.mark.parametrize("level", [0.0, 1e-6, 1.0])
def test_silence_and_dc(level):
    clip = Clip(audio=np.full(8000, level, np.float32))
    encoded = digital().encode(clip)
    packets = dict(enumerate(parts(encoded)[1].packets))
    heard = digital().decode(deliver(encoded, packets, 20.0)).audio
    np.testing.assert_allclose(heard, level, atol=0.5 * level)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"side_information": "digitel"}, "did you mean 'digital'"),
        ({"uses_per_sample": 0.03}, "option 'uses_per_sample' must be between 0.05"),
        ({"frame_uses": 1000}, "option 'frame_uses' must be a multiple of option 'slot_uses'"),
        ({"slot_uses": 0}, "multiple of option 'slot_uses'"),
        ({"slot_uses": 100, "frame_uses": 100}, "that of 12, not 100 and 100"),
        ({"slot_uses": 12, "frame_uses": 12}, "subcarriers must be between 12"),
        ({"slot_uses": 144, "frame_uses": 144}, "cannot hold a packet header"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(LinksimError, match=message) as caught:
        build(Analog, {"side_information": "digital", **options}, "scheme 'analog'")
    assert "\n" not in str(caught.value)


def test_real_speech_needs_no_analogue_envelope_at_high_snr(speech, link):
    scheme = digital()
    heard = scheme.decode(link.transmit(scheme.encode(speech), 20.0, 1).received)
    assert evaluate(["pesq"], speech, heard)["pesq"].value > 4.0


def test_the_scheme_needs_no_tensorflow():
    code = "import baselines.analog.endpoint, sys; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
