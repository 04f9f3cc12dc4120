"""The call in its form for conversations, with video that arrives as it is and white lips."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from linksim.endpoint import (
    ABSENT,
    BitStream,
    Csi,
    Encoded,
    Received,
    ReceivedBits,
    ReceivedSymbols,
    SymbolStream,
)
from linksim.errors import LinksimError
from linksim.link.call.causality import early_changes, look_ahead
from linksim.link.contents import options_by_content
from linksim.media import Clip
from linksim.media.faces.networks import installed
from linksim.media.synthetic.expression import Expression
from linksim.media.synthetic.portrait import Portrait, Pose
from linksim.timing import Times
from semantic.asc.low_delay import HOP, settled
from semantic.dvst.endpoint import SETUP_BYTES
from semantic.wav2vid.endpoint import Wav2Vid
from semantic.wav2vid.low_delay import voice_so_far

pytestmark = pytest.mark.skipif(not installed(), reason="needs linksim[clip]")

SCHEME = Wav2Vid(low_delay=True)
TURNS = 20
"""Frame at which the head begins to turn."""


class Lossless:
    """Sends a frame a packet, and a symbol, each at its instant."""

    def encode_pictures(self, clip: Clip, places: np.ndarray, csi: Csi | None) -> Encoded:
        self.shape = clip.frames.shape
        when = Times.of_pictures(places.tolist(), places.tolist(), float(clip.fps))
        packets = tuple(frame.tobytes() for frame in clip.frames[places])
        latents = clip.frames[places].mean((1, 2, 3), dtype=float).astype(np.float32)
        video = SymbolStream("video", latents, (1,) * len(places), when)
        return Encoded((BitStream("side", packets, times=when), video), bytes(SETUP_BYTES))

    def decode_pictures(self, received: Received) -> Iterator[np.ndarray | None]:
        packets = {**received.streams["side"].packets, **received.streams["side"].late}
        for index in range(max(packets, default=-1) + 1):
            packet = packets.get(index)
            yield (
                None if packet is None else np.frombuffer(packet, np.uint8).reshape(self.shape[1:])
            )


class White:
    """A generator of white faces, more so the louder the voice."""

    compiled = True

    def predict_on_batch(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        loud = (inputs["mel"].mean((1, 2, 3), keepdims=True) + 4) / 8
        return inputs["face"] + loud * (1 - inputs["face"])


@pytest.fixture(autouse=True)
def _simple_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    lossless = Lossless()
    monkeypatch.setattr(Wav2Vid, "_video", property(lambda self: lossless))
    monkeypatch.setattr(Wav2Vid, "_generator", lambda self: White())


@pytest.fixture(scope="module")
def talk() -> Clip:
    """A head that keeps still, moves aside a little, and turns in the end; its voice is noise."""
    angles = [0.0] * TURNS + np.linspace(0, 16, 8).tolist()
    portrait = Portrait()
    frames = np.stack([portrait.render(Expression(), Pose(yaw=a)) for a in angles])
    for t in range(10, TURNS):
        frames[t] = np.roll(frames[t], 4 - abs(t - 14), axis=1)
    sound = 0.1 * np.random.default_rng(0).standard_normal(len(frames) * 640)
    return Clip(frames, Fraction(25), sound.astype(np.float32), 16_000, "talk")


@pytest.fixture(scope="module")
def encoded(talk: Clip) -> Encoded:
    with pytest.MonkeyPatch.context() as patch:
        lossless = Lossless()
        patch.setattr(Wav2Vid, "_video", property(lambda self: lossless))
        return SCHEME.encode(talk, Csi(10.0))


def arrive(encoded: Encoded, lost: dict[str, tuple[int, ...]] | None = None) -> Received:
    """What a link without noise delivers that loses some units of streams."""
    streams: dict[str, Any] = {}
    for stream in encoded.streams:
        gone = (lost or {}).get(stream.name, ())
        if isinstance(stream, BitStream):
            kept = {i: p for i, p in enumerate(stream.packets) if i not in gone}
            streams[stream.name] = ReceivedBits(stream.name, kept)
            continue
        latents, noise = stream.latents.copy(), np.full_like(stream.latents, 1e-6)
        ends = np.cumsum(stream.units)
        for unit in gone:
            these = slice(ends[unit] - stream.units[unit], ends[unit])
            latents[these], noise[these] = 0.0, ABSENT
        streams[stream.name] = ReceivedSymbols(stream.name, latents, noise)
    return Received(encoded.setup, streams)


def decode(talk: Clip, received: Received, scheme: Wav2Vid = SCHEME) -> Clip:
    scheme._video.shape = talk.frames.shape
    return scheme.decode(received)


def test_nothing_was_ready_before_what_it_depends_on(talk: Clip) -> None:
    assert early_changes(SCHEME, talk, (0.48, 0.87), Csi(10.0)) == []


def test_a_motion_field_waits_for_a_frame(talk: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = np.arange(len(talk.frames)) < 10
    monkeypatch.setattr(Wav2Vid, "gate", lambda *_: sent)  # which has been looked at
    found = look_ahead(SCHEME, talk, "motion", 1, Csi(10.0))
    assert found.claimed_s == pytest.approx(0.04)
    assert found.found_s == pytest.approx(0.04, abs=1e-3)


def test_each_frame_that_is_sent_is_shown_where_it_was(talk: Clip, encoded: Encoded) -> None:
    assert [s.name for s in encoded.streams] == ["audio", "side", "motion", "video"]
    seen = decode(talk, arrive(encoded))
    sent = np.array([origin == "sent" for origin in seen.origins])
    assert sent[:10].all()
    assert not sent[12:TURNS].any()
    assert sent[-3:].all()
    assert set(seen.origins) == {"sent", "generated"}
    assert np.array_equal(seen.frames[sent], talk.frames[sent])
    assert seen.audio.shape == talk.audio.shape
    assert not seen.warnings


def test_a_held_head_moves_as_the_speaker_does_as_far_as_it_is_told(
    talk: Clip, encoded: Encoded
) -> None:
    scheme = replace(SCHEME, lips="held")
    motions = len(encoded.streams[2].packets)
    seen = [decode(talk, arrive(encoded, {"motion": lost}), scheme) for lost in _losses(motions)]
    errors = [np.abs(s.frames[11:TURNS].astype(int) - talk.frames[11:TURNS]).mean() for s in seen]
    assert errors[0] < 0.7 * errors[2]
    assert errors[0] < errors[1] <= errors[2]


def _losses(motions: int) -> tuple[tuple[int, ...], ...]:
    return (), (2,), tuple(range(motions))


def test_lost_frames_and_sound_do_no_more_than_they_must(talk: Clip, encoded: Encoded) -> None:
    whole = decode(talk, arrive(encoded))
    count = len(encoded.streams[1].packets)
    seen = decode(talk, arrive(encoded, {"side": (count - 1,), "audio": (20,)}))
    assert [a == b for a, b in zip(whole.origins, seen.origins, strict=True)] == (
        [True] * (len(talk.frames) - 1) + [False]
    )
    assert np.array_equal(whole.audio[: 19 * HOP], seen.audio[: 19 * HOP])
    assert not np.array_equal(whole.audio, seen.audio)
    nothing = decode(talk, Received(encoded.setup, {}))
    assert set(nothing.origins) == {"held"}
    assert not nothing.audio.any()


def test_what_comes_late_is_held_from_when_it_is_there(talk: Clip, encoded: Encoded) -> None:
    whole, came = decode(talk, arrive(encoded)), arrive(encoded)
    first = [o == "sent" for o in whole.origins].index(False)  # frames that are sent to begin with
    packets = dict(came.streams["side"].packets)
    late = {i: packets.pop(i) for i in range(first)}
    side = ReceivedBits("side", packets, late, dict.fromkeys(late, 0.08))
    delayed = replace(came, streams={**came.streams, "side": side})
    still = decode(talk, delayed, replace(SCHEME, lips="held", motion_field=0))
    assert set(still.origins[:TURNS]) == {"held"}
    assert np.array_equal(still.frames[2 : first + 2], talk.frames[:first])
    seen = decode(talk, delayed)  # lips are made of the first that is there, and of those after it
    assert seen.origins[:4] == ("held", "held", "held", "generated")
    assert set(seen.origins[first + 2 : TURNS]) == {"generated"}
    assert seen.origins[-3:] == whole.origins[-3:] == ("sent",) * 3


def test_lips_are_made_of_sound_that_is_decoded_by_then(talk: Clip) -> None:
    frame, fps = 12, Fraction(25)
    known = settled(frame / 25)
    other = talk.audio.copy()
    other[known:] = 0.0
    one, two = (voice_so_far(a, len(talk.frames), fps) for a in (talk.audio, other))
    assert np.array_equal(one[: frame + 1], two[: frame + 1])
    assert not np.array_equal(one[frame + 2], two[frame + 2])
    assert one[frame].std() > 0.1


def test_a_budget_chooses_the_form() -> None:
    assert Wav2Vid().within(0.15) == SCHEME
    with pytest.raises(LinksimError, match="scheme 'wav2vid' needs 80 ms"):
        Wav2Vid().within(0.07)
    with pytest.raises(LinksimError, match="'personalise' waits for the start"):
        Wav2Vid(personalise=1.0).within(0.15)
    assert "low_delay" not in options_by_content(Wav2Vid())
