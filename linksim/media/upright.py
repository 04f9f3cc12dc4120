"""Pictures as they are to be seen: upright, with square pixels, and of one time each."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np


def deinterlaced(frames: Iterable[Any], stream: Any) -> Iterator[Any]:
    """Yield the pictures of a stream, and of those of two fields what was seen at one time.

    Every picture that is marked as interlaced gives one: FFmpeg's filter ``bwdif`` keeps its
    first field and makes the lines between from what is around them in place and time.

    Parameters
    ----------
    frames : iterable of av.VideoFrame
        As decoded.
    stream : av.VideoStream
        Where they come from.
    """
    weaver, size = None, None
    for frame in frames:
        if weaver is None and frame.interlaced_frame:
            weaver, size = _weaver(stream), (frame.width, frame.height)
        if weaver is None or (frame.width, frame.height) != size:
            yield frame
            continue
        weaver.vpush(frame)
        yield from _ready(weaver)
    if weaver is not None:
        weaver.vpush(None)
        yield from _ready(weaver)


def _weaver(stream: Any) -> Any:
    from av.filter import Graph

    graph = Graph()
    options = "mode=send_frame:deint=interlaced"
    steps = graph.add_buffer(template=stream), graph.add("bwdif", options), graph.add("buffersink")
    graph.link_nodes(*steps).configure()
    return graph


def _ready(graph: Any) -> Iterator[Any]:
    import av

    while True:
        try:
            yield graph.vpull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return


def displayed(frame: Any, aspect: Fraction | None, codec: str) -> np.ndarray:
    """Return a decoded picture as it is to be seen.

    Its width is multiplied by the aspect of a pixel, rounded down as FFmpeg's filter ``scale``
    does, and it is then turned and mirrored as the file's display matrix says, to the nearest
    quarter turn; a photograph as its Exif block says.

    Parameters
    ----------
    frame : av.VideoFrame
        The picture.
    aspect : Fraction or None
        Width over height of a pixel; None stands for 1.
    codec : str
        FFmpeg's name of the codec that it comes from.

    Returns
    -------
    np.ndarray
        uint8, shape [H, W, 3], RGB.
    """
    if aspect is not None and aspect > 0 and aspect != 1:
        pixels = _widened(frame, aspect)
    else:
        pixels = frame.to_ndarray(format="rgb24")
    return np.ascontiguousarray(_turned(pixels, _matrix(frame, codec)))


def _widened(frame: Any, aspect: Fraction) -> np.ndarray:
    width = max(1, int(frame.width * aspect))
    wide = frame.reformat(format="rgb24").reformat(width=width, interpolation="BICUBIC")
    return wide.to_ndarray(format="rgb24")


def _matrix(frame: Any, codec: str) -> np.ndarray | None:
    """Return the display matrix of ISO 14496-12 that stands beside a picture, if there is one.

    PyAV 18 does not know some types of what else stands there, such as Exif's; here they pass for
    one that nobody asks for. It also frees names twice, which only PNG has, and the process ends by
    a signal: of a PNG only the turn is asked for.
    """
    if codec in ("png", "apng"):
        turn = np.deg2rad(-frame.rotation)
        a, b = round(np.cos(turn)), round(np.sin(turn))
        return np.array([a, b, 0, -b, a])
    from av.sidedata.sidedata import Type

    setattr(Type, "_missing_", classmethod(lambda cls, value: cls.VIDEO_HINT))  # noqa: B010
    matrix = frame.side_data.get("DISPLAYMATRIX")
    return None if matrix is None else np.frombuffer(matrix, np.int32)


def _turned(pixels: np.ndarray, matrix: np.ndarray | None) -> np.ndarray:
    """Apply a display matrix: x' = a x + c y, y' = b x + d y; u, v, w are fixed."""
    if matrix is None:
        return pixels
    a, b, _, c, d = (int(value) for value in matrix[:5])
    right, down = a, d
    if abs(b) > abs(a):
        right, down = c, b
        pixels = pixels.swapaxes(0, 1)
    return pixels[:: -1 if down < 0 else 1, :: -1 if right < 0 else 1]
