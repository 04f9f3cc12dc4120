"""The call in its low-delay form: a plan by the channel state, then each part when it is there.

::

    CSI ─▶ plan ─┬─ sound ────▶ ASC, or Opus ────▶ "audio"
                 ├─ pictures ─▶ DVST, or H.265 ──▶ "video", and "side" of DVST
                 └─ what is held ─▶ motion, lips ▶ "motion", "lips"

The set-up tells the plan, as far as the receiver needs it.
"""

import struct
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np

from linksim.endpoint import Csi, Encoded, Received
from linksim.media import Clip
from semantic.asc.endpoint import STREAM as AUDIO
from semantic.wav2vid import low_delay
from semantic.wav2vid.lips import animate_held
from semantic.wav2vid.parts import Parts
from semantic.wav2vid.plan import AUTO, Plan

SETUP = struct.Struct("<IIIHB")
"""Frames, fps as a fraction, packets and cells of the motion field."""

_PLAN = struct.Struct("<HHBBBB")  # height, width; sound, pictures, lips; bytes of their set-up
_SOUNDS, _PICTURES, _LIPS = ("asc", "opus"), ("dvst", "h265"), ("generated", "coded", "held")


def sound_of(clip: Clip) -> Clip:
    """Return the sound of a clip."""
    return Clip(audio=clip.audio, sample_rate=clip.sample_rate, name=clip.name)


def encode_call(scheme: Parts, clip: Clip, csi: Csi | None) -> Encoded:
    """Turn a clip into streams, the most important first: see `semantic.wav2vid.endpoint`."""
    assert clip.frames is not None
    assert clip.fps is not None
    plan = scheme.plan(csi, clip.frames.shape[1] * clip.frames.shape[2])
    moving = scheme.gate(clip.frames, clip.fps, plan.epsilon)
    sent = moving & (np.arange(len(moving)) % plan.every == 0)
    lips, held = scheme.watched(clip.frames, clip.fps, sent, plan.lips)
    sound = scheme.sound_codec(plan).encode(sound_of(clip), csi)
    pictures = scheme.picture_codec(plan).encode(clip, sent, csi)
    cells = 0 if sent.all() else scheme.motion_field
    motion = (low_delay.motion_of(clip, sent, cells, held),) if cells else ()
    told = (_SOUNDS.index(plan.sound), _PICTURES.index(plan.pictures), _LIPS.index(plan.lips))
    setup = SETUP.pack(len(sent), *clip.fps.as_integer_ratio(), 0, cells)
    setup += _PLAN.pack(*clip.frames.shape[1:3], *told, len(pictures.setup))
    *side, video = pictures.streams
    streams = (*sound.streams, *side, *motion, *lips, video)
    return Encoded(streams, setup + pictures.setup + sound.setup)


def decode_call(scheme: Parts, received: Received) -> Clip:
    """Return what is shown and heard where each frame is made of what has come by its time."""
    count, num, den, _, cells = SETUP.unpack_from(received.setup)
    height, width, *told, size = _PLAN.unpack_from(received.setup, SETUP.size)
    rest, fps = received.setup[SETUP.size + _PLAN.size :], Fraction(num, den)
    names = (known[i] for known, i in zip((_SOUNDS, _PICTURES, _LIPS), told, strict=True))
    sound_name, pictures_name, lips = names
    plan = scheme.told(sound_name, pictures_name, lips if scheme.lips == AUTO else scheme.lips)
    heard = {name: s for name, s in received.streams.items() if name == AUDIO}
    sound = scheme.sound_codec(plan).decode(Received(rest[size:], heard))
    assert sound.audio is not None
    seen = Received(rest[:size], received.streams)
    frames, origins = scheme.picture_codec(plan).decode(seen, (count, height, width), float(fps))
    warnings: list[str] = []
    # Where a picture comes late, what is held after that is another one.
    another = [not np.array_equal(*pair) for pair in pairwise(frames)]
    came = np.array([origin == "sent" for origin in origins]) | np.array([False, *another])
    if plan.lips != "held" and not came.all():
        voice = low_delay.voice_so_far(sound.audio, count, fps)
        draw = scheme.drawing(frames, came, voice, plan.lips, received, warnings)
        animate_held(frames, origins, came, draw, warnings)
    if cells and scheme.motion_field:
        low_delay.bend(frames, came, fps, received, cells)
    received_clip = scheme.whole(frames, fps, sound, origins, warnings)
    return replace(received_clip, choices=_choices(scheme, plan))


def _choices(scheme: Parts, plan: Plan) -> tuple[str, ...]:
    """Return what was left open and chosen."""
    named = {name: getattr(plan, name) for name in ("sound", "pictures", "lips")}
    return tuple(f"{name}: {was}" for name, was in named.items() if getattr(scheme, name) == AUTO)
