"""A clip as the lip-sync networks take it: faces at 25 frames/s, each with what is heard.

::

    clip ─┬─ frames ─▶ 25 frames/s ─▶ boxes ─▶ crops ─┐
          └─ audio ──▶ mel ─────────▶ windows ────────┴─▶ Talk
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np

from linksim.arrays import read_arrays
from linksim.errors import LinksimError
from linksim.media import Clip, read, require
from linksim.media.resample import resample
from semantic.wav2lip.frames.alignment import at_training_rate, mel_windows
from semantic.wav2lip.frames.face import face_crops
from semantic.wav2lip.frames.mel import SAMPLE_RATE, mel_spectrogram
from semantic.wav2lip.networks.sizes import FPS, WINDOW

SHORTEST = 5 * WINDOW
"""Frames of the shortest clip to learn from, 1 s."""


@dataclass(frozen=True, eq=False)
class Talk:
    """Faces and voice of one speaker, in sync.

    Parameters
    ----------
    faces : np.ndarray
        uint8, shape [T, 96, 96, 3], at 25 frames/s.
    voice : np.ndarray
        float32, shape [T, 80, 16, 1]: the mel window of each face.
    name : str
        What to call it in messages.
    seen : np.ndarray or None
        Faces as a receiver has them; None: as they are.
    weight : float
        How often it is learned from, in proportion to others.
    """

    faces: np.ndarray
    voice: np.ndarray
    name: str = ""
    seen: np.ndarray | None = None
    weight: float = 1.0

    @property
    def talker(self) -> str:
        """The talker: what stands before the first underscore of the name."""
        return self.name.split("_")[0]

    @property
    def arrived(self) -> np.ndarray:
        """Faces as a receiver has them."""
        return self.faces if self.seen is None else self.seen


def talk_of(clip: Clip) -> Talk:
    """Cut the face out of each frame of a clip and the sound around it.

    Frames are repeated or left out to make 25 a second. Sound that is shorter than the video
    is followed by silence.

    Parameters
    ----------
    clip : Clip
        Clip with video and audio, of any rates.

    Raises
    ------
    LinksimError
        If it has no video or no audio, lasts less than a second, or most of its frames show
        no face.
    """
    require(clip, "learning lip movement", video=True, audio=True)
    assert clip.frames is not None
    assert clip.fps is not None
    assert clip.audio is not None
    shown = at_training_rate(len(clip.frames), clip.fps)
    if len(shown) < SHORTEST:
        raise LinksimError(f"{clip.name}: lasts {len(shown) / FPS:g} s, less than a second")
    frames = clip.frames[shown]
    faces = face_crops(frames, clip.name or "the clip")
    mel = mel_spectrogram(resample(clip.audio, clip.sample_rate, SAMPLE_RATE))
    return Talk(faces, mel_windows(mel, len(shown), Fraction(FPS)), clip.name)


def received_talk(frames: np.ndarray, voice: np.ndarray, name: str) -> Talk:
    """Make a talk of frames, uint8 [T, H, W, 3], whose mel windows, [T, 80, 16, 1], are known.

    Raises
    ------
    LinksimError
        If there are fewer than 11, too few for a window and a frame from elsewhere, or most of
        them show no face.
    """
    if len(frames) < 2 * WINDOW + 1:
        raise LinksimError(f"{name}: {len(frames)} frames are too few to learn from")
    return Talk(face_crops(frames, name), voice, name)


def load_talks(files: Sequence[Path], seconds: float, keep: Path | None = None) -> list[Talk]:
    """Make talks of files; those that cannot be used are named and left out.

    Parameters
    ----------
    files : sequence of Path
        Whatever `linksim.media.read` takes.
    seconds : float
        Greatest length read of each.
    keep : Path or None
        Folder in which talks are kept from one run to the next; None keeps none.

    Raises
    ------
    LinksimError
        If none can be used.
    """
    talks, reasons = [], []
    for file in files:
        try:
            key = f"{_digest(file)}-{seconds:g}"
            talks.append(kept(keep, key, partial(_read, file, seconds)))
        except LinksimError as error:
            reasons.append(str(error))
            print(f"left out: {error}", flush=True)
    if not talks:
        raise LinksimError(f"no clip to learn from: {reasons[0] if reasons else 'none given'}")
    return talks


def _read(file: Path, seconds: float) -> Talk:
    return talk_of(read(file, max_seconds=seconds))


def _digest(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise LinksimError(f"{file}: cannot be read ({error.strerror})") from None


def generated_talks(
    count: int,
    seed: int,
    seconds: float,
    keep: Path | None = None,
    portraits: Sequence[Path] = (),
) -> list[Talk]:
    """Make talks of synthetic talkers, `speaking_head`, kept as those of `load_talks` are.

    Raises
    ------
    LinksimError
        If `seconds` is under 1, the extra ``clip`` is not installed, or portraits show no faces.
    """
    from linksim.media.synthetic.heads import speaking_head

    def made(index: int) -> Talk:
        return talk_of(speaking_head(seed, index, seconds, portraits).clip)

    names = "".join(_digest(file) for file in portraits)
    series = f"blended-{hashlib.sha256(names.encode()).hexdigest()[:16]}" if names else "generated"
    return [kept(keep, f"{series}-{seed}-{i}-{seconds:g}", partial(made, i)) for i in range(count)]


def kept(folder: Path | None, key: str, make: Callable[[], Talk]) -> Talk:
    """Return the talk that a folder keeps under a key; make it, and keep it, if there is none."""
    if folder is None:
        return make()
    file = folder / f"{key}.npz"
    if file.exists():
        try:
            held = read_arrays(file)
            return Talk(held["faces"], held["voice"], str(held["name"]), held.get("seen"))
        except (ValueError, KeyError) as error:
            raise LinksimError(f"{file}: not a talk ({error}); delete it") from None
    talk = make()
    folder.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    with part.open("wb") as out:
        held = {"faces": talk.faces, "voice": talk.voice, "name": np.array(talk.name)}
        if talk.seen is not None:
            held["seen"] = talk.seen
        np.savez_compressed(out, **held)  # type: ignore[arg-type]
    part.replace(file)
    return talk
