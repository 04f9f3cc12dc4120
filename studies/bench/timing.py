"""The timer of all benches."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def clock(call: Callable[[], T]) -> tuple[float, T]:
    """Return the seconds that a call took, and what it returned."""
    began = time.perf_counter()
    result = call()
    return time.perf_counter() - began, result


def repeat(call: Callable[[], object], seconds: float, *, least: int = 1) -> list[float]:
    """Call again and again until the calls together have taken long enough.

    The first call, which compiles and fills caches, is best made before.

    Parameters
    ----------
    call : callable
        Call that is timed.
    seconds : float
        Shortest time that all calls take together, in s.
    least : int
        Smallest number of calls.

    Returns
    -------
    list of float
        Seconds of each call.
    """
    times: list[float] = []
    while len(times) < least or sum(times) < seconds:
        times.append(clock(call)[0])
    return times
