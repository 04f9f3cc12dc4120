"""Redraw the lower half of the face in a video, so that its lips follow a voice or a code.

::

    frames ─┬─ boxes ─▶ crops ─▶ draw ─▶ blend ─▶ frames
            │                     ▲        ▲
    voice ──┼─▶ mel windows ──────┘        │
            └──────────────────────────────┘
"""

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from linksim.errors import LinksimError
from semantic.wav2lip.frames.alignment import mel_windows
from semantic.wav2lip.frames.blend import paste
from semantic.wav2lip.frames.face import crop
from semantic.wav2lip.frames.mel import mel_spectrogram

if TYPE_CHECKING:
    from semantic.wav2lip.networks.generator import Generator

AT_ONCE = 25
"""Frames that are generated together; the last ones are filled up, lest a graph be built anew."""


Draw = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Function of faces, float32 [n, 96, 96, 3] from 0 to 1, and of the numbers of their frames, int
[n], to what is to be seen of them, like the faces. It is called with `AT_ONCE` of them."""


def animate(draw: Draw, frames: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Draw the lower half of the face in each frame anew.

    Parameters
    ----------
    draw : callable
        What is to be seen, a `Draw`; `by_voice` makes one.
    frames : np.ndarray
        uint8, shape [T, H, W, 3]; what shows the head, e.g. one frame again and again.
    boxes : np.ndarray
        float64, shape [T, 4], as of `face.face_boxes`.

    Returns
    -------
    np.ndarray
        uint8, shape [T, H, W, 3].

    Raises
    ------
    LinksimError
        If there are no frames, or not as many boxes.
    """
    if not len(frames) or len(frames) != len(boxes):
        raise LinksimError(f"each frame needs a box, not {len(boxes)} for {len(frames)} frames")
    out = np.empty(frames.shape, np.uint8)
    for first in range(0, len(frames), AT_ONCE):
        these = np.arange(first, first + AT_ONCE).clip(max=len(frames) - 1)
        faces = np.stack([crop(frames[i], boxes[i]) for i in these]).astype(np.float32) / 255
        made = draw(faces, these)
        for i, face in zip(range(first, min(first + AT_ONCE, len(frames))), made, strict=False):
            out[i] = paste(frames[i], face, boxes[i])
    return out


def by_voice(generator: "Generator", voice: np.ndarray) -> Draw:
    """Return what draws faces that speak; each face is its own reference frame.

    Parameters
    ----------
    generator : Generator
        Generator with its weights.
    voice : np.ndarray
        float32, shape [T, 80, 16, 1]; the mel window of each frame, as of `voice_of`.
    """
    if not generator.compiled:
        # XLA compiles for long and gains nothing here.
        generator.compile(jit_compile=False)

    def draw(faces: np.ndarray, which: np.ndarray) -> np.ndarray:
        inputs = {"face": faces, "reference": faces, "mel": voice[which]}
        made: np.ndarray = generator.predict_on_batch(inputs)
        return made

    return draw


def numbered(draw: Draw, which: np.ndarray) -> Draw:
    """Return what draws some frames of a clip, of the numbers `which`, int [n]."""
    return lambda faces, these: draw(faces, which[these])


def voice_of(audio: np.ndarray, frames: int, fps: Fraction) -> np.ndarray:
    """Return the mel window of each of so many frames: float32, shape [T, 80, 16, 1].

    Parameters
    ----------
    audio : np.ndarray
        float32, shape [N], 16 kHz, from the time of the first frame on. Where it is too short
        there is silence.
    frames : int
        T.
    fps : Fraction
        Frames per second, any.

    Raises
    ------
    LinksimError
        If the sound is bad or `fps` is not positive.
    """
    return mel_windows(mel_spectrogram(audio), frames, fps)
