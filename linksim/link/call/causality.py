"""Causality of endpoints, found by changing what they cannot have seen or received yet.

::

    clip ──────── the same ────────┬─ t ─┬── changed ───▶ encode ─▶ units that were ready by t
    clip ──────────────────────────┴─────┴──────────────▶ encode ─▶ must be the same, bit for bit

    units ─────────── the same ────┬─ t ─┬── lost ──────▶ decode ─▶ heard and shown before t
    units ─────────────────────────┴─────┴──────────────▶ decode ─▶ must be the same, bit for bit
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import ceil, floor

import numpy as np

from linksim.endpoint import (
    ABSENT,
    BitStream,
    Csi,
    Encoded,
    Endpoint,
    Received,
    ReceivedBits,
    ReceivedSymbols,
    SymbolStream,
)
from linksim.link.ideal import delivered
from linksim.media import Clip

RESOLUTION_S = 0.25e-3
"""Resolution of a look-ahead that is found, in s."""


@dataclass(frozen=True)
class LookAhead:
    """Look-ahead of one unit, in s from its capture: as its times claim it, and as found."""

    stream: str
    unit: int
    claimed_s: float
    found_s: float


def changed_after(clip: Clip, time_s: float) -> Clip:
    """Return a clip with other samples and pictures after a time in s, the same until then."""
    frames, audio = clip.frames, clip.audio
    if frames is not None and clip.fps is not None:
        first = max(floor(time_s * float(clip.fps) + 1e-9) + 1, 0)
        frames = np.concatenate([frames[:first], 255 - frames[first:, ::-1]])
    if audio is not None:
        first = max(ceil(time_s * clip.sample_rate - 1e-9), 0)
        noise = np.random.default_rng(0).uniform(-0.5, 0.5, len(audio)).astype(np.float32)
        audio = np.concatenate([audio[:first], noise[first:]])
    return replace(clip, frames=frames, audio=audio)


def early_changes(
    endpoint: Endpoint, clip: Clip, instants: Iterable[float], csi: Csi | None = None
) -> list[str]:
    """Return a line for each stream in which something was ready before what it depends on.

    Parameters
    ----------
    endpoint : Endpoint
        The scheme; its streams have times.
    clip : Clip
        What it encodes.
    instants : iterable of float
        Times in s after which clip and CSI are changed, one after the other.
    csi : Csi or None
        CSI as `encode` takes it; that known after an instant is changed as well.
    """
    whole = endpoint.encode(clip, csi)
    found = []
    for time_s in instants:
        other = endpoint.encode(changed_after(clip, time_s), _csi_changed_after(csi, time_s))
        if other.setup != whole.setup:
            found.append(f"the set-up depends on what comes after {time_s:.4f} s")
        for mine, its in zip(whole.streams, other.streams, strict=True):
            if _protection(mine) != _protection(its):
                found.append(f"the MCS of stream '{mine.name}' depends on what comes after")
            count = _ready_by(mine, time_s)
            if count != _ready_by(its, time_s) or any(
                _unit(mine, u) != _unit(its, u) for u in range(count)
            ):
                found.append(f"stream '{mine.name}' by {time_s:.4f} s depends on what comes after")
    return found


def early_needs(endpoint: Endpoint, encoded: Encoded, instants: Iterable[float]) -> list[str]:
    """Return a line for each instant before which something is played that needs a later unit.

    Parameters
    ----------
    endpoint : Endpoint
        The scheme.
    encoded : Encoded
        What it sends; its streams have times.
    instants : iterable of float
        Times in s; units captured from then on are lost, one instant after the other.
    """
    whole = endpoint.decode(delivered(encoded))
    found = []
    for time_s in instants:
        part = endpoint.decode(received_before(encoded, time_s))
        for name, rate in (("audio", whole.sample_rate), ("frames", float(whole.fps or 0))):
            mine, its = getattr(whole, name), getattr(part, name)
            end = ceil(time_s * rate - 1e-9)
            if mine is not None and not np.array_equal(mine[:end], its[:end]):
                found.append(f"{name} before {time_s:.4f} s need what is captured later")
    return found


def received_before(encoded: Encoded, time_s: float) -> Received:
    """Return what is received where units captured from a time in s on are lost."""
    streams: dict[str, ReceivedBits | ReceivedSymbols] = {}
    for stream in encoded.streams:
        times = stream.times
        kept = np.array([] if times is None else times.captured_s) < time_s - 1e-9
        if isinstance(stream, BitStream):
            packets = {i: p for i, p in enumerate(stream.packets) if i < len(kept) and kept[i]}
            streams[stream.name] = ReceivedBits(stream.name, packets)
        else:
            here = np.repeat(kept, stream.units) if stream.units else np.zeros(1, bool)
            noise = np.where(here, 0, ABSENT * np.mean(stream.latents**2)).astype(np.float32)
            noise = np.broadcast_to(noise, stream.latents.shape)
            streams[stream.name] = ReceivedSymbols(stream.name, stream.latents * here, noise)
    return Received(encoded.setup, streams)


def look_ahead(
    endpoint: Endpoint, clip: Clip, stream: str, unit: int, csi: Csi | None = None
) -> LookAhead:
    """Find how long after its capture a unit still depends on the clip, by bisection."""
    whole = endpoint.encode(clip, csi)
    mine = _named(whole, stream)
    times = mine.times
    assert times is not None, f"stream '{stream}' has no times"
    captured, ready = times.captured_s[unit], times.ready_s[unit]

    def depends(time_s: float) -> bool:
        other = _named(endpoint.encode(changed_after(clip, time_s), csi), stream)
        return _unit(other, unit) != _unit(mine, unit)

    low, high = captured - RESOLUTION_S, ready
    if not depends(low):
        return LookAhead(stream, unit, ready - captured, float("-inf"))
    while depends(high):
        low, high = high, high + max(high - low, RESOLUTION_S)
    while high - low > RESOLUTION_S:
        middle = (low + high) / 2
        low, high = (middle, high) if depends(middle) else (low, middle)
    return LookAhead(stream, unit, ready - captured, high - captured)


def _csi_changed_after(csi: Csi | None, time_s: float) -> Csi | None:
    if csi is None:
        return None
    return replace(csi, trace=tuple((t, v if t <= time_s else 25.0 - v) for t, v in csi.trace))


def _protection(stream: BitStream | SymbolStream) -> object:
    """Return what is chosen for a whole stream."""
    if isinstance(stream, BitStream):
        return stream.mcs, stream.interleave_slots, stream.adaptive
    return None


def _named(encoded: Encoded, name: str) -> BitStream | SymbolStream:
    return next(stream for stream in encoded.streams if stream.name == name)


def _ready_by(stream: BitStream | SymbolStream, time_s: float) -> int:
    return 0 if stream.times is None else sum(r <= time_s + 1e-9 for r in stream.times.ready_s)


def _unit(stream: BitStream | SymbolStream, unit: int) -> bytes:
    """Return the content of a unit; b"" if there is no such unit."""
    if isinstance(stream, BitStream):
        return stream.packets[unit] if unit < len(stream.packets) else b""
    starts = np.cumsum([0, *stream.units])
    return (
        stream.latents[starts[unit] : starts[unit + 1]].tobytes() if unit + 1 < len(starts) else b""
    )
