"""H.265, one packet a frame, decoded around losses.

Groups of pictures have a fixed length and refer to nothing outside, so that the receiver
knows from indices alone which pictures a loss spoils. It hands the decoder only what is
whole: a decoder left to itself conceals silently and loses count.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.reformatter import Interpolation

from linksim.errors import LinksimError

GREY = 128
# x265 4.2 reads memory it never wrote on pictures one coding tree unit (64 pixels) wide, so that
# no two runs give the same bits, and under 50 pixels its AVX code writes past a buffer.
_MIN_SIDE = 72
# Without these flags swscale rounds differently from one instruction set to the next.
_EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
_MATRIX = "ITU601"


@dataclass(frozen=True)
class Rate:
    """How x265 spends bits: constant quality `crf`, or `bitrate` in bit/s if it is given."""

    crf: float
    bitrate: int | None


def encode(
    frames: np.ndarray, fps: Fraction, *, rate: Rate, gop: int, preset: str
) -> tuple[bytes, ...]:
    """Encode pictures, one packet each, in order.

    x265 on one thread, without B-frames, closed groups of exactly `gop` pictures, each of which
    starts with an IDR picture and its parameter sets. Odd sizes, and sides under 72, are padded
    by repeating the edge.

    Parameters
    ----------
    frames : np.ndarray
        uint8, shape [T, H, W, 3], RGB.
    fps : Fraction
        Frames per second.
    rate : Rate
        Rate control. A bit rate is kept over one second.
    gop : int
        Pictures from one IDR picture to the next.
    preset : str
        x265's.

    Raises
    ------
    LinksimError
        If the encoder refuses.
    """
    height, width = frames.shape[1:3]
    try:
        context = av.CodecContext.create("libx265", "w")
        context.width, context.height = _coded(width), _coded(height)
        context.pix_fmt = "yuv420p"
        context.framerate, context.time_base = fps, 1 / fps
        context.thread_count = 1
        context.options = {"preset": preset, "x265-params": _params(rate, gop)}
        packets = [p for i, f in enumerate(frames) for p in context.encode(_picture(f, i))]
        packets += context.encode(None)
    except av.error.FFmpegError as error:
        raise LinksimError(f"x265 cannot encode {width}x{height} ({error.strerror})") from None
    return tuple(bytes(p) for p in sorted(packets, key=lambda p: p.pts))


def _params(rate: Rate, gop: int) -> str:
    if rate.bitrate is None:
        control = f"crf={rate.crf}"
    else:
        kbps = rate.bitrate // 1000
        control = f"bitrate={kbps}:vbv-maxrate={kbps}:vbv-bufsize={kbps}"
    return (
        f"{control}:keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0:bframes=0"
        ":repeat-headers=1:info=0:pools=none:frame-threads=1:log-level=none"
    )


def _coded(side: int) -> int:
    return max(side + side % 2, _MIN_SIDE)


def _picture(pixels: np.ndarray, index: int) -> Any:
    below, right = (_coded(side) - side for side in pixels.shape[:2])
    padded = np.pad(pixels, ((0, below), (0, right), (0, 0)), mode="edge")
    frame = av.VideoFrame.from_ndarray(padded, format="rgb24")
    frame = frame.reformat(format="yuv420p", dst_colorspace=_MATRIX, interpolation=_EXACT)
    frame.pts = index
    return frame


def decode(
    packets: Mapping[int, bytes], count: int, height: int, width: int, gop: int
) -> np.ndarray:
    """Decode what can be decoded and hold the last good picture where nothing can.

    A picture is good if its packet and all since its group's IDR picture arrived, and the
    decoder gives it. Before the first good one the screen is mid-grey.

    Parameters
    ----------
    packets : mapping of int to bytes
        What arrived, by index.
    count, height, width : int
        Pictures and their size.
    gop : int
        Pictures from one IDR picture to the next.

    Returns
    -------
    np.ndarray
        uint8, shape [count, height, width, 3], RGB.
    """
    frames = np.full((count, height, width, 3), GREY, np.uint8)
    good = np.zeros(count, bool)
    for first in range(0, count, gop):
        end = first
        while end < min(first + gop, count) and end in packets:
            end += 1
        for index, picture in _decode_run(packets, first, end):
            if first <= index < end and picture.shape[0] >= height and picture.shape[1] >= width:
                frames[index], good[index] = picture[:height, :width], True
    for index in range(1, count):
        if not good[index]:
            frames[index] = frames[index - 1]
    return frames


def _decode_run(packets: Mapping[int, bytes], first: int, end: int) -> list[tuple[int, np.ndarray]]:
    """Decode packets `first` to `end` - 1 and return pictures with their indices."""
    if first == end:
        return []
    context = av.CodecContext.create("hevc", "r")
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
