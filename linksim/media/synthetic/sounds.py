"""Built-in sounds: four synthetic voices and a little music, so that audio studies need no files.

They show how schemes compare and let a study run at once. Real talkers and real music differ
from them, so nothing is to be claimed from them alone.
"""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

import numpy as np

from linksim.errors import LinksimError, unknown
from linksim.media import Clip
from linksim.media.synthetic.espeak import speak

SAMPLE_RATE = 16_000
SEED = 1
PEAK = 0.6
ROOM = 1e-3  # RMS of a quiet room, about -60 dB; digital silence is not what a microphone gives
REST = 0.2  # seconds before and after the speech

VOICES = {
    "speech1": (
        "en-us+f3",
        "The boat left the harbour early, before the wind had turned. "
        "Nobody asked where it was going, and nobody waved.",
    ),
    "speech2": (
        "en+m3",
        "Please read the second page again. Five of the numbers are wrong, "
        "and the last one should be twice as large.",
    ),
    "speech3": (
        "fr+f2",
        "Le train de sept heures est parti sans nous. "
        "Il pleut depuis ce matin, mais la gare reste ouverte jusqu'au soir et le café aussi.",
    ),
    "speech4": (
        "de+m7",
        "Morgen wird es kalt, und im Norden schneit es schon. "
        "Wir nehmen den langen Weg und kommen trotzdem rechtzeitig an.",
    ),
}
"""Voice of espeak-ng and text of each clip of speech."""

BEAT = 0.5  # seconds
BEATS = 16
RING = 3  # time constants that a note lasts

# First beat and the notes, as MIDI numbers (69 is 440 Hz); four bars of four beats.
CHORDS = ((0, (57, 60, 64)), (4, (53, 57, 60)), (8, (55, 60, 64)), (12, (55, 59, 62)))
BASS = ((0, 45), (2, 45), (4, 41), (6, 41), (8, 48), (10, 48), (12, 43), (14, 43))
MELODY = (
    *((0, 76), (0.5, 72), (1, 69), (1.5, 72), (2, 74), (3, 76)),
    *((4, 77), (5, 76), (5.5, 74), (6, 72), (7, 69)),
    *((8, 67), (8.5, 72), (9, 76), (10, 79), (11, 76)),
    *((12, 74), (12.5, 71), (13, 67), (13.5, 71), (14, 74), (15, 72)),
)


def builtin_sound(name: str) -> Clip:
    """Make a built-in sound; the same name always gives the same samples.

    Parameters
    ----------
    name : str
        A key of `SOUNDS`: ``"speech1"`` to ``"speech4"`` or ``"music"``.

    Returns
    -------
    Clip
        Audio alone: float32, shape [N], 6 to 8 s at 16 kHz.

    Raises
    ------
    LinksimError
        For an unknown name, or for speech where the extra ``clip`` is not installed.
    """
    if name not in SOUNDS:
        raise unknown("built-in sound", name, SOUNDS)
    samples = SOUNDS[name]()
    samples *= PEAK / np.abs(samples).max()
    return Clip(audio=samples.astype(np.float32), sample_rate=SAMPLE_RATE, name=f"builtin-{name}")


def _speech(voice: str, text: str) -> np.ndarray:
    """Place speech in a quiet room: float64, shape [N]."""
    if find_spec("espeakng_loader") is None:
        raise LinksimError(
            "built-in speech needs 'espeakng_loader': pip install 'linksim[clip]', or pass --clip"
        )
    said = speak(text, voice).at(SAMPLE_RATE)
    rest = round(REST * SAMPLE_RATE)
    room = ROOM * np.random.default_rng(SEED).standard_normal(len(said) + 2 * rest)
    room[rest : rest + len(said)] += said
    return room


def _music() -> np.ndarray:
    """Mix four bars in A minor: float64, shape [N]."""
    random = np.random.default_rng(SEED)
    mix = ROOM * random.standard_normal(round(BEATS * BEAT * SAMPLE_RATE))
    for beat, notes in CHORDS:
        for note in notes:
            _add(mix, beat, 0.10 * _tone(note, decay=1.2, brightness=0.5))
    for beat, note in BASS:
        _add(mix, beat, 0.25 * _tone(note, decay=0.5, brightness=0.6))
    for onset, note in MELODY:
        _add(mix, onset, 0.25 * _tone(note, decay=0.4, brightness=0.7))
    for beat in range(BEATS):
        _add(mix, beat + 0.5, 0.03 * _brush(random))
    return mix


def _tone(note: int, *, decay: float, brightness: float) -> np.ndarray:
    """Return a plucked string: each harmonic is weaker and dies sooner than the one below it."""
    pitch = 440.0 * 2.0 ** ((note - 69) / 12)
    time = np.arange(round(RING * decay * SAMPLE_RATE)) / SAMPLE_RATE
    harmonics = range(1, min(12, int(0.45 * SAMPLE_RATE / pitch)) + 1)
    rings = (
        brightness ** (k - 1)
        * np.exp(-time * (1 + 0.4 * (k - 1)) / decay)
        * np.sin(2 * np.pi * k * pitch * time)
        for k in harmonics
    )
    return sum(rings) * np.minimum(time / 0.005, 1)  # no click at the start


def _brush(random: np.random.Generator) -> np.ndarray:
    """Return a soft stroke on a snare drum: noise that dies within 0.1 s."""
    time = np.arange(round(0.1 * SAMPLE_RATE)) / SAMPLE_RATE
    return random.standard_normal(len(time)) * np.exp(-time / 0.025)


def _add(mix: np.ndarray, beat: float, sound: np.ndarray) -> None:
    """Add a sound from a beat on; what rings past the end is cut."""
    start = round(beat * BEAT * SAMPLE_RATE)
    mix[start : start + len(sound)] += sound[: len(mix) - start]


SOUNDS: dict[str, Callable[[], np.ndarray]] = {
    **{name: partial(_speech, *said) for name, said in VOICES.items()},
    "music": _music,
}
"""All built-in sounds by name."""
