"""The whole call as a conversation takes it: each part when it is there.

::

    frame t ─▶ pose up to t ─▶ gate ─┬─ sent ─────▶ `semantic.wav2vid.pictures`
                                     └─ not sent ─▶ every 80 ms: number, field ─▶ "motion"

    packet of motion: | frame (3 bytes) | moments of it since a frame was sent (2) | its field |

A field is that of the last frame of some that are held; those before it are moved part of the way
from the field before. So the first of them waits for it: by a frame less than 80 ms. A field is
told by its change, and once a second or so by itself, lest a loss goes on.

Lips of a frame are made of the sound that is decoded by when the frame is shown. The generator
wants some more: the last of it goes on.
"""

import struct
from fractions import Fraction

import numpy as np

from linksim.endpoint import BitStream, Received, ReceivedBits
from linksim.errors import LinksimError
from linksim.media import Clip
from linksim.streams.range_coder import Decoder, Encoder
from linksim.timing import Times
from semantic.asc import low_delay as sound
from semantic.wav2vid.gate import runs
from semantic.wav2vid.motion_field import Held, bent, expected, fields_of, grid, pixels

MOTION = "motion"

EVERY = 0.08
"""Seconds from one motion field to the next: the most that a held frame waits for one."""

REFRESH = 12
"""Motion fields from one that is told by itself to the next."""

DELAY_S = max(sound.DELAY_S, EVERY)
"""Seconds that the encoder waits for at most."""

SIZE = struct.Struct("<HH")
"""Height and width of the picture, in the set-up."""

_FIELD = struct.Struct(">BHH")  # the number of a frame, and moments


def motion_of(clip: Clip, sent: np.ndarray, cells: int, held: Held) -> BitStream:
    """Return how what is held moves.

    Parameters
    ----------
    clip : Clip
        The whole clip.
    sent : np.ndarray
        bool, shape [T]; which frames are sent.
    cells : int
        Cells of the motion field on the short side.
    held : callable
        What is shown of frames that are not sent, but for motion.
    """
    assert clip.frames is not None
    assert clip.fps is not None
    every = _every(clip.fps)
    packets, last = [], []
    for start, stop in runs(~sent):
        moments = np.arange(start + every - 1, stop, every)
        known: np.ndarray | int = 0
        change: np.ndarray | None = None
        fields = fields_of(clip.frames, moments, held, cells) if len(moments) else ()
        for place, (t, field) in enumerate(zip(moments.tolist(), fields, strict=True)):
            known, change = (known, change) if place % REFRESH else (0, None)
            told = field - known
            encoder = Encoder()
            encoder.put(told, expected(change, told.shape))
            packets.append(_FIELD.pack(t >> 16, t & 0xFFFF, place) + encoder.data())
            last.append(t)
            known, change = field, told
    times = Times.of_pictures([t - every + 1 for t in last], last, float(clip.fps))
    return BitStream(MOTION, tuple(packets), adaptive=True, times=times)


def voice_so_far(audio: np.ndarray, frames: int, fps: Fraction) -> np.ndarray:
    """Return the mel window of each frame, of the sound decoded by when it is shown.

    Parameters and result are those of `semantic.wav2lip.frames.animate.voice_of`. The last column
    that is known stands for those to come.
    """
    from semantic.wav2lip.frames.alignment import mel_start
    from semantic.wav2lip.frames.mel import HOP, SILENCE, WINDOW_SAMPLES, mel_spectrogram
    from semantic.wav2lip.networks.sizes import COLUMNS

    mel = mel_spectrogram(audio)
    windows = []
    for t in range(frames):
        known = (sound.settled(t / float(fps)) - WINDOW_SAMPLES // 2) // HOP
        columns = np.minimum(mel_start(t, fps) + np.arange(COLUMNS), known)
        heard = (columns >= 0) & (columns < mel.shape[1])
        window = mel[:, columns.clip(0, mel.shape[1] - 1)]
        windows.append(np.where(heard, window, np.float32(SILENCE)))
    return np.stack(windows)[..., None]


def bend(
    frames: np.ndarray, sent: np.ndarray, fps: Fraction, received: Received, cells: int
) -> None:
    """Move, in place, what is held as its motion fields say, as far as they arrived.

    Parameters
    ----------
    frames : np.ndarray
        uint8, shape [T, H, W, 3].
    sent : np.ndarray
        bool, shape [T]; which of them were decoded.
    fps : Fraction
        Frames per second.
    received : Received
        What arrived.
    cells : int
        Cells of the motion field on the short side.
    """
    every, shape = _every(fps), grid(frames.shape[1], frames.shape[2], cells)
    fields = _fields(received, every, shape)
    step = pixels(frames[0])
    for start, stop in runs(~sent):
        # Fields of another frame than the one that is held say nothing of it.
        own = {t: f * step for t, (f, still) in fields.items() if still == start - 1}
        before = np.zeros((*shape, 2))
        for t in range(start, stop):
            moment = start - 1 + every * -(-(t - start + 1) // every)
            after = own.get(moment, before)
            share = (t - moment + every) / every
            frames[t] = bent(frames[t], (1 - share) * before + share * after)
            before = after if t == moment else before


def _fields(
    received: Received, every: int, shape: tuple[int, int]
) -> dict[int, tuple[np.ndarray, int]]:
    """Return the motion fields that can be decoded, by frame, and the frame each is of."""
    stream = received.streams.get(MOTION)
    packets = stream.packets if isinstance(stream, ReceivedBits) else {}
    fields: dict[int, tuple[np.ndarray, int]] = {}
    before: tuple[int, np.ndarray, np.ndarray] | None = None  # packet, field and its change
    for index in sorted(packets):
        high, low, place = _FIELD.unpack_from(packets[index].ljust(_FIELD.size, b"\0"))
        decoder, t = Decoder(packets[index][_FIELD.size :]), high << 16 | low
        alone = place % REFRESH == 0
        if not alone and (before is None or before[0] != index - 1):
            continue  # what it changes is lost
        known, change = (0, None) if alone or before is None else before[1:]
        try:
            told = decoder.take((*shape, 2), expected(change, (*shape, 2)))
        except LinksimError:  # an error that no CRC has told
            continue
        field = known + told
        before = index, field, told
        fields[t] = field, t - every * (place + 1)
    return fields


def _every(fps: Fraction) -> int:
    """Return the frames from one motion field to the next."""
    return max(1, int(round(EVERY * float(fps), 6)))
