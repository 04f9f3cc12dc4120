from fractions import Fraction

import numpy as np
import pytest

from linksim.errors import LinksimError
from linksim.media import Clip, require


def test_fingerprint_is_of_the_content(small_clip):
    frames, fps, audio = small_clip.frames, small_clip.fps, small_clip.audio
    same = Clip(frames.copy(), fps, audio.copy(), name="another")
    assert same.fingerprint() == small_clip.fingerprint()
    louder = audio.copy()
    louder[0] += 0.01
    others = [
        Clip(frames, fps, louder),
        Clip(frames, Fraction(24), audio),
        Clip(frames, fps, audio, 8000),
        Clip(frames, fps),
        Clip(frames.reshape(12, 64, 48, 3), fps, audio),
        Clip(frames, fps, audio, text="one"),
        Clip(frames, fps, audio, text="two"),
        Clip(text="one"),
    ]
    prints = {c.fingerprint() for c in others}
    assert len(prints) == len(others)
    assert small_clip.fingerprint() not in prints


def test_duration_is_that_of_the_longer_stream(small_clip):
    assert small_clip.duration == pytest.approx(0.48)
    assert Clip(audio=np.zeros(8000, np.float32)).duration == 0.5
    assert Clip(small_clip.frames, Fraction(6)).duration == 2.0
    assert Clip(text="said").duration == 0.0


def test_require(small_clip):
    require(small_clip, "scheme 'x'", video=True, audio=True)
    sound = Clip(audio=small_clip.audio, name="clip.wav")
    with pytest.raises(LinksimError, match=r"clip\.wav has no video stream; scheme 'x' needs"):
        require(sound, "scheme 'x'", video=True)
    require(Clip(text=""), "scheme 'x'", text=True)
    with pytest.raises(LinksimError, match=r"clip\.wav has no text; scheme 'x' needs text"):
        require(sound, "scheme 'x'", text=True)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"frames": np.zeros((2, 4, 4, 3)), "fps": Fraction(25)},
        {"frames": np.zeros((2, 4, 4), np.uint8), "fps": Fraction(25)},
        {"frames": np.zeros((2, 4, 4, 3), np.uint8)},
        {"frames": np.zeros((2, 4, 4, 3), np.uint8), "fps": Fraction(29.97)},
        {"audio": np.zeros(10)},
        {"audio": np.zeros((10, 2), np.float32)},
        {"audio": np.zeros(10, np.float32), "sample_rate": 0},
    ],
)
def test_malformed_clips_are_refused(fields):
    with pytest.raises(LinksimError):
        Clip(**fields)
