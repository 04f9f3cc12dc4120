"""Lips that are drawn by a code: which unit is of which frame, and what a lost one does."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from linksim.endpoint import ABSENT, Csi, Received, ReceivedBits, ReceivedSymbols, SymbolStream
from linksim.link.call.causality import early_changes
from linksim.media import Clip
from linksim.media.faces.networks import installed
from linksim.media.synthetic.expression import Expression
from linksim.media.synthetic.portrait import Portrait, Pose
from semantic.wav2lip.frames.face import MOUTH, crop, find_box
from semantic.wav2lip.networks.mouth_codec import LATENTS
from semantic.wav2vid.coded_lips import ReceivedLips, drawn, held_frames, stream_of
from semantic.wav2vid.endpoint import Wav2Vid

pytestmark = pytest.mark.skipif(not installed(), reason="needs linksim[clip]")

HELD_FROM = 4
"""Frame from which the pictures of `clip` are held."""


class Watching:
    """Tells how bright the mouth is."""

    def predict_on_batch(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        mouth = inputs["target"][(slice(None), *MOUTH)].mean((1, 2, 3))
        return np.stack([mouth, mouth], 1)


class Painting:
    """Paints faces all over as bright as it is told."""

    def predict_on_batch(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        return inputs["latents"][:, 0, None, None, None] * np.ones_like(inputs["reference"])


class Bright:
    """A codec of one number, sent twice."""

    latents = 2
    encoder, decoder = Watching(), Painting()


class Black:
    """A generator of black faces, whatever is heard."""

    compiled = True

    def predict_on_batch(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        return np.zeros_like(inputs["face"])


@pytest.fixture(scope="module")
def clip() -> Clip:
    """A still head whose mouth becomes brighter from frame to frame, with a noisy voice."""
    frame = Portrait().render(Expression(), Pose())
    x, y, side, _ = find_box(frame)
    rows, columns = (slice(int(c + a * side), int(c + b * side)) for c, a, b in
                     ((y, 0.1, 0.4), (x, -0.2, 0.2)))  # fmt: skip
    frames = np.stack([frame] * 12)
    for t in range(len(frames)):
        frames[t, rows, columns] = (frames[t, rows, columns] * 0.5 + 10 * t).astype(np.uint8)
    sound = 0.1 * np.random.default_rng(0).standard_normal(len(frames) * 640)
    return Clip(frames, Fraction(25), sound.astype(np.float32), 16_000, "bright")


@pytest.fixture
def scheme(monkeypatch: pytest.MonkeyPatch) -> Wav2Vid:
    """A call with that codec, whose first frames are sent."""
    monkeypatch.setattr(Wav2Vid, "_mouth_codec", lambda self: Bright())
    monkeypatch.setattr(Wav2Vid, "_generator", lambda self: Black())
    monkeypatch.setattr(
        Wav2Vid, "gate", lambda self, frames, fps, epsilon: np.arange(len(frames)) < HELD_FROM
    )
    return Wav2Vid(lips="coded", motion_field=0, uses_per_pixel=0.1)


def mouths(frames: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Return how bright the mouth is in each frame, about the face of one."""
    box = find_box(of)
    return np.array([crop(frame, box)[MOUTH].mean() for frame in frames]) / 255


def test_what_is_held_is_the_last_frame_before_that_was_sent() -> None:
    sent = np.array([True, True, False, False, True, False])
    assert held_frames(sent).tolist() == [0, 0, 1, 1, 1, 4]


def test_each_frame_has_a_unit_of_its_own_moment(clip: Clip) -> None:
    sent = np.arange(12) < HELD_FROM
    stream = stream_of(Bright(), clip.frames, sent, 25.0)
    assert stream.units == (2,) * 12
    assert stream.times.captured_s == stream.times.ready_s == tuple(t / 25 for t in range(12))
    told = stream.latents.reshape(12, 2)[:, 0]
    assert told == pytest.approx(mouths(clip.frames, clip.frames[0]), abs=0.03)
    assert (np.diff(told) > 0.01).all()
    assert stream_of(Bright(), clip.frames, sent, None).times is None
    assert LATENTS / 2 * 25 <= 400  # channel uses a second


def test_motion_is_measured_against_what_is_drawn(clip: Clip) -> None:
    sent = np.arange(12) < HELD_FROM
    stream = stream_of(Bright(), clip.frames, sent, None)
    stills = drawn(Bright(), clip.frames, sent, stream)(np.array([5, 11]))
    assert not np.array_equal(stills[0], clip.frames[HELD_FROM - 1])
    upper = slice(0, int(find_box(clip.frames[3])[1] - 5))
    assert np.array_equal(stills[0][upper], clip.frames[HELD_FROM - 1][upper])


def test_a_picture_without_a_face_says_that_nothing_moves(clip: Clip) -> None:
    frames = clip.frames.copy()
    frames[7] = 128
    told = stream_of(Bright(), frames, np.arange(12) < HELD_FROM, None).latents.reshape(12, 2)
    assert told[7, 0] == pytest.approx(told[HELD_FROM - 1, 0], abs=1e-6)


def test_lost_code_is_replaced_by_the_voice(clip: Clip) -> None:
    latents = np.full((12, 2), 0.5, np.float32)
    noise = np.full_like(latents, 0.01)
    noise[5:7] = ABSENT
    stream = ReceivedSymbols("lips", latents.reshape(-1), noise.reshape(-1))
    lips = ReceivedLips(Bright(), Received(b"", {"lips": stream}), 12)
    assert np.flatnonzero(~lips.known).tolist() == [5, 6]
    faces, which = np.ones((4, 96, 96, 3), np.float32), np.array([4, 5, 6, 7])
    made = lips.draw_or(lambda faces, which: np.zeros_like(faces))(faces, which)
    assert made.mean((1, 2, 3)) == pytest.approx([0.5, 0, 0, 0.5])
    nothing = ReceivedLips(Bright(), Received(b"", {}), 12)
    assert not nothing.known.any()


def arrive(encoded: object, lips: bool = True) -> Received:
    """Return all that was sent as it is, or all but the lips."""
    streams: dict[str, ReceivedBits | ReceivedSymbols] = {}
    for stream in encoded.streams:
        if not isinstance(stream, SymbolStream):
            streams[stream.name] = ReceivedBits(stream.name, dict(enumerate(stream.packets)))
        elif lips or stream.name != "lips":
            noise = np.full_like(stream.latents, 1e-4)
            streams[stream.name] = ReceivedSymbols(stream.name, stream.latents, noise)
    return Received(encoded.setup, streams)


def test_a_call_shows_the_mouths_of_its_code(clip: Clip, scheme: Wav2Vid) -> None:
    encoded = scheme.encode(clip, Csi(15.0))
    assert [s.name for s in encoded.streams] == ["side", "lips", "video", "audio"]
    seen = scheme.decode(arrive(encoded))
    assert seen.origins == ("sent",) * HELD_FROM + ("generated",) * 8
    assert not seen.warnings
    lost = scheme.decode(arrive(encoded, lips=False))
    assert any("code of 8 frames is lost" in line for line in lost.warnings)
    assert not np.array_equal(seen.frames[-1], lost.frames[-1])
    assert np.array_equal(seen.frames[:HELD_FROM], lost.frames[:HELD_FROM])


def test_no_unit_waits_for_frames_to_come(clip: Clip, scheme: Wav2Vid) -> None:
    prompt = replace(scheme, low_delay=True, uses_per_pixel=None, motion_field=12)
    assert "lips" in [s.name for s in prompt.encode(clip, Csi(15.0)).streams]
    assert early_changes(prompt, clip, (0.2, 0.3), Csi(15.0)) == []
