"""Make the lips of a video follow a voice.

::

    frames ─┬─ boxes ─▶ crops ─▶ generator ─▶ blend ─▶ frames
            │                       ▲           ▲
    voice ──┼─▶ mel windows ────────┘           │
            └───────────────────────────────────┘
"""

from fractions import Fraction

import numpy as np

from linksim.errors import LinksimError
from semantic.wav2lip.frames.alignment import mel_windows
from semantic.wav2lip.frames.blend import paste
from semantic.wav2lip.frames.face import crop
from semantic.wav2lip.frames.mel import mel_spectrogram
from semantic.wav2lip.networks.generator import Generator

AT_ONCE = 25
"""Frames that are generated together; the last ones are filled up, lest a graph be built anew."""


def animate(
    generator: Generator,
    frames: np.ndarray,
    boxes: np.ndarray,
    voice: np.ndarray,
) -> np.ndarray:
    """Generate the lower half of the face in each frame.

    Parameters
    ----------
    generator : Generator
        Generator with its weights.
    frames : np.ndarray
        uint8, shape [T, H, W, 3]; what shows the head, e.g. one frame again and again. Each is
        its own reference frame.
    boxes : np.ndarray
        float64, shape [T, 4], as of `face.face_boxes`.
    voice : np.ndarray
        float32, shape [T, 80, 16, 1]; the mel window of each frame, as of `voice_of`.

    Returns
    -------
    np.ndarray
        uint8, shape [T, H, W, 3].

    Raises
    ------
    LinksimError
        If there are no frames, or not as many boxes or mel windows.
    """
    if not len(frames) or not len(frames) == len(boxes) == len(voice):
        raise LinksimError(
            f"each frame needs a box and a voice, not {len(boxes)} and {len(voice)} for "
            f"{len(frames)} frames"
        )
    if not generator.compiled:
        # XLA compiles for long and gains nothing here.
        generator.compile(jit_compile=False)
    out = np.empty(frames.shape, np.uint8)
    for first in range(0, len(frames), AT_ONCE):
        these = np.arange(first, first + AT_ONCE).clip(max=len(frames) - 1)
        faces = np.stack([crop(frames[i], boxes[i]) for i in these]).astype(np.float32) / 255
        inputs = {"face": faces, "reference": faces, "mel": voice[these]}
        made = generator.predict_on_batch(inputs)
        for i, face in zip(range(first, min(first + AT_ONCE, len(frames))), made, strict=False):
            out[i] = paste(frames[i], face, boxes[i])
    return out


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
