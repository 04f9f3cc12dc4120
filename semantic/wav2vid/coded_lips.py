"""What the mouth does while a picture is held: latents of the sender, drawn by the receiver.

::

    frame t ───▶ box ─▶ crop ─┬─▶ mouth encoder ─▶ latents ── link ──▶ mouth decoder ─▶ blend
    last sent ─▶ box ─▶ crop ─┘                       what is held ─▶ crop ─┘             │
                                                            └─────────────────────────────┘

Every frame has latents, a unit for itself and all of one length, so that which unit belongs to
which frame never gets lost. Those of a frame that is sent are of use if it does not arrive.
"""

from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np

from linksim.endpoint import ABSENT, Received, ReceivedSymbols, SymbolStream
from linksim.timing import Times
from semantic.wav2lip.frames.animate import AT_ONCE, Draw, animate, numbered
from semantic.wav2lip.frames.face import crop, find_box
from semantic.wav2vid.motion_field import Held

if TYPE_CHECKING:
    from semantic.wav2lip.networks.mouth_codec import MouthCodec

STREAM = "lips"

NEWEST = 0.4
"""Share of a frame's own box in its smoothed one; the rest is of those before."""

LEAST_WEIGHT = 0.25
"""Mean weight of a frame's latents, 1 without noise, below which the voice tells more."""


def stream_of(
    codec: "MouthCodec", frames: np.ndarray, sent: np.ndarray, fps: float | None
) -> SymbolStream:
    """Return the stream ``"lips"`` of a clip, a unit a frame.

    Parameters
    ----------
    codec : MouthCodec
        Codec with its weights.
    frames : np.ndarray
        uint8, shape [T, H, W, 3].
    sent : np.ndarray
        bool, shape [T]; which of them are sent.
    fps : float or None
        Frames per second of a clip whose units have times; None for a stream without.
    """
    boxes, held = _boxes(frames), held_frames(sent)
    latents = []
    for first in range(0, len(frames), AT_ONCE):
        # The last ones are filled up, lest a graph be built anew.
        these = np.arange(first, first + AT_ONCE).clip(max=len(frames) - 1)
        pairs = ((t, held[t]) if boxes[t] is not None else (held[t], held[t]) for t in these)
        crops = [(_crop(frames, boxes, now), _crop(frames, boxes, then)) for now, then in pairs]
        target, reference = (np.stack(x).astype(np.float32) / 255 for x in zip(*crops, strict=True))
        latents.append(codec.encoder.predict_on_batch({"target": target, "reference": reference}))
    units = np.concatenate(latents)[: len(frames)]
    places = range(len(frames))
    times = None if fps is None else Times.of_pictures(places, places, fps)
    return SymbolStream(STREAM, units.reshape(-1), (units.shape[1],) * len(units), times)


def held_frames(sent: np.ndarray) -> np.ndarray:
    """Return the last frame that was sent before each of some, bool [T]: int, [T], at least 0."""
    places = np.where(sent, np.arange(len(sent)), 0)
    return np.concatenate([[0], np.maximum.accumulate(places)[:-1]])


def _boxes(frames: np.ndarray) -> list[np.ndarray | None]:
    """Return the box around the face in each frame, of it and those before; None without one."""
    boxes: list[np.ndarray | None] = []
    smooth: np.ndarray | None = None
    for frame in frames:
        box = find_box(frame)
        if box is not None:
            smooth = box if smooth is None else NEWEST * box + (1 - NEWEST) * smooth
        boxes.append(None if box is None else smooth)
    return boxes


def _crop(frames: np.ndarray, boxes: list[np.ndarray | None], t: int) -> np.ndarray:
    """Return the face of a frame; where it has none, what stands in the middle of it."""
    height, width = frames.shape[1:3]
    box = boxes[t]
    return crop(frames[t], np.array([width, height, height, 0.0]) / 2 if box is None else box)


class ReceivedLips:
    """The latents of lips that arrived.

    Parameters
    ----------
    codec : MouthCodec
        Codec with its weights.
    received : Received
        What arrived.
    frames : int
        Frames of the clip, T.
    """

    def __init__(self, codec: "MouthCodec", received: Received, frames: int) -> None:
        self._codec = codec
        stream = received.streams.get(STREAM)
        if isinstance(stream, ReceivedSymbols) and len(stream.latents):
            self._latents = stream.latents.reshape(frames, -1)
            self._noise = stream.noise_variance.reshape(frames, -1)
        else:
            self._latents = np.zeros((frames, codec.latents), np.float32)
            self._noise = np.full_like(self._latents, ABSENT)

    @cached_property
    def known(self) -> np.ndarray:
        """bool, [T]; frames whose latents tell more than the voice does."""
        weights: np.ndarray = (1.0 / (1.0 + self._noise)).mean(axis=1)
        return weights >= LEAST_WEIGHT

    def draw(self, faces: np.ndarray, which: np.ndarray) -> np.ndarray:
        """Return faces of the frames `which`; see `semantic.wav2lip.frames.animate.Draw`."""
        told = {"reference": faces, "latents": self._latents[which], "noise": self._noise[which]}
        made: np.ndarray = self._codec.decoder.predict_on_batch(told)
        return made

    def draw_or(self, other: Draw) -> Draw:
        """Return what draws the faces of frames that are `known`, and others as `other` does."""

        def draw(faces: np.ndarray, which: np.ndarray) -> np.ndarray:
            known = self.known[which]
            made = self.draw(faces, which)
            if not known.all():
                made[~known] = other(faces, which)[~known]
            return made

        return draw


def drawn(codec: "MouthCodec", frames: np.ndarray, sent: np.ndarray, stream: SymbolStream) -> Held:
    """Return what a receiver holds with its lips drawn, without noise and motion.

    The motion field is measured against this, so that it does not move the lips a second time.
    """
    noise = np.zeros_like(stream.latents)
    came = Received(b"", {STREAM: ReceivedSymbols(STREAM, stream.latents, noise)})
    lips, held = ReceivedLips(codec, came, len(frames)), held_frames(sent)
    box_of = cache(lambda t: find_box(frames[t]))

    def stills(which: np.ndarray) -> np.ndarray:
        out = frames[held[which]]
        for still in np.unique(held[which]).tolist():
            these = np.flatnonzero(held[which] == still)
            box = box_of(still)
            if box is not None:
                boxes, numbers = np.tile(box, (len(these), 1)), which[these]
                out[these] = animate(numbered(lips.draw, numbers), out[these], boxes)
        return out

    return stills
