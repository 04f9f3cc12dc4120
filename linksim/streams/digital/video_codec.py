"""Pictures as packets, one each, and decoding around losses.

Groups of pictures have a fixed length and refer to nothing outside, so that the receiver
knows from indices alone which pictures a loss spoils. It hands the decoder only what is
whole: a decoder left to itself conceals silently and loses count.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.reformatter import Interpolation

from linksim.errors import LinksimError
from linksim.streams.showing import show

# Without these flags swscale rounds differently from one instruction set to the next.
_EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
_MATRIX = "ITU601"


BUFFER_MS = 100
"""Time over which the low-delay form keeps a bit rate, in ms: at that rate no picture is sent later
after it was taken, which leaves 50 ms of a conversation's 150."""


@dataclass(frozen=True)
class Rate:
    """Rate control of an encoder: constant quality `crf`, or `bitrate` in bit/s if it is given.

    With `low_delay` no picture waits for another, and a bit rate is kept over `BUFFER_MS`. With
    `capped` quality is constant as long as it takes less than the bit rate.
    """

    crf: float
    bitrate: int | None = None
    low_delay: bool = False
    capped: bool = False


@dataclass(frozen=True, kw_only=True)
class VideoCodec:
    """An encoder and a decoder of FFmpeg, and how they make one packet of each picture.

    Parameters
    ----------
    name : str
        The encoder's name in messages.
    encoder, decoder : str
        FFmpeg's names of them.
    presets : tuple of str
        The encoder's presets.
    preset : str
        The one to take by default.
    crf : float
        Constant rate factor by default.
    crf_range : tuple of float
        Best and worst constant rate factor, least and greatest.
    min_side : int
        Smaller pictures are padded to this many pixels, as are odd sides to even ones.
    options : callable
        Maps rate, pictures a group and preset to the encoder's options. They must make groups of
        exactly that length, each decodable alone, in packets that decode in the order in
        which their pictures are shown.
    """

    name: str
    encoder: str
    decoder: str
    presets: tuple[str, ...]
    preset: str
    crf: float
    crf_range: tuple[float, float]
    min_side: int
    options: Callable[[Rate, int, str], dict[str, str]]

    def encode(
        self, frames: np.ndarray, fps: Fraction, *, rate: Rate, gop: int, preset: str
    ) -> tuple[bytes, ...]:
        """Encode pictures on one thread, one packet each, in order.

        Colour is coded as 8-bit 4:2:0, whatever the source had.

        Parameters
        ----------
        frames : np.ndarray
            uint8, shape [T, H, W, 3], RGB.
        fps : Fraction
            Frames per second.
        rate : Rate
            Rate control.
        gop : int
            Pictures of a group; its first one refers to no other.
        preset : str
            A preset, one of `presets`.

        Raises
        ------
        LinksimError
            If the encoder refuses.
        """
        height, width = frames.shape[1:3]
        try:
            context: Any = av.CodecContext.create(self.encoder, "w")
            context.width, context.height = self._coded(width), self._coded(height)
            context.pix_fmt = "yuv420p"
            context.framerate, context.time_base = fps, 1 / fps
            context.thread_count = 1
            context.options = self.options(rate, gop, preset)
            packets = [p for i, f in enumerate(frames) for p in context.encode(self._picture(f, i))]
            packets += context.encode(None)
        except av.error.FFmpegError as error:
            raise LinksimError(
                f"{self.name} cannot encode {width}x{height} at {float(fps):g} frames/s "
                f"({error.strerror}); take another codec or change the clip"
            ) from None
        return tuple(bytes(p) for p in sorted(packets, key=lambda p: p.pts))

    def _coded(self, side: int) -> int:
        return max(side + side % 2, self.min_side)

    def _picture(self, pixels: np.ndarray, index: int) -> Any:
        below, right = (self._coded(side) - side for side in pixels.shape[:2])
        padded = np.pad(pixels, ((0, below), (0, right), (0, 0)), mode="edge")
        frame = av.VideoFrame.from_ndarray(padded, format="rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace=_MATRIX, interpolation=_EXACT)
        frame.pts = index
        return frame

    def decode(
        self,
        packets: Mapping[int, bytes],
        count: int,
        height: int,
        width: int,
        gop: int,
        late: Mapping[int, int] | None = None,
    ) -> np.ndarray:
        """Decode what can be decoded and hold the last good picture where nothing can.

        A picture is good if its packet and all since the first of its group arrived, and the
        decoder gives it. Before the first good one the screen is mid-grey. A late packet serves the
        pictures after it, and its own is shown from when it is there until a newer one is.

        Parameters
        ----------
        packets : mapping of int to bytes
            What arrived, by index.
        count, height, width : int
            Pictures and their size.
        gop : int
            Pictures of a group.
        late : mapping of int to int, optional
            By how many pictures those came too late that did.

        Returns
        -------
        np.ndarray
            uint8, shape [count, height, width, 3], RGB.
        """
        good = self.pictures(packets, count, height, width, gop)
        return show(good.items(), late or {}, (count, height, width))[0]

    def pictures(
        self, packets: Mapping[int, bytes], count: int, height: int, width: int, gop: int
    ) -> dict[int, np.ndarray]:
        """Return the good pictures by index, uint8 [height, width, 3]; parameters as `decode`."""
        good: dict[int, np.ndarray] = {}
        for first in range(0, count, gop):
            end = first
            while end < min(first + gop, count) and end in packets:
                end += 1
            for index, picture in self._decode_run(packets, first, end):
                fits = picture.shape[0] >= height and picture.shape[1] >= width
                if first <= index < end and fits:
                    good[index] = picture[:height, :width]
        return good

    def _decode_run(
        self, packets: Mapping[int, bytes], first: int, end: int
    ) -> list[tuple[int, np.ndarray]]:
        """Decode packets `first` to `end` - 1 and return pictures with their indices."""
        if first == end:
            return []
        context: Any = av.CodecContext.create(self.decoder, "r")
        context.thread_count = 1
        pictures = []
        try:
            for index in range(first, end):
                packet = av.Packet(packets[index])
                packet.pts = packet.dts = index
                pictures += [(f.pts, _pixels(f)) for f in context.decode(packet)]
            pictures += [(f.pts, _pixels(f)) for f in context.decode(None)]
        except (av.error.FFmpegError, ValueError):
            pass  # what a decoder refuses is lost, like what does not arrive
        return [(index, picture) for index, picture in pictures if index is not None]


def _pixels(frame: Any) -> np.ndarray:
    rgb = frame.reformat(format="rgb24", src_colorspace=_MATRIX, interpolation=_EXACT)
    return rgb.to_ndarray()
