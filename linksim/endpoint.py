"""The contract between a codec and the link: streams, CSI and both ends of a scheme.

::

    Clip ──encode──▶ Encoded ──link──▶ Received ──decode──▶ Clip'

An `Endpoint` is both ends of one scheme. It never sees the channel: it hands over streams and
gets back what arrived of them.
"""

import typing
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from linksim.errors import LinksimError
from linksim.options import build
from linksim.phy.coding.mcs import Mcs
from linksim.registry import ClassRegistry
from linksim.timing import Times

if typing.TYPE_CHECKING:
    from linksim.media import Clip

ABSENT = 1e3
"""Noise variance over energy of a latent of which nothing is known."""

SETUP = "set-up"
"""Name of side information in accounts."""


@dataclass(frozen=True)
class BitStream:
    """Packets for the bit link. A packet arrives whole or not at all.

    Parameters
    ----------
    name : str
        Unique among the streams of one `Encoded`.
    packets : tuple of bytes
        Sent in order; index i at the sender is index i at the receiver.
    mcs : Mcs or None
        The scheme's own choice; None takes the link's.
    interleave_slots : int or None
        Slots over which its code blocks are interleaved; the scheme's own choice, as for side
        information that must cross many channel realisations; None takes the link's.
    adaptive : bool
        Whether every slot has an MCS of its own, which follows reports and acknowledgements.
    times : Times or None
        When each packet is captured and ready; None if the encoder waits for the whole clip.
    keep_late : bool
        Whether a packet that comes too late to be shown is of use, as a reference for others. If
        not, it is not sent once it is late.

    Raises
    ------
    ValueError
        If an adaptive stream asks for an MCS or a depth, or packets and times differ in number.
    """

    name: str
    packets: tuple[bytes, ...]
    mcs: Mcs | None = None
    interleave_slots: int | None = None
    adaptive: bool = False
    times: Times | None = None
    keep_late: bool = False

    def __post_init__(self) -> None:
        if self.times is not None and len(self.times) != len(self.packets):
            raise ValueError(f"stream '{self.name}' must have times for each of its packets")
        if self.adaptive and (self.mcs or self.interleave_slots):
            raise ValueError(f"adaptive stream '{self.name}' has no MCS or depth of its own")


@dataclass(frozen=True)
class SymbolStream:
    """Real latents for the symbol link; two make one channel use.

    Parameters
    ----------
    name : str
        Unique among the streams of one `Encoded`.
    latents : np.ndarray
        float32, shape [n]; any power, the link normalises it. Other real numbers are converted.
    units : tuple of int
        Latents of each unit, in order; () if all are one.
    times : Times or None
        When each unit is captured and ready; None if the encoder waits for the whole clip.
    keep_late : bool
        As of `BitStream`.

    Raises
    ------
    LinksimError
        If the latents are complex, or not one-dimensional.
    ValueError
        If the units do not add up to the latents, or units and times differ in number.
    """

    name: str
    latents: np.ndarray
    units: tuple[int, ...] = ()
    times: Times | None = None
    keep_late: bool = False

    def __post_init__(self) -> None:
        if self.units and sum(self.units) != len(self.latents):
            raise ValueError(f"units of stream '{self.name}' must add up to its latents")
        if self.times is not None and len(self.times) != len(self.units):
            raise ValueError(f"stream '{self.name}' must have times for each of its units")
        latents = real_run(self.latents, f"latents of stream '{self.name}'")
        object.__setattr__(self, "latents", latents)


def real_run(values: Any, name: str) -> np.ndarray:
    """Return values as float32, [n], or themselves if they are that.

    Raises
    ------
    LinksimError
        If they are complex, or anything but numbers, or not one-dimensional.
    """
    run = np.asarray(values)
    if run.dtype.kind in "cOSUMm":
        raise LinksimError(
            f"{name} must be real numbers, not {run.dtype}; give real and imaginary parts in turn"
        )
    if run.ndim != 1:
        raise LinksimError(
            f"{name} must be one run, [n], not of shape {list(run.shape)}; use reshape(-1)"
        )
    return run.astype(np.float32, copy=False)


@dataclass(frozen=True)
class Encoded:
    """All that one transmission sends.

    Parameters
    ----------
    streams : tuple of BitStream or SymbolStream
        The streams that cross the link.
    setup : bytes
        Bytes that call set-up signals once (sizes, rates, duration). It is taken as delivered,
        as in a session description, and its bits are counted as side information.

    Raises
    ------
    ValueError
        If two streams have one name, or one that of the set-up.
    """

    streams: tuple[BitStream | SymbolStream, ...]
    setup: bytes = b""

    def __post_init__(self) -> None:
        names = [s.name for s in self.streams]
        if len({SETUP, *names}) <= len(names):
            raise ValueError(f"streams {names} must have names of their own, and not '{SETUP}'")


@dataclass(frozen=True)
class ReceivedBits:
    """The packets of a `BitStream` that arrived whole, by index.

    Parameters
    ----------
    name : str
        The stream's name.
    packets : dict of int to bytes
        Those that came in time.
    late : dict of int to bytes
        Those that came too late, where the stream keeps them; `overdue_s` says by how many s.
    """

    name: str
    packets: Mapping[int, bytes]
    late: Mapping[int, bytes] = field(default_factory=dict)
    overdue_s: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ReceivedSymbols:
    """A `SymbolStream` after equalisation.

    Parameters
    ----------
    name : str
        The stream's name.
    latents : np.ndarray
        float32, shape [n]; in the units of what was sent.
    noise_variance : np.ndarray
        float32, shape [n]; effective noise variance of each latent, in the same units
        squared. A latent that did not come is 0, with a variance of `ABSENT` times its energy.
    late : np.ndarray or None
        bool, shape [n]; latents that came too late to be shown; None if none did.
    """

    name: str
    latents: np.ndarray
    noise_variance: np.ndarray
    late: np.ndarray | None = None


@dataclass(frozen=True)
class Received:
    """The receiver's view: the set-up, and each stream by its name."""

    setup: bytes
    streams: Mapping[str, ReceivedBits | ReceivedSymbols] = field(default_factory=dict)


@dataclass(frozen=True)
class Csi:
    """Channel state as the transmitter knows it: measured, quantised, delayed, maybe lost.

    Parameters
    ----------
    snr_db : float
        Quantised mean over slots of the effective SNR in dB; NaN if no report arrived. It is Es/N0
        where the channel is flat over a slot and there is one stream; with more, the SINR.
    trace : tuple of (float, float)
        Times in s, ascending, and what is known from each on, as `snr_db`; () for nothing new.
    granted : float or None
        Channel uses a second that a call may take; None where every slot may be used.
    mean_db : float or None
        SNR in dB averaged for so long that fading does not show, quantised; of calls alone.
    """

    snr_db: float
    trace: tuple[tuple[float, float], ...] = ()
    granted: float | None = None
    mean_db: float | None = None

    def at(self, time_s: float) -> "Csi":
        """Return what is known at a time in s from the start of the clip."""
        place = bisect_right(self.trace, time_s, key=lambda known: known[0])
        return replace(self, snr_db=self.trace[place - 1][1] if place else self.snr_db, trace=())


class Endpoint(ABC):
    """Both ends of one scheme.

    A subclass is a frozen dataclass whose fields are its options. It is known by its name in
    the entry-point group ``linksim.endpoints``, or by its dotted path. Both methods are pure
    functions of their inputs and the options.
    """

    name: ClassVar[str]
    uses_csi: bool = False
    """Whether `encode` reads its `csi`; if not, one encoding serves every SNR."""

    @classmethod
    def missing(cls) -> str:
        """Return what has to be installed before it can run, in a line; empty if nothing."""
        return ""

    def within(self, budget_s: float) -> "Endpoint":
        """Return the form for a delay budget in s, capture to playout: by default itself.

        Raises
        ------
        LinksimError
            If the budget is below what every form of the scheme waits for.
        """
        return self

    @abstractmethod
    def encode(self, clip: "Clip", csi: Csi | None = None) -> Encoded:
        """Turn a clip into streams.

        Raises
        ------
        LinksimError
            If the clip lacks what the scheme sends.
        """

    @abstractmethod
    def decode(self, received: Received) -> "Clip":
        """Turn what arrived into a clip of the original length; never raises for losses."""


ENDPOINTS: ClassRegistry[Endpoint] = ClassRegistry("scheme", Endpoint, "", "linksim.endpoints")
"""Every installed endpoint by its name; dotted paths of classes, too."""


def make_endpoint(name: str, options: Mapping[str, Any] | None = None) -> Endpoint:
    """Construct an endpoint by its name or dotted path.

    Raises
    ------
    LinksimError
        For an unknown scheme or option, or a value of the wrong type.
    """
    return build(ENDPOINTS[name], options or {}, f"scheme '{name}'")
