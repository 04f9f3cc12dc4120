"""Pictures of a call, each as it comes: by DVST, or by H.265 over the bit link.

::

    frames that are sent ─┬─▶ DVST ──▶ "side", "video" ──▶ DVST ─────────┬─▶ each at its number
                          └─▶ H.265 ─▶ "video" ──────────▶ H.265 ─ size ─┘

Packets begin with the number of their frame, as nothing else says which frames are sent.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from linksim.endpoint import BitStream, Csi, Encoded, Received, ReceivedBits
from linksim.media import Clip
from linksim.streams.digital.hevc import HEVC
from linksim.streams.digital.sampling import resized, thinned
from linksim.streams.digital.video_codec import Rate
from linksim.streams.showing import frames_late, show
from linksim.timing import Times
from semantic.dvst.endpoint import SETUP_BYTES, SIDE, VIDEO, Dvst

Shown = tuple[np.ndarray, list[str]]
"""Frames, uint8 [T, H, W, 3], and origins, see `linksim.streams.showing.show`."""

_NUMBER = 3  # bytes of the number of a frame
_SIZE = struct.Struct("<HHH")  # pictures that are sent, at most, and their height and width


@dataclass(frozen=True)
class LearnedPictures:
    """Pictures by DVST.

    Parameters
    ----------
    codec : Dvst
        The codec, in its low-delay form.
    """

    codec: Dvst

    def encode(self, clip: Clip, sent: np.ndarray, csi: Csi | None) -> Encoded:
        """Return streams ``"side"`` and ``"video"`` of the frames `sent`, bool [T]."""
        coded = self.codec.encode_pictures(clip, np.flatnonzero(sent), csi)
        side, video = coded.streams
        assert isinstance(side, BitStream)
        return Encoded((_with_numbers(side, sent), video), coded.setup)

    def decode(self, received: Received, shape: tuple[int, ...], fps: float) -> Shown:
        """Return frames of the shape [T, H, W], each picture held until the next."""
        side, numbers = _without_numbers(received, SIDE)
        bare = Received(received.setup[:SETUP_BYTES], {**received.streams, SIDE: side})
        return _placed(self.codec.decode_pictures(bare), side, numbers, shape, fps)


@dataclass(frozen=True)
class DigitalPictures:
    """Pictures by H.265.

    Parameters
    ----------
    crf : float
        Constant rate factor.
    bitrate : int or None
        Bit rate in bit/s that it keeps below; None for no limit.
    scale : float
        Factor of height and width.
    gop : int
        Frames from one without reference to the next.
    """

    crf: float
    bitrate: int | None
    scale: float
    gop: int

    def encode(self, clip: Clip, sent: np.ndarray, csi: Csi | None) -> Encoded:
        """Return stream ``"video"`` of the frames `sent`, bool [T]."""
        assert clip.frames is not None
        assert clip.fps is not None
        places = np.flatnonzero(sent).tolist()
        frames = thinned(clip.frames[places], clip.fps, self.scale, 1)[0]
        rate = Rate(self.crf, self.bitrate, low_delay=True, capped=self.bitrate is not None)
        packets = HEVC.encode(frames, clip.fps, rate=rate, gop=self.gop, preset=HEVC.preset)
        times = Times.of_pictures(places, places, float(clip.fps))
        stream = BitStream(VIDEO, packets, adaptive=True, times=times, keep_late=True)
        size = _SIZE.pack(self.gop, *frames.shape[1:3])
        return Encoded((_with_numbers(stream, sent),), size)

    @staticmethod
    def decode(received: Received, shape: tuple[int, ...], fps: float) -> Shown:
        """Return frames of the shape [T, H, W], each picture held until the next."""
        video, numbers = _without_numbers(received, VIDEO)
        gop, height, width = _SIZE.unpack_from(received.setup)
        packets = {**video.packets, **video.late}
        count = max(packets, default=-1) + 1
        good = HEVC.pictures(packets, count, height, width, gop)
        pictures = (resized(good[i], *shape[1:]) if i in good else None for i in range(count))
        return _placed(pictures, video, numbers, shape, fps)


def _with_numbers(stream: BitStream, sent: np.ndarray) -> BitStream:
    """Return a stream of a packet a frame with the number of its frame before each."""
    numbers = [int(place).to_bytes(_NUMBER, "big") for place in np.flatnonzero(sent)]
    packets = tuple(n + packet for n, packet in zip(numbers, stream.packets, strict=True))
    return replace(stream, packets=packets)


def _without_numbers(received: Received, name: str) -> tuple[ReceivedBits, dict[int, int]]:
    """Return what came of a stream with the numbers of frames taken off, and those by packet."""
    stream = received.streams.get(name)
    stream = stream if isinstance(stream, ReceivedBits) else ReceivedBits(name, {})
    known = {**stream.packets, **stream.late}
    numbers = {i: int.from_bytes(packet[:_NUMBER], "big") for i, packet in known.items()}
    bare, late = ({i: p[_NUMBER:] for i, p in of.items()} for of in (stream.packets, stream.late))
    return ReceivedBits(name, bare, late, stream.overdue_s), numbers


def _placed(
    pictures: Iterable[np.ndarray | None],
    stream: ReceivedBits,
    numbers: dict[int, int],
    shape: tuple[int, ...],
    fps: float,
) -> Shown:
    """Spread pictures, in the order of their packets, over a clip; each is held until the next.

    None stands for one that cannot be decoded.
    """
    late = {numbers[i]: count for i, count in frames_late(stream, fps).items()}
    decoded = ((numbers[i], p) for i, p in enumerate(pictures) if p is not None)
    return show(((t, picture) for t, picture in decoded if t < shape[0]), late, shape)
