"""A stretch of video, audio, text, or of several of them."""

import hashlib
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from linksim.errors import LinksimError

ORIGINS = ("sent", "generated", "held")
"""Origins of a received frame: decoded from what was sent for it, generated at the receiver, or an
earlier frame again."""


@dataclass(frozen=True, eq=False)
class Clip:
    """Video at a constant frame rate and mono audio, both starting at t = 0, and what is said.

    Parameters
    ----------
    frames : np.ndarray or None
        uint8, shape [T, H, W, 3], RGB; None without video.
    fps : Fraction or None
        Frames per second; None without video.
    audio : np.ndarray or None
        float32, shape [N], in [-1, 1]; None without audio.
    sample_rate : int
        Audio samples per second in Hz.
    name : str
        Name in messages and records; not part of the content.
    origins : tuple of str
        Where each frame of a received clip comes from, one of `ORIGINS`, if its scheme does not
        send every frame; else empty. Not part of the content.
    warnings : tuple of str
        Warnings of the scheme about a received clip, a line each; not part of the content.
    choices : tuple of str
        What the scheme chose of its own for a received clip, as ``"sound: opus"``; not part of the
        content.
    text : str or None
        What is said, where it is known in words; None where it is not. A clip has video, audio or
        text.

    Raises
    ------
    LinksimError
        If a field has another type or shape.
    """

    frames: np.ndarray | None = None
    fps: Fraction | None = None
    audio: np.ndarray | None = None
    sample_rate: int = 16_000
    name: str = ""
    origins: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    text: str | None = None
    choices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        video, audio = self.frames, self.audio
        if video is not None and (
            video.dtype != np.uint8 or video.ndim != 4 or video.shape[3] != 3 or not video.size
        ):
            raise LinksimError(f"clip '{self.name}': frames must be uint8 of shape [T, H, W, 3]")
        if (video is None) != (self.fps is None):
            raise LinksimError(f"clip '{self.name}': frames and fps go together")
        if self.fps is not None and not _is_rate(self.fps):
            raise LinksimError(
                f"clip '{self.name}': fps must be a positive Fraction of 32-bit integers"
            )
        if audio is not None and (audio.dtype != np.float32 or audio.ndim != 1 or not audio.size):
            raise LinksimError(f"clip '{self.name}': audio must be float32 of shape [N]")
        if video is None and audio is None and self.text is None:
            raise LinksimError(f"clip '{self.name}': has neither video nor audio nor text")
        frames = 0 if video is None else len(video)
        if self.origins and (len(self.origins) != frames or not set(self.origins) <= {*ORIGINS}):
            raise LinksimError(f"clip '{self.name}': origins must be one of {ORIGINS} a frame")
        if self.sample_rate <= 0:
            raise LinksimError(f"clip '{self.name}': sample_rate must be positive")

    @property
    def has_video(self) -> bool:
        """True where there are frames."""
        return self.frames is not None

    @property
    def has_audio(self) -> bool:
        """True where there are audio samples."""
        return self.audio is not None

    @property
    def duration(self) -> float:
        """Length of the longer of video and audio in seconds; 0 without either."""
        video = audio = 0.0
        if self.frames is not None and self.fps is not None:
            video = float(len(self.frames) / self.fps)
        if self.audio is not None:
            audio = len(self.audio) / self.sample_rate
        return max(video, audio)

    def fingerprint(self) -> str:
        """Return the SHA-256 of the content in hex: samples, sizes, rates and text."""
        shapes = [None if a is None else a.shape for a in (self.frames, self.audio)]
        digest = hashlib.sha256(f"{shapes} {self.fps} {self.sample_rate}".encode())
        for samples in (self.frames, self.audio):
            if samples is not None:
                digest.update(np.ascontiguousarray(samples).data)
        if self.text is not None:
            digest.update(self.text.encode())
        return digest.hexdigest()


def _is_rate(fps: Fraction) -> bool:
    """Return whether containers and set-up messages, of 32-bit integers, can express a rate."""
    return isinstance(fps, Fraction) and fps > 0 and max(fps.as_integer_ratio()) < 2**31


def require(
    clip: Clip, what: str, *, video: bool = False, audio: bool = False, text: bool = False
) -> None:
    """Check that a clip has the streams that something needs.

    Parameters
    ----------
    clip : Clip
        The clip.
    what : str
        What needs them, for the message, e.g. ``"scheme 'wav2vid'"``.
    video, audio, text : bool
        What is needed.

    Raises
    ------
    LinksimError
        If one is missing.
    """
    name = clip.name or "the clip"
    for kind, needed, present in (
        ("video", video, clip.has_video),
        ("audio", audio, clip.has_audio),
    ):
        if needed and not present:
            raise LinksimError(f"{name} has no {kind} stream; {what} needs {kind}")
    if text and clip.text is None:
        raise LinksimError(f"{name} has no text; {what} needs text")


def video_of(clip: Clip, what: str) -> tuple[np.ndarray, Fraction]:
    """Return the frames and the frame rate of a clip, which `require` checks that it has."""
    require(clip, what, video=True)
    assert clip.frames is not None
    assert clip.fps is not None
    return clip.frames, clip.fps


def audio_of(clip: Clip, what: str) -> np.ndarray:
    """Return the audio samples of a clip, which `require` checks that it has."""
    require(clip, what, audio=True)
    assert clip.audio is not None
    return clip.audio
