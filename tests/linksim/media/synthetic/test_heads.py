"""The built-in clips: the same every time, and their lips say what is heard."""

import os
import subprocess
import sys
from fractions import Fraction

import cv2
import numpy as np
import pytest

from linksim.errors import LinksimError
from linksim.media.faces.mesh import face_mesh
from linksim.media.synthetic import heads as synthetic
from linksim.media.synthetic.espeak import speak
from linksim.media.synthetic.expression import Expression
from linksim.media.synthetic.heads import (
    EXTRA,
    SENTENCES,
    TAIL,
    moving_head,
    talking_head,
)
from linksim.media.synthetic.portrait import SIZE, Camera, Portrait, Pose
from linksim.media.synthetic.visemes import LEAD, expressions

missing = [name for name in EXTRA if synthetic.find_spec(name) is None]
needs_extra = pytest.mark.skipif(bool(missing), reason=f"linksim[clip] lacks {missing}")


@pytest.fixture(scope="module")
def head():
    return talking_head()


@pytest.fixture(scope="module")
def moving():
    return moving_head()


@pytest.fixture(scope="module")
def measured_opening(head):
    return lip_gap(head)


def lip_gap(head):
    """Gap between the lips over the height of the face, measured in the pixels drawn."""
    mesh = np.stack([face_mesh(f, (140, 150), 220) for f in head.clip.frames])
    gap = np.linalg.norm(mesh[:, 13] - mesh[:, 14], axis=1)
    return gap / np.linalg.norm(mesh[:, 10] - mesh[:, 152], axis=1)


def loudness(clip):
    return np.sqrt((clip.audio.reshape(len(clip.frames), -1) ** 2).mean(1))


@needs_extra
def test_clip_has_the_promised_format(head):
    clip = head.clip
    assert clip.frames.shape == (100, 288, 288, 3)
    assert clip.frames.dtype == np.uint8
    assert clip.fps == Fraction(25)
    assert clip.audio.shape == (64000,)
    assert clip.audio.dtype == np.float32
    assert clip.sample_rate == 16000
    assert 0.3 < np.abs(clip.audio).max() < 1
    assert len(head.expressions) == len(head.poses) == 100


@needs_extra
def test_audio_is_as_long_as_the_frames():
    clip = talking_head(1.33).clip
    assert len(clip.frames) == 33
    assert len(clip.audio) == 33 * 640


@needs_extra
def test_same_clip_again_here_and_in_another_process():
    first, again = talking_head(1.2).clip, talking_head(1.2).clip
    assert first.fingerprint() == again.fingerprint()
    code = (
        "from linksim.media.synthetic.heads import talking_head; "
        "print(talking_head(1.2).clip.fingerprint())"
    )
    other = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.strip() == first.fingerprint()


@needs_extra
def test_lips_rest_in_silence_and_move_in_speech(head, measured_opening):
    silent = loudness(head.clip) < 0.002
    quiet, talking = measured_opening[silent], measured_opening[~silent]
    assert silent[: int(LEAD * 25) - 1].all()
    assert silent[-int(TAIL * 25) :].all()
    assert np.median(quiet) < 0.02
    assert np.ptp(talking) > 0.05
    assert np.median(talking) > 2 * np.median(quiet)


@needs_extra
def test_lips_are_in_sync_with_the_sound(head, measured_opening):
    sound, edge = loudness(head.clip), 6
    lags = range(-5, 6)
    match = [
        np.corrcoef(np.roll(measured_opening, -lag)[edge:-edge], sound[edge:-edge])[0, 1]
        for lag in lags
    ]
    assert abs(lags[int(np.argmax(match))]) <= 1
    assert max(match) > 0.4


@needs_extra
def test_lips_close_for_a_bilabial():
    speech = speak(SENTENCES[0])
    start, end = next(
        (a, b)
        for (a, name), (b, _) in zip(speech.phonemes, speech.phonemes[1:], strict=False)
        if name == "m"
    )
    middle, vowel = (start + end) / 2 + LEAD, end + LEAD + 0.07
    closed, opened = expressions(speech, np.array([middle, vowel]))
    assert closed.opening < 0.1
    assert opened.opening > 0.5


@needs_extra
def test_background_is_still_and_a_head_turn_moves_most(head):
    frames = head.clip.frames.astype(np.float32)
    corner = frames[:, :60, :30]
    assert corner.std(0).mean() < 2  # nothing but sensor noise
    assert corner.std(0).mean() > 0.5
    motion = np.abs(np.diff(frames[:, 60:170, 90:190], axis=0)).mean((1, 2, 3))
    turning = np.abs(np.diff([p.yaw for p in head.poses])) > 0.8
    assert 10 < turning.sum() < 40
    assert np.median(motion[turning]) > 1.5 * np.median(motion[~turning])


@needs_extra
def test_no_black_hole_behind_the_head(head):
    top = head.clip.frames[:, :10].max(-1)
    beside = head.clip.frames[:, :150, :25].max(-1)
    assert min(top.min(), beside.min()) > 80


@needs_extra
def test_there_is_enough_to_say():
    for seconds in (5, 30):
        speech = speak(synthetic._text(seconds))
        assert len(speech.samples) / speech.sample_rate > seconds - LEAD - TAIL


def followed(frames, corners):
    """Follow points of the background from one frame to the next: [n, 2] before and after."""
    before, after = (cv2.cvtColor(f, cv2.COLOR_RGB2GRAY) for f in frames)
    moved, found, _ = cv2.calcOpticalFlowPyrLK(before, after, corners, None, winSize=(31, 31))
    return moved, found[:, 0] == 1


@needs_extra
def test_moving_clip_has_the_promised_format(moving):
    clip = moving.clip
    assert clip.name == "builtin-moving"
    assert clip.frames.shape == (75, 288, 288, 3)
    assert clip.fps == Fraction(25)
    assert clip.audio.shape == (48000,)
    assert 0.3 < np.abs(clip.audio).max() < 1
    assert len(moving.poses) == len(moving.cameras) == 75
    assert moving_head(1.2).clip.fingerprint() == moving_head(1.2).clip.fingerprint()


@needs_extra
def test_moving_head_turns_to_both_sides_and_nods_while_speaking(moving):
    talking = loudness(moving.clip) > 0.002
    yaw = np.array([p.yaw for p in moving.poses])[talking]
    pitch = np.array([p.pitch for p in moving.poses])[talking]
    assert yaw.min() < -10
    assert yaw.max() > 10
    nods = np.flatnonzero((pitch[1:-1] > pitch[:-2]) & (pitch[1:-1] > pitch[2:]))
    assert len(nods) >= 2
    assert np.ptp(pitch) > 8
    assert np.ptp(lip_gap(moving)[talking]) > 0.05


@needs_extra
def test_moving_camera_carries_the_whole_picture_by_fractions_of_a_pixel(moving):
    cameras = moving.cameras
    places = np.array([(c.x, c.y) for c in cameras])
    steps = np.diff(places, axis=0)
    assert np.linalg.norm(steps, axis=1).mean() > 1
    assert np.ptp([c.zoom for c in cameras]) > 0.1
    assert np.ptp(np.abs(steps - np.round(steps))) > 0.3
    corner = np.mgrid[20:120:20, 12:40:9].reshape(2, -1).T[:, ::-1].astype(np.float32)
    distances = []
    for i in range(0, 70, 7):
        moved, found = followed(moving.clip.frames[i : i + 2], corner[:, None])
        moved = moved[found, 0]
        before = np.stack(cameras[i].scene(*corner[found].T), 1)
        after = np.stack(cameras[i + 1].scene(*moved.T), 1)
        distances.append(np.linalg.norm(after - before, axis=1))
    assert np.median(np.concatenate(distances)) < 0.6


@needs_extra
def test_moving_camera_sees_no_hole(moving):
    frames = moving.clip.frames
    edge = np.concatenate(
        [frames[:, :6].reshape(75, -1, 3), frames[:, :90, :6].reshape(75, -1, 3)], 1
    )
    assert edge.max(-1).min() > 60
    for camera in moving.cameras:
        x, y = camera.scene(*np.array([[0.0, 0, 287, 287], [0, 287, 0, 287]]))
        assert min(x.min(), y.min()) > -70
        assert max(x.max(), y.max()) < SIZE + 70


@needs_extra
def test_a_camera_at_rest_sees_what_is_seen_without_one():
    portrait, pose = Portrait(), Pose(yaw=8, pitch=-3, x=2)
    plain, seen = (portrait.render(Expression(0.4), pose, c).astype(int) for c in (None, Camera()))
    assert np.abs(plain - seen)[12:].max() <= 2  # the first rows are at the photograph's border
    closer = portrait.render(Expression(0.4), pose, Camera(zoom=2.0))
    middle = cv2.resize(plain[72:216, 72:216].astype(np.uint8), (288, 288))
    assert np.abs(closer.astype(int) - middle).mean() < 4


@pytest.mark.parametrize("make", [talking_head, moving_head])
def test_missing_extra_gives_one_line(monkeypatch, make):
    monkeypatch.setattr(synthetic, "find_spec", lambda name: None)
    with pytest.raises(LinksimError, match=r"pip install 'linksim\[clip\]', or pass --clip") as e:
        make()
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("make", [talking_head, moving_head])
@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_bad_length_is_refused(make, seconds):
    with pytest.raises(LinksimError, match="seconds"):
        make(seconds)


@needs_extra
def test_unknown_voice_is_refused():
    with pytest.raises(LinksimError, match="no voice 'xx-nope'"):
        speak("hello", "xx-nope")
