"""The lips of frames that are held, drawn in place."""

from typing import TYPE_CHECKING

import numpy as np

from linksim.errors import LinksimError
from semantic.wav2vid.gate import runs

if TYPE_CHECKING:
    from semantic.wav2lip.frames.animate import Draw
    from semantic.wav2lip.networks.generator import Generator


def animate_held(
    frames: np.ndarray, origins: list[str], came: np.ndarray, draw: "Draw", warnings: list[str]
) -> None:
    """Move the lips, in place, of each run of frames held after one with which a picture came.

    Parameters
    ----------
    frames : np.ndarray
        uint8, shape [T, H, W, 3].
    origins : list of str
        Those of `Clip`, of each frame; set to ``"generated"`` where lips were drawn.
    came : np.ndarray
        bool, shape [T]; frames with which a picture came.
    draw : callable
        What draws a frame of the clip by its number.
    warnings : list of str
        Takes a line for each run without a face.
    """
    # Networks are loaded when they are needed, not when schemes are listed.
    from semantic.wav2lip.frames.animate import animate, numbered
    from semantic.wav2lip.frames.face import find_box

    for start, stop in runs(~came):
        box = find_box(frames[start - 1]) if start else None
        if box is None:
            warnings.append(f"frames {start} to {stop - 1} are held: there is no face before")
            continue
        still = np.broadcast_to(frames[start - 1], frames[start:stop].shape)
        boxes = np.tile(box, (stop - start, 1))
        frames[start:stop] = animate(numbered(draw, np.arange(start, stop)), still, boxes)
        origins[start:stop] = ["generated"] * (stop - start)


def personalised_to(
    generator: "Generator",
    frames: np.ndarray,
    voice: np.ndarray,
    sent: np.ndarray,
    warnings: list[str],
) -> "Generator":
    """Fine-tune on the first effective clip, as received; keep what is, if it has no face.

    Parameters
    ----------
    generator : Generator
        Generator with its weights, which stay.
    frames, voice : np.ndarray
        Frames, uint8 [T, H, W, 3], and the mel window of each, float32 [T, 80, 16, 1].
    sent : np.ndarray
        bool, shape [T]; frames that were sent.
    warnings : list of str
        Takes a line where the first of them show no face.
    """
    from semantic.wav2lip.frames.talk import received_talk
    from semantic.wav2lip.training.personalise import personalised

    begin, end = runs(sent)[0] if sent.any() else (0, 0)
    try:
        talk = received_talk(frames[begin:end], voice[begin:end], "the first effective clip")
    except LinksimError as error:
        warnings.append(f"not personalised: {error}")
        return generator
    return personalised(generator, talk)
