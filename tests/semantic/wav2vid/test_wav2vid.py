"""The whole call, with video that arrives as it is and lips that are painted white."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from linksim.endpoint import (
    BitStream,
    Csi,
    Encoded,
    Received,
    ReceivedBits,
    ReceivedSymbols,
    SymbolStream,
)
from linksim.errors import LinksimError
from linksim.media import Clip
from linksim.media.faces.networks import installed
from linksim.media.synthetic.expression import Expression
from linksim.media.synthetic.portrait import Portrait, Pose
from semantic.dvst.endpoint import SETUP_BYTES
from semantic.wav2vid.endpoint import Wav2Vid

pytestmark = pytest.mark.skipif(not installed(), reason="needs linksim[clip]")

STILL, TURN = 20, 15


class Lossless:
    """Sends a frame a packet, and a symbol, for there is to be a stream of them."""

    def encode(self, clip: Clip, csi: Csi | None) -> Encoded:
        self.shape = clip.frames.shape
        side = BitStream("side", tuple(frame.tobytes() for frame in clip.frames))
        video = SymbolStream("video", np.ones(2, np.float32))
        return Encoded((side, video), bytes(SETUP_BYTES))

    def decode(self, received: Received) -> Clip:
        frames, origins = np.full(self.shape, 128, np.uint8), ["held"] * self.shape[0]
        for index, packet in received.streams["side"].packets.items():
            frames[index] = np.frombuffer(packet, np.uint8).reshape(self.shape[1:])
            origins[index] = "sent"
        return Clip(frames, Fraction(25), origins=tuple(origins))


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
    monkeypatch.setattr(
        "linksim.streams.protection.side_stream", lambda name, p, *_: BitStream(name, p)
    )


@pytest.fixture(scope="module")
def talk() -> Clip:
    """A head that keeps still, turns to one side and stays there; its voice sets in at 1 s."""
    angles = [0.0] * STILL + np.linspace(0, 20, TURN).tolist() + [20.0] * STILL
    portrait = Portrait()
    frames = np.stack([portrait.render(Expression(), Pose(yaw=a)) for a in angles])
    sound = 0.1 * np.random.default_rng(0).standard_normal(len(frames) * 640)
    sound[:16_000] = 0
    return Clip(frames, Fraction(25), sound.astype(np.float32), 16_000, "talk")


def arrive(encoded: Encoded, lost: tuple[int, ...] = ()) -> Received:
    """What a link delivers without noise that loses some packets of the side information."""
    streams: dict[str, Any] = {}
    for stream in encoded.streams:
        if isinstance(stream, BitStream):
            kept = {i: p for i, p in enumerate(stream.packets) if i not in lost}
            streams[stream.name] = ReceivedBits(stream.name, kept)
        else:
            variance = np.full_like(stream.latents, 1e-6)
            streams[stream.name] = ReceivedSymbols(stream.name, stream.latents, variance)
    return Received(encoded.setup, streams)


def test_video_is_sent_while_the_head_turns(talk: Clip) -> None:
    scheme = Wav2Vid()
    encoded = scheme.encode(talk, Csi(10.0))
    assert [stream.name for stream in encoded.streams] == ["side", "video", "audio"]
    seen = scheme.decode(arrive(encoded))
    assert seen.frames.shape == talk.frames.shape
    assert (seen.fps, seen.sample_rate, seen.audio.shape) == (25, 16_000, talk.audio.shape)
    sent = np.array([origin == "sent" for origin in seen.origins])
    assert set(seen.origins) == {"sent", "generated"}
    assert sent[:10].all()
    assert not sent[12:STILL].any()
    assert sent[STILL + 8 : STILL + TURN].all()
    assert not sent[-8:].any()
    assert np.array_equal(seen.frames[sent], talk.frames[sent])
    assert not seen.warnings


def test_lips_follow_the_sound_in_between(talk: Clip) -> None:
    scheme = Wav2Vid(motion_field=0)
    seen = scheme.decode(arrive(scheme.encode(talk)))
    generated = np.flatnonzero([origin == "generated" for origin in seen.origins])
    quiet, loud = generated[generated < 20], generated[generated > 30]
    for some, moved in ((quiet, False), (loud, True)):
        for t in some:
            before = max(i for i, origin in enumerate(seen.origins[:t]) if origin == "sent")
            change = np.abs(seen.frames[t].astype(int) - seen.frames[before]).max()
            assert (change > 20) == moved


def test_frames_may_be_held_instead(talk: Clip) -> None:
    scheme = Wav2Vid(lips="held", motion_field=0)
    seen = scheme.decode(arrive(scheme.encode(talk)))
    assert set(seen.origins) == {"sent", "held"}
    held = seen.origins.index("held")
    assert np.array_equal(seen.frames[held], seen.frames[held - 1])


def rocking(talk: Clip) -> Clip:
    """Return the talk with a start in which all is moved aside, by 4 pixels and back."""
    frames = talk.frames.copy()
    for t in range(10, STILL):
        frames[t] = np.roll(frames[t], 4 - abs(t - 14), axis=1)
    return replace(talk, frames=frames)


def error(seen: Clip, clip: Clip) -> float:
    """Return the mean difference where the start of the talk is not sent."""
    return float(np.abs(seen.frames[11:STILL].astype(int) - clip.frames[11:STILL]).mean())


def test_a_held_head_moves_as_the_speaker_does(talk: Clip) -> None:
    clip = rocking(talk)
    seen = {}
    for cells in (12, 0):
        scheme = Wav2Vid(lips="held", motion_field=cells)
        seen[cells] = scheme.decode(arrive(scheme.encode(clip)))
        assert not seen[cells].warnings
    assert error(seen[12], clip) < 0.6 * error(seen[0], clip)


def test_where_its_motion_is_lost_the_head_stands_still_and_it_is_said(talk: Clip) -> None:
    clip = rocking(talk)
    still = Wav2Vid(lips="held", motion_field=0)
    held = still.decode(arrive(still.encode(clip)))
    scheme = Wav2Vid(lips="held")
    seen = scheme.decode(arrive(scheme.encode(clip), (1,)))
    assert np.array_equal(seen.frames[:STILL], held.frames[:STILL])
    assert ["stand still" in line for line in seen.warnings] == [True]


def test_no_face_two_faces_and_faces_seen_from_the_side_are_sent(talk: Clip) -> None:
    face = talk.frames[0]
    for picture in (np.zeros_like(face), np.concatenate([face, face], 1)):
        clip = replace(talk, frames=np.stack([picture] * 30), audio=talk.audio[:19_200])
        scheme = Wav2Vid()
        assert scheme.decode(arrive(scheme.encode(clip))).origins == ("sent",) * 30


def test_more_is_sent_at_a_lower_threshold(talk: Clip) -> None:
    counts = [int(Wav2Vid().gate(talk.frames, talk.fps, e).sum()) for e in (3, 7, 25)]
    assert counts[0] > counts[1] > counts[2]


def test_what_is_lost_is_held_and_said(talk: Clip) -> None:
    scheme = Wav2Vid()
    encoded = scheme.encode(talk)
    packets = len(encoded.streams[0].packets)
    seen = scheme.decode(arrive(encoded, tuple(range(1, packets))))
    assert "generated" not in seen.origins
    assert "there is no face before" in seen.warnings[0]
    without_times = scheme.decode(arrive(encoded, (0,)))
    assert any("times of the effective clips are lost" in line for line in without_times.warnings)
    assert without_times.frames.shape == talk.frames.shape


@pytest.mark.parametrize("fps", [10, 60])
def test_any_frame_rate_and_sound_that_ends_early(talk: Clip, fps: int) -> None:
    clip = replace(talk, fps=Fraction(fps), audio=talk.audio[:3000])
    scheme = Wav2Vid()
    seen = scheme.decode(arrive(scheme.encode(clip)))
    assert (seen.fps, len(seen.frames), len(seen.audio)) == (fps, len(talk.frames), 3000)


@pytest.mark.parametrize(
    ("missing", "message"), [("audio", "has no audio stream"), ("frames", "has no video stream")]
)
def test_sound_and_video_are_needed(talk: Clip, missing: str, message: str) -> None:
    parts = {"frames": None, "fps": None} if missing == "frames" else {"audio": None}
    with pytest.raises(LinksimError, match=message):
        Wav2Vid().encode(replace(talk, **parts))


@pytest.mark.parametrize(
    "options",
    [{"epsilon": -1}, {"personalise": -1}, {"lips": "red"}, {"motion_field": -1}, {"rate": "best"}],
)
def test_bad_options(options: dict[str, Any]) -> None:
    with pytest.raises(LinksimError):
        Wav2Vid(**options)


def test_the_start_is_learned_from(talk: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what arrived of it, and of nothing else."""
    learned: list[Any] = []

    def personalised(generator: Callable, talk: Any) -> Callable:
        learned.append(talk)
        return generator

    monkeypatch.setattr("semantic.wav2lip.training.personalise.personalised", personalised)
    scheme = Wav2Vid(personalise=0.6)
    seen = scheme.decode(arrive(scheme.encode(talk)))
    assert seen.origins[:15] == ("sent",) * 15
    assert len(learned) == 1
    assert learned[0].faces.shape == (15, 96, 96, 3)
