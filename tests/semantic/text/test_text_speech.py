"""Recognition and synthesis: the same every time, and one understands the other."""

import numpy as np
import pytest

from linksim.errors import LinksimError
from semantic.text import speech
from semantic.text.speech import LEVEL, SAMPLE_RATE, missing, recognise, speak

needs_speech = pytest.mark.skipif(bool(missing()), reason="needs linksim[txt2vid]")
TEXT = "The printed copies are on the second floor."


@needs_speech
def test_what_is_spoken_is_understood() -> None:
    voice = speak(TEXT, 3 * SAMPLE_RATE)
    assert recognise(voice) == TEXT
    assert recognise(np.repeat(voice, 2), 2 * SAMPLE_RATE) == TEXT


@needs_speech
def test_both_are_the_same_every_time() -> None:
    voice = speak(TEXT, 3 * SAMPLE_RATE)
    again = speak(TEXT, 3 * SAMPLE_RATE)
    assert np.array_equal(voice, again)
    assert recognise(voice[:32_000]) == recognise(again[:32_000])


@needs_speech
def test_the_voice_fills_the_time_it_has() -> None:
    def ends(samples: int) -> int:
        voice = speak(TEXT, samples)
        assert (voice.dtype, voice.shape) == (np.float32, (samples,))
        assert np.abs(voice).max() == pytest.approx(LEVEL, rel=0.15)
        return int(np.flatnonzero(np.abs(voice) > 0.01)[-1])

    short, long, longest = (ends(int(s * SAMPLE_RATE)) for s in (2.0, 3.0, 9.0))
    assert short > 0.8 * 2.0 * SAMPLE_RATE
    assert long > 0.8 * 3.0 * SAMPLE_RATE
    assert longest < 5.0 * SAMPLE_RATE
    assert speak(TEXT, 100).shape == (100,)


@needs_speech
def test_no_words_are_silence_and_silence_no_words() -> None:
    for text in ("", "...", "!?"):
        assert speak(text, 1000).shape == (1000,)
    assert not speak("", 1000).any()
    assert recognise(np.zeros(16_000, np.float32)) == ""


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "MODULES", ("no_such_module",))
    for make in (speech._ear, speech._mouth):
        make.cache_clear()
    try:
        assert "pip install 'linksim[txt2vid]'" in missing()
        with pytest.raises(LinksimError, match=r"linksim\[txt2vid\]"):
            recognise(np.ones(9, np.float32))
        with pytest.raises(LinksimError, match=r"linksim\[txt2vid\]"):
            speak("a", 9)
    finally:
        for make in (speech._ear, speech._mouth):
            make.cache_clear()
