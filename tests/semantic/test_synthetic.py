"""The built-in clip: the same every time, and its lips say what is heard."""

import os
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

from linksim.errors import LinksimError
from linksim.metrics.facemesh import face_mesh
from semantic import synthetic
from semantic.espeak import speak
from semantic.synthetic import EXTRA, LEAD, SENTENCES, TAIL, builtin_clip, talking_head

missing = [name for name in EXTRA if synthetic.find_spec(name) is None]
needs_extra = pytest.mark.skipif(bool(missing), reason=f"linksim[clip] lacks {missing}")


@pytest.fixture(scope="module")
def head():
    return talking_head()


@pytest.fixture(scope="module")
def measured_opening(head):
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
    clip = builtin_clip(1.33)
    assert len(clip.frames) == 33
    assert len(clip.audio) == 33 * 640


@needs_extra
def test_same_clip_again_here_and_in_another_process():
    first, again = builtin_clip(1.2), builtin_clip(1.2)
    assert first.fingerprint() == again.fingerprint()
    code = "from semantic.synthetic import builtin_clip; print(builtin_clip(1.2).fingerprint())"
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
    closed, opened = synthetic._expressions(speech, np.array([middle, vowel]))
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


def test_missing_extra_gives_one_line(monkeypatch):
    monkeypatch.setattr(synthetic, "find_spec", lambda name: None)
    with pytest.raises(LinksimError, match=r"pip install 'linksim\[clip\]', or pass --clip") as e:
        builtin_clip()
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_bad_length_is_refused(seconds):
    with pytest.raises(LinksimError, match="seconds"):
        builtin_clip(seconds)


@needs_extra
def test_unknown_voice_is_refused():
    with pytest.raises(LinksimError, match="no voice 'xx-nope'"):
        speak("hello", "xx-nope")
