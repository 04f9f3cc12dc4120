"""Checks of times: what units wait for, and what is heard or shown of them."""

import numpy as np

from linksim.endpoint import Encoded, Endpoint, Received
from linksim.link.call.causality import early_changes, early_needs, look_ahead
from linksim.link.ideal import delivered
from linksim.media import Clip

INSTANTS = 0.0, 0.1003, 0.2, 0.333, 0.52


def check_causal(scheme: Endpoint, clip: Clip) -> None:
    """Assert that all units have times that hold, at both ends, and are as many of any clip."""
    encoded = scheme.encode(clip)
    assert all(s.times is not None and len(s.times) for s in encoded.streams)
    assert early_changes(scheme, clip, INSTANTS) == []
    assert early_needs(scheme, encoded, INSTANTS) == []


def look_ahead_ms(scheme: Endpoint, clip: Clip, stream: str, units: list[int]) -> tuple[float, ...]:
    """Return the most that units look ahead, claimed and found, in ms from capture."""
    found = [look_ahead(scheme, clip, stream, unit) for unit in units]
    return 1e3 * max(f.claimed_s for f in found), 1e3 * max(f.found_s for f in found)


def delay_ms(encoded: Encoded, stream: str) -> float:
    """Return the longest algorithmic delay of a stream in ms."""
    times = next(s for s in encoded.streams if s.name == stream).times
    return 1e3 * float(times.algorithmic_s.max())


def heard_from_s(scheme: Endpoint, encoded: Encoded, other: Received) -> float:
    """Return when the sound of something received begins to differ from that of all."""
    whole, changed = scheme.decode(delivered(encoded)), scheme.decode(other)
    first = int(np.flatnonzero(whole.audio != changed.audio)[0])
    return first / whole.sample_rate
