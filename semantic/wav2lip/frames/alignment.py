"""Alignment of sound and frames at any frame rate."""

from fractions import Fraction

import numpy as np

from linksim.errors import LinksimError
from semantic.wav2lip.frames.mel import COLUMN_RATE, SILENCE
from semantic.wav2lip.networks.sizes import COLUMNS, FPS


def mel_start(frame: int, fps: Fraction) -> int:
    """Return the first column of the mel window of a frame.

    The window's middle is the column at or just before the middle of the frame's time. At 25
    frames/s the window of frame i + 2 thus starts at floor(80 i / 25), where the reference
    (Prajwal et al., ACM MM 2020) has it for the five frames from i on.

    Parameters
    ----------
    frame : int
        Number of the frame, from 0.
    fps : Fraction
        Frames per second, exact: 29.97 is 30000/1001.

    Returns
    -------
    int
        May be negative, for the first frames.
    """
    if fps <= 0:
        raise LinksimError(f"fps must be positive, not {fps}")
    return int((frame + Fraction(1, 2)) / fps * COLUMN_RATE // 1) - COLUMNS // 2


def mel_windows(mel: np.ndarray, frames: int, fps: Fraction) -> np.ndarray:
    """Return the mel window of each frame.

    Parameters
    ----------
    mel : np.ndarray
        float32, shape [80, n], of `semantic.wav2lip.frames.mel.mel_spectrogram`.
    frames : int
        How many, T. Where there is no sound, before it and after it, there is silence.
    fps : Fraction
        Frames per second.

    Returns
    -------
    np.ndarray
        float32, shape [T, 80, 16, 1].

    Raises
    ------
    LinksimError
        If `fps` is not positive.
    """
    starts = np.array([mel_start(i, fps) for i in range(frames)], int)
    columns = starts[:, None] + np.arange(COLUMNS)
    heard = (columns >= 0) & (columns < mel.shape[1])
    windows = mel[:, np.clip(columns, 0, mel.shape[1] - 1)].transpose(1, 0, 2)
    return np.where(heard[:, None], windows, np.float32(SILENCE))[..., None]


def at_training_rate(frames: int, fps: Fraction) -> np.ndarray:
    """Return which frames of a video to show at 25 frames/s.

    Parameters
    ----------
    frames : int
        Frames of the video.
    fps : Fraction
        Frames per second of the video.

    Returns
    -------
    np.ndarray
        int, shape [floor(25 frames / fps)], at least 1: for each slot the frame that is on at
        its middle.

    Raises
    ------
    LinksimError
        If `fps` is not positive.
    """
    if fps <= 0:
        raise LinksimError(f"fps must be positive, not {fps}")
    slots = max(1, int(frames * FPS / fps))
    shown = [int((slot + Fraction(1, 2)) * fps / FPS) for slot in range(slots)]
    return np.minimum(shown, frames - 1)
