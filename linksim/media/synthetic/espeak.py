"""Speech from espeak-ng with the time of every phoneme: the ground truth for lips.

The library keeps state from one text to the next, so the same text would sound a little
different the second time. Each text therefore gets a process of its own, which is this
module run with ``-m``; it takes about 0.1 s.

Reference: ``speak_lib.h`` of espeak-ng 1.52 (GPL-3).
"""

import ctypes
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from linksim.errors import LinksimError
from linksim.media.resample import resample

AUDIO_OUTPUT_SYNCHRONOUS = 2
INITIALIZE_PHONEME_EVENTS = 1
CHARS_UTF8 = 1
POS_CHARACTER = 1
EVENT_LIST_TERMINATED = 0
EVENT_WORD = 1
EVENT_PHONEME = 7


@dataclass(frozen=True)
class Speech:
    """One synthesised text.

    Parameters
    ----------
    samples : np.ndarray
        float32, shape [n], in [-1, 1], mono.
    sample_rate : int
        Sample rate of `samples` in Hz.
    phonemes : tuple of (float, str)
        Start in seconds and espeak-ng mnemonic (``_`` and ``_:`` are pauses), in order.
        Each lasts until the next one starts.
    words : tuple of float
        Start of each word in seconds, in order.
    """

    samples: np.ndarray
    sample_rate: int
    phonemes: tuple[tuple[float, str], ...]
    words: tuple[float, ...]

    def at(self, sample_rate: int) -> np.ndarray:
        """Return the samples at another rate in Hz, float32, shape [n]."""
        return resample(self.samples, self.sample_rate, sample_rate)


def speak(text: str, voice: str = "en-us+f3") -> Speech:
    """Synthesise a text; the same text and voice always give the same speech.

    Parameters
    ----------
    text : str
        What to say.
    voice : str
        An espeak-ng voice, optionally with a variant.

    Raises
    ------
    LinksimError
        If espeak-ng fails, e.g. because it does not know the voice.
    """
    child = subprocess.run(
        [sys.executable, "-m", "linksim.media.synthetic.espeak", voice],
        input=text.encode(),
        capture_output=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    if child.returncode:
        reason = child.stderr.decode(errors="replace").strip().splitlines()
        raise LinksimError(f"espeak-ng failed: {reason[-1] if reason else child.returncode}")
    head, _, pcm = child.stdout.partition(b"\n")
    events = json.loads(head)
    return Speech(
        samples=np.frombuffer(pcm, np.int16).astype(np.float32) / 32768,
        sample_rate=events["sample_rate"],
        phonemes=tuple((start, name) for start, name in events["phonemes"]),
        words=tuple(events["words"]),
    )


class _Id(ctypes.Union):
    _fields_ = (
        ("number", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("string", ctypes.c_char * 8),
    )


class _Event(ctypes.Structure):
    """``espeak_EVENT``."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # milliseconds
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


def _synthesise(text: bytes, voice: str) -> tuple[bytes, dict[str, Any]]:
    """Run the library once; return 16-bit samples and the events."""
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    folder = Path(espeakng_loader.get_data_path()).parent
    rate = library.espeak_Initialize(
        AUDIO_OUTPUT_SYNCHRONOUS, 0, str(folder).encode(), INITIALIZE_PHONEME_EVENTS
    )
    if rate <= 0 or library.espeak_SetVoiceByName(voice.encode()):
        raise LinksimError(f"no voice '{voice}'")
    library.espeak_ng_SetRandSeed(ctypes.c_long(1))  # or breath noise starts from the clock

    pcm: list[bytes] = []
    phonemes: list[tuple[float, str]] = []
    words: list[float] = []

    def collect(samples: Any, count: int, events: Any) -> int:
        if samples and count:
            pcm.append(ctypes.string_at(samples, 2 * count))
        for event in events:
            if event.type == EVENT_LIST_TERMINATED:
                return 0
            if event.type == EVENT_WORD:
                words.append(event.audio_position / 1000)
            if event.type == EVENT_PHONEME:
                phonemes.append((event.audio_position / 1000, event.id.string.decode()))
        return 0

    callback = _Callback(collect)  # kept in a name, or it is freed while C still calls it
    library.espeak_SetSynthCallback(callback)
    size = ctypes.c_size_t(len(text) + 1)
    library.espeak_Synth(text, size, 0, POS_CHARACTER, 0, CHARS_UTF8, None, None)
    return b"".join(pcm), {"sample_rate": rate, "phonemes": phonemes, "words": words}


def _main() -> None:
    try:
        pcm, events = _synthesise(sys.stdin.buffer.read(), sys.argv[1])
    except LinksimError as error:
        sys.exit(str(error))
    sys.stdout.buffer.write(json.dumps(events).encode() + b"\n" + pcm)


if __name__ == "__main__":
    _main()
