"""Speed of the learned video codec, beside x265 on the same frames in the same run."""

from argparse import Namespace
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from studies.bench.bench import Bench, Report, add_clip, begin_with_clip
from studies.bench.timing import clock, repeat

if TYPE_CHECKING:
    import numpy as np
    from rich.table import Table

    from linksim.endpoint import Endpoint
    from linksim.media import Clip

WIDTH, HEIGHT = 360, 288


def bench_dvst(clip: "Clip", *, seconds: float, report: Report = print) -> dict[str, Any]:
    """Time encoding and decoding, entropy coding included, without a link between them.

    Parameters
    ----------
    clip : Clip
        Clip with video; its frames are scaled to 360x288.
    seconds : float
        Shortest time for which each is timed, whole clips, after one to warm up.
    report : callable
        Receives what is being timed, in a few words.

    Returns
    -------
    dict
        For each codec ``encode_fps``, ``decode_fps``, ``fps`` of both in a row, and
        ``first_s``, the seconds of the first clip; frame size and count.
    """
    from baselines.digital.traditional import Traditional
    from semantic.dvst.endpoint import Dvst

    assert clip.frames is not None
    frames = scaled(clip.frames)
    small = replace(clip, frames=frames, audio=None)
    result: dict[str, Any] = {"width": WIDTH, "height": HEIGHT, "frames": len(frames)}
    codecs = {"dvst": Dvst(audio="none"), "x265 medium": Traditional(audio="none")}
    for name, endpoint in codecs.items():
        report(f"{name}: first clip")
        first = sum(_once(endpoint, small))
        report(f"{name}: steady state")
        result[name] = _steady(endpoint, small, seconds) | {"first_s": first}
    return result


def scaled(frames: "np.ndarray") -> "np.ndarray":
    """Scale frames, uint8 [T, H, W, 3], to the size that is timed: uint8, [T, 288, 360, 3]."""
    import cv2
    import numpy as np

    size = (WIDTH, HEIGHT)
    return np.stack([cv2.resize(f, size, interpolation=cv2.INTER_AREA) for f in frames])


def _steady(endpoint: "Endpoint", clip: "Clip", seconds: float) -> dict[str, float]:
    """Return the frames per second of encoding, decoding and both in a row."""
    from statistics import fmean

    assert clip.frames is not None
    times: list[tuple[float, float]] = []
    repeat(lambda: times.append(_once(endpoint, clip)), seconds)
    encoding, decoding = map(fmean, zip(*times, strict=True))
    count = len(clip.frames)
    return {
        "encode_fps": count / encoding,
        "decode_fps": count / decoding,
        "fps": count / (encoding + decoding),
    }


def _once(endpoint: "Endpoint", clip: "Clip") -> tuple[float, float]:
    """Return the seconds that encoding and decoding took."""
    from linksim.link.ideal import delivered

    encoding, encoded = clock(lambda: endpoint.encode(clip))
    received = delivered(encoded)
    decoding, _ = clock(lambda: endpoint.decode(received))
    return encoding, decoding


def _measure(args: Namespace, report: Report) -> dict[str, Any]:
    clip = begin_with_clip(args, audio=False)
    return bench_dvst(clip, seconds=args.seconds, report=report)


def _table(result: dict[str, Any]) -> "Table":
    from rich.table import Table

    title = f"video, {result['width']}x{result['height']}, frames per second"
    table = Table("codec", "encode", "decode", "both", "first clip", title=title)
    for name, timing in result.items():
        if isinstance(timing, dict):
            speeds = (f"{timing[kind]:.1f}" for kind in ("encode_fps", "decode_fps", "fps"))
            table.add_row(name, *speeds, f"{timing['first_s']:.1f} s")
    return table


_add_flags = partial(add_clip, default="builtin:moving")
BENCH = Bench("dvst", "time the learned video codec beside x265", _add_flags, _measure, _table)
