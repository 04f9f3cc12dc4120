"""Speed of the learned video codec, beside x265 on the same frames in the same run."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from baselines.digital.traditional import Traditional
from linksim.endpoint import Endpoint, delivered
from linksim.media import Clip
from semantic.dvst.endpoint import Dvst

WIDTH, HEIGHT = 360, 288
ENDPOINTS: dict[str, Endpoint] = {
    "dvst": Dvst(audio="none"),
    "x265 medium": Traditional(audio="none"),
}


def bench_dvst(
    clip: Clip, *, seconds: float, report: Callable[[str], object] = print
) -> dict[str, Any]:
    """Time encoding and decoding, entropy coding included, without a link between them.

    Parameters
    ----------
    clip : Clip
        With video; its frames are scaled to 360x288.
    seconds : float
        How long each is timed at least, whole clips, after one to warm up.
    report : callable
        Is told what goes on.

    Returns
    -------
    dict
        For each of `ENDPOINTS` ``encode_fps``, ``decode_fps``, ``fps`` of both in a row, and
        ``first_s``, the seconds of the first clip; frame size and count.
    """
    frames = scaled(clip.frames)
    small = replace(clip, frames=frames, audio=None)
    result: dict[str, Any] = {"width": WIDTH, "height": HEIGHT, "frames": len(frames)}
    for name, endpoint in ENDPOINTS.items():
        report(f"{name}: first clip")
        first = sum(_once(endpoint, small))
        report(f"{name}: steady state")
        times = [_once(endpoint, small)]
        while np.sum(times) < seconds:
            times.append(_once(endpoint, small))
        encode, decode = len(frames) / np.mean(times, axis=0)
        both = len(frames) / np.mean(np.sum(times, axis=1))
        result[name] = {
            "encode_fps": float(encode),
            "decode_fps": float(decode),
            "fps": float(both),
            "first_s": float(first),
        }
    return result


def scaled(frames: np.ndarray) -> np.ndarray:
    """Scale frames, uint8 [T, H, W, 3], to the size that is timed: uint8, [T, 288, 360, 3]."""
    size = (WIDTH, HEIGHT)
    return np.stack([cv2.resize(f, size, interpolation=cv2.INTER_AREA) for f in frames])


def _once(endpoint: Endpoint, clip: Clip) -> tuple[float, float]:
    """Return the seconds that encoding and decoding took."""
    began = time.perf_counter()
    encoded = endpoint.encode(clip)
    middle = time.perf_counter()
    endpoint.decode(delivered(encoded))
    return middle - began, time.perf_counter() - middle
