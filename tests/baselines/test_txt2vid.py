"""A call by text, with words that are known and a voice that is a tone for each letter."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import baselines.txt2vid as module
from baselines.txt2vid import Txt2Vid, to_and_fro
from linksim.endpoint import Csi, Encoded, Received, make_endpoint
from linksim.errors import LinksimError
from linksim.link.accounting import channel_uses
from linksim.link.config import LinkConfig
from linksim.link.ideal import delivered
from linksim.media import Clip
from linksim.media.faces.networks import installed
from linksim.media.synthetic.expression import Expression
from linksim.media.synthetic.portrait import Portrait, Pose
from linksim.metrics import METRICS
from linksim.options import build
from semantic.text import speech
from semantic.text.layout import SLOT_USES

SAID = "one two three"
COUNT = 14
FIVE = {"driving": 0.2}  # seconds, 5 frames


@pytest.fixture(autouse=True)
def _simple_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    def voice(text: str, samples: int) -> np.ndarray:
        tone = np.sin(np.arange(samples) / 5.0) * min(len(text), 1) / 2
        return tone.astype(np.float32)

    monkeypatch.setattr(module, "recognise", lambda audio: SAID)
    monkeypatch.setattr(module, "speak", voice)


@pytest.fixture(scope="module")
def talk() -> Clip:
    """A head that turns slowly, larger than a group of blocks on either side, and noise."""
    portrait = Portrait()
    frames = [portrait.render(Expression(), Pose(yaw=a)) for a in np.linspace(0, 6, COUNT)]
    sound = 0.1 * np.random.default_rng(0).standard_normal(COUNT * 640)
    return Clip(np.stack(frames), Fraction(25), sound.astype(np.float32), 16_000, "talk")


@pytest.fixture(scope="module")
def blank() -> Clip:
    """Grey pictures, so small that they are sent at once."""
    frames = np.full((COUNT, 32, 48, 3), 90, np.uint8)
    return Clip(frames, Fraction(25), np.ones(COUNT * 640, np.float32), 16_000, "blank")


def heard(scheme: Txt2Vid, encoded: Encoded, lost: str = "") -> Clip:
    received = delivered(encoded)
    streams = {name: s for name, s in received.streams.items() if name != lost}
    return scheme.decode(Received(received.setup, streams))


@pytest.mark.skipif(not installed(), reason="needs linksim[clip]")
def test_a_call(talk: Clip) -> None:
    scheme = Txt2Vid(**FIVE)
    encoded = scheme.encode(talk, Csi(10.0))
    assert [stream.name for stream in encoded.streams] == ["side", "video", "text"]
    seen = heard(scheme, encoded)
    assert seen.frames.shape == talk.frames.shape
    assert (seen.fps, seen.sample_rate, seen.audio.shape) == (25, 16_000, talk.audio.shape)
    assert seen.text == SAID
    assert seen.origins == ("generated",) * COUNT
    assert not seen.warnings
    # Away from the face it is the driving clip, to and fro.
    top = seen.frames[:, :20]
    assert np.array_equal(top[5], top[3])
    assert np.array_equal(top[8:], top[:6])
    # The voice says another thing at each time, though the frame behind is the same.
    assert not np.array_equal(seen.frames[8], seen.frames[0])
    assert METRICS["wer"].function(replace(talk, text=SAID), seen).value == 0.0


def test_without_a_face_the_driving_clip_is_shown(blank: Clip) -> None:
    scheme = Txt2Vid(**FIVE)
    seen = heard(scheme, scheme.encode(blank))
    assert seen.origins == ("sent",) * 5 + ("held",) * (COUNT - 5)
    assert len(seen.warnings) == 1
    assert "no lips are generated: " in seen.warnings[0]
    assert seen.text == SAID


@pytest.mark.parametrize("lost", ["text", "side"])
def test_what_is_lost_is_said(blank: Clip, lost: str) -> None:
    scheme = Txt2Vid(**FIVE)
    seen = heard(scheme, scheme.encode(blank), lost)
    silent = "no text has arrived, so there is silence" in seen.warnings
    assert silent == (lost == "text") == (not seen.audio.any())
    assert any("side information of 5 of 5" in line for line in seen.warnings) == (lost == "side")
    assert seen.frames.shape == blank.frames.shape


@pytest.mark.parametrize("text", ["semantic", "digital"])
@pytest.mark.parametrize("options", [FIVE, {"uses": 60_000.0}])
def test_text_arrives_in_either_form(blank: Clip, text: str, options: dict[str, float]) -> None:
    scheme = Txt2Vid(text=text, **options)
    assert heard(scheme, scheme.encode(blank)).text == SAID


def test_as_much_video_is_sent_as_the_uses_allow(talk: Clip) -> None:
    link = LinkConfig()

    def frames_and_uses(**options: Any) -> tuple[int, int]:
        encoded = Txt2Vid(slots=1, **options).encode(talk, Csi(10.0))
        count = int.from_bytes(encoded.setup[10:14], "little")
        return count, channel_uses(encoded, link)

    count, uses = frames_and_uses(**FIVE)
    assert count == 5
    found, spent = frames_and_uses(uses=float(uses))
    assert found >= 5
    assert uses - SLOT_USES < spent <= uses
    assert frames_and_uses(uses=1e6)[0] == COUNT
    # What is left for no frame goes to the text.
    assert uses < frames_and_uses(uses=uses + 2.0 * SLOT_USES)[1] <= uses + 2 * SLOT_USES
    with pytest.raises(LinksimError, match="900 channel uses are too few for the text of talk"):
        frames_and_uses(uses=900.0)


@pytest.mark.parametrize(
    ("frames", "shown"),
    [
        (1, [0, 0, 0, 0, 0, 0, 0]),
        (2, [0, 1, 0, 1, 0, 1, 0]),
        (3, [0, 1, 2, 1, 0, 1, 2]),
        (9, [0, 1, 2, 3, 4, 5, 6]),
    ],
)
def test_to_and_fro(frames: int, shown: list[int]) -> None:
    assert to_and_fro(frames, 7).tolist() == shown


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"driving": "0"}, "'driving' must be between"),
        ({"driving": "1", "uses": "9000"}, "leave out 'driving'"),
        ({"uses": "0"}, "'uses' must be between"),
        ({"text": "spoken"}, "value of option 'form'"),
        ({"uses_per_character": "1"}, "'uses' must be between 2"),
        ({"slots": "0"}, "'slots' must be between"),
        ({"eta": "99"}, "'eta' must be between"),
        ({"link": "estimator=perfct"}, "unknown estimator"),
    ],
)
def test_wrong_options(options: dict[str, str], message: str) -> None:
    with pytest.raises(LinksimError, match=message):
        build(Txt2Vid, options, "scheme 'txt2vid'")


def test_what_cannot_be_sent(blank: Clip) -> None:
    with pytest.raises(LinksimError, match="needs audio"):
        Txt2Vid().encode(replace(blank, audio=None))
    with pytest.raises(LinksimError, match="16000 Hz, not 8000 Hz"):
        Txt2Vid().encode(replace(blank, sample_rate=8000))


def test_it_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(make_endpoint("txt2vid"), Txt2Vid)
    monkeypatch.setattr(speech, "MODULES", ("no_such_module",))
    assert "linksim[txt2vid]" in Txt2Vid.missing()
