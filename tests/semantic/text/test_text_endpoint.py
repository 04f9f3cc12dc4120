"""The text codec as a scheme, its shipped weights and its digital reference, over the link."""

from fractions import Fraction

import numpy as np
import pytest

from linksim.endpoint import BitStream, Received, SymbolStream, make_endpoint
from linksim.errors import LinksimError
from linksim.link.accounting import channel_uses
from linksim.link.config import LinkConfig
from linksim.link.ideal import delivered
from linksim.link.sending import send
from linksim.link.transmission import Link
from linksim.media import Clip
from linksim.metrics import METRICS
from linksim.metrics.words import edits, words
from linksim.options import build
from semantic.text.alphabet import lost_letters, normalise
from semantic.text.digital import text_of, text_stream
from semantic.text.endpoint import Text
from semantic.text.layout import SLOT_USES, combined, held_of, kept_of, slots_of
from semantic.text.model import TextModel
from semantic.text.sizes import PRESETS
from semantic.training import weights

wer = METRICS["wer"].function

SAID = "Set white with P4 soon."
LONG = (
    "We should meet on Thursday at half past nine, but I can't bring the printed copies, so "
    "please ask Maria to print forty of them and leave them on the second floor."
)


def clip(text: str) -> Clip:
    return Clip(name="words", text=text)


@pytest.fixture(scope="module")
def link() -> Link:
    return Link(LinkConfig(estimator="perfect"))


def test_slots_are_filled() -> None:
    assert slots_of(0, 32.0, 4) == 0
    assert slots_of(1, 32.0, 4) == 4
    assert slots_of(100, 2 * SLOT_USES / 100, 1) == 2
    assert slots_of(101, 2 * SLOT_USES / 100, 1) == 3
    assert kept_of(100, 2, 32) == 32
    assert kept_of(144, 1, 32) == 12
    assert kept_of(145, 1, 32) == 10


@pytest.mark.parametrize(("pairs", "slots"), [(50, 4), (3456, 4), (3000, 4), (1, 2)])
def test_copies_fill_the_slots_evenly_and_far_apart(pairs: int, slots: int) -> None:
    held = held_of(pairs, slots)
    copies = np.bincount(held, minlength=pairs)
    assert len(held) == slots * SLOT_USES
    assert copies.max() - copies.min() <= 1
    assert (np.diff(copies) <= 0).all()
    for pair in range(0, pairs, 17):
        if copies[pair] == 2:
            slots = np.flatnonzero(held == pair) // SLOT_USES
            assert slots[0] != slots[1]


def test_copies_combine_as_maximum_ratio() -> None:
    """Two copies with N0 of 1 and 1/3 are one with N0 of 1/4, whatever copies others have."""
    received = np.array([2.0, 2.0, 7.0, 5.0, 1.0, 1.0], np.float32)
    noise = np.array([1.0, 1.0, 1.0, 0.5, 1 / 3, 1 / 3], np.float32)
    estimate, trust = combined(received, noise, np.array([0, 1, 0]))
    mean = (1 * 2.0 + 3 * 1.0) / 4
    assert estimate == pytest.approx(np.array([[mean * 4 / 5] * 2, [7 / 2, 5 * 2 / 3]]))
    assert trust == pytest.approx(np.array([[4 / 5] * 2, [1 / 2, 2 / 3]]))
    perfect, sure = combined(received, np.zeros(6, np.float32), np.array([0, 1, 2]))
    assert perfect.reshape(-1) == pytest.approx(received)
    assert sure == pytest.approx(1.0)


@pytest.mark.parametrize("form", ["semantic", "digital"])
@pytest.mark.parametrize("options", [{}, {"uses": 16.0, "slots": 1}, {"slots": 7}])
def test_a_text_arrives_where_nothing_is_noisy(form: str, options: dict[str, float]) -> None:
    scheme = Text(form=form, **options)
    for text in (SAID, LONG):
        heard = scheme.decode(delivered(scheme.encode(clip(text))))
        assert heard.text == (normalise(text) if form == "semantic" else text)
        assert not heard.warnings
        assert wer(clip(text), heard).value == 0.0


def test_both_forms_take_the_same_channel_uses() -> None:
    for text, slots in ((SAID, 4), (LONG, 6)):
        semantic, digital = (Text(form=f).encode(clip(text)) for f in ("semantic", "digital"))
        assert channel_uses(semantic, LinkConfig()) == (slots + 1) * SLOT_USES
        assert channel_uses(digital, LinkConfig()) == (slots + 1) * SLOT_USES


def test_an_empty_text_is_empty() -> None:
    for form in ("semantic", "digital"):
        scheme = Text(form=form)
        encoded = scheme.encode(clip("  "))
        assert not encoded.streams
        assert scheme.decode(delivered(encoded)).text == ""


def test_nothing_received_is_no_text() -> None:
    for form in ("semantic", "digital"):
        scheme = Text(form=form)
        assert scheme.decode(Received(scheme.encode(clip(SAID)).setup)).text == ""


def test_letters_outside_the_alphabet_are_told() -> None:
    scheme = Text()
    seen = scheme.decode(delivered(scheme.encode(clip("two 日本 letters, ½ – café"))))
    assert seen.warnings == ("2 letters are not in the alphabet of the text codec, and not sent",)
    assert lost_letters("naïve ½ €5, straße") == 0
    whole = Text(form="digital")
    assert whole.decode(delivered(whole.encode(clip("日本 café")))).text == "日本 café"


def test_power_is_shared_by_the_chunks() -> None:
    latents = Text(uses=32.0).encode(clip(LONG)).streams[0].latents
    assert np.mean(latents**2) == pytest.approx(1.0, abs=0.02)


def test_one_letter_has_enough_slots() -> None:
    scheme = Text(slots=1000)
    assert scheme.decode(delivered(scheme.encode(clip("a")))).text == "a"


def test_shipped_weights_beat_the_digital_path_at_0_db(link: Link) -> None:
    """At equal channel uses, one channel a slot; both meet the same channels."""

    def rate(form: str) -> float:
        scheme, sent = Text(form=form, uses=16.0, slots=1), words(LONG)
        seeds = range(6)
        heard = [send(scheme, clip(LONG), link, 0.0, seed)[0].text for seed in seeds]
        return sum(edits(sent, words(text)) for text in heard) / (len(sent) * len(seeds))

    semantic, digital = rate("semantic"), rate("digital")
    assert semantic < 0.05
    assert digital > 3 * semantic


def test_weights_fit_the_model() -> None:
    model = weights.trained(TextModel, "compact")
    assert model.latents == PRESETS["compact"].latents
    assert weights.path_of("text", "compact").stat().st_size < 12 * 2**20


def test_packets_of_a_text_are_sent_as_often_as_they_fit() -> None:
    stream = text_stream("text", b"x" * 40, 5)
    assert (stream.mcs.modulation, stream.mcs.code_rate) == ("qpsk", 0.2)
    assert (len(stream.packets), stream.interleave_slots) == (4, 2)
    assert stream.packets[:2] == stream.packets[2:]
    assert text_stream("text", b"x" * 400, 5).mcs.code_rate > 0.2
    with pytest.raises(LinksimError, match="5 slots are too few for 4000 bytes"):
        text_stream("text", b"x" * 4000, 5)


def test_lost_packets_leave_gaps() -> None:
    text = " ".join(f"word{i:02}" for i in range(12)).encode()
    packets = dict(enumerate(text_stream("text", text, 7).packets))
    assert text_of(packets, len(text), 7) == text.decode()
    once = {i: packets[i] for i in range(3)}
    assert text_of(once, len(text), 7) == text.decode()
    found = text_of({i: packets[i] for i in (0, 2)}, len(text), 7)
    assert found.startswith("word00")
    assert found.endswith("word11")
    assert len(found) < len(text) - 20


def test_metric(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wer(clip("one two three four"), clip("ONE too four.")).value == 0.5
    assert wer(clip("one two"), clip("")).value == 1.0
    assert wer(clip("one two"), clip("one two")).n == 2
    sound = Clip(audio=np.ones(9, np.float32))
    assert wer(clip("one"), sound).reason == "the received clip has no text"
    assert wer(clip(" . "), clip("one")).reason == "the reference has no words"
    frames = Clip(np.zeros((1, 2, 2, 3), np.uint8), Fraction(25))
    assert wer(frames, clip("one")).reason == "the reference has neither text nor sound"
    monkeypatch.setattr("semantic.text.speech.recognise", lambda audio, rate: "one two")
    assert wer(sound, clip("one")).value == 0.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"form": "analogue"}, "value of option 'form'"),
        ({"preset": "huge"}, "value of option 'preset'"),
        ({"uses": "1"}, "'uses' must be between 2 and 1000"),
        ({"slots": "0"}, "'slots' must be between 1 and 10000"),
        ({"slots": "many"}, "'slots' must be a whole number"),
    ],
)
def test_wrong_options(options: dict[str, str], message: str) -> None:
    with pytest.raises(LinksimError, match=message):
        build(Text, options, "scheme 'text'")


def test_what_cannot_be_sent() -> None:
    with pytest.raises(LinksimError, match="has no text; scheme 'text' needs text"):
        Text().encode(Clip(audio=np.ones(9, np.float32)))
    with pytest.raises(LinksimError, match="no such weights"):
        Text(preset="paper").encode(clip("a"))


def test_it_is_known_by_its_name() -> None:
    scheme = make_endpoint("text", {"form": "digital"})
    assert isinstance(scheme, Text)
    encoded = scheme.encode(clip(SAID))
    assert isinstance(encoded.streams[0], BitStream)
    assert isinstance(Text().encode(clip(SAID)).streams[0], SymbolStream)
