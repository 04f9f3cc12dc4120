"""Results of a transmission: what arrived, stream by stream, and what it cost."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import nan

import numpy as np

from linksim.endpoint import SETUP, Csi, Received, ReceivedBits, ReceivedSymbols
from linksim.link.adaptation.adaptive_link import AdaptedTransmission
from linksim.link.bit_link import BitTransmission
from linksim.link.call.delivery import Delivery, SlotUse
from linksim.montecarlo import Tally
from linksim.timing import Computing

WINDOW = 2
"""Frames that a cluster has room for at least, where frames may cross from one to the next."""


@dataclass(frozen=True)
class Accounting:
    """Cost of what was sent, in complex channel uses; costs of streams add up.

    Parameters
    ----------
    payload_bits : int
        Bits of the packets handed over; 0 for a symbol stream.
    side_info_bits : int
        Bits of call set-up and of scales.
    channel_uses : int
        Data resource elements: data, side information, headers, CRC, parity and padding.
    overhead_uses : int
        Pilot resource elements. The two together are the resource elements of the slots used.
    """

    payload_bits: int = 0
    side_info_bits: int = 0
    channel_uses: int = 0
    overhead_uses: int = 0

    def __add__(self, other: "Accounting") -> "Accounting":
        return Accounting(
            self.payload_bits + other.payload_bits,
            self.side_info_bits + other.side_info_bits,
            self.channel_uses + other.channel_uses,
            self.overhead_uses + other.overhead_uses,
        )


@dataclass(frozen=True)
class Retransmissions:
    """Transmissions and delay that HARQ took for the blocks of one stream.

    Parameters
    ----------
    transmissions : float
        Mean number of transmissions of a block.
    delay_slots : float
        Mean time from the start of a block's first transmission to its arrival, in slots; NaN if
        none arrived.
    """

    transmissions: float
    delay_slots: float


@dataclass(frozen=True)
class Adaptation:
    """MCSs and first errors of the blocks of one stream under link adaptation.

    Parameters
    ----------
    mcs : float
        Mean I_MCS.
    first_errors : Tally
        First transmissions that failed, clustered by the coherence intervals that they share.
    """

    mcs: float
    first_errors: Tally


@dataclass(frozen=True)
class StreamResult:
    """Result of one stream of a transmission.

    Parameters
    ----------
    received : ReceivedBits or ReceivedSymbols
        The stream as the receiver has it.
    accounting : Accounting
        The cost of the stream.
    snr : np.ndarray
        float32, [slots]; effective SNR of each slot as measured, linear; NaN where nothing was
        sent.
    block_ok : np.ndarray or None
        bool, [blocks]; whether the CRC of each block passed; None of a symbol stream.
    clusters : np.ndarray or None
        int, [blocks]; cluster of dependent blocks that each belongs to, see `cluster_slots`.
    harq : Retransmissions or None
        Transmissions and delay, where blocks are sent again.
    adaptation : Adaptation or None
        MCSs and first errors, where the MCS follows the channel.
    delivery : Delivery or None
        Times of its units, where slots have a clock.
    """

    received: ReceivedBits | ReceivedSymbols
    accounting: Accounting
    snr: np.ndarray
    block_ok: np.ndarray | None = None
    clusters: np.ndarray | None = None
    harq: Retransmissions | None = None
    adaptation: Adaptation | None = None
    delivery: Delivery | None = None

    @property
    def block_errors(self) -> Tally:
        """Lost blocks, clustered by the coherence intervals that they share."""
        return lost_blocks([self])


@dataclass(frozen=True)
class Transmission:
    """Result of one transmission: all streams as received, and their cost.

    Parameters
    ----------
    setup : bytes
        Call set-up, as delivered.
    streams : dict
        `StreamResult` of each stream, by name.
    side_information : Accounting
        Cost of set-up and scales.
    csi : Csi
        Average of reports on the slots that were used; NaN if there were none. What an adaptive
        stream goes by is reported apart, from reference signals in every slot.
    slots : SlotUse or None
        Slots used and granted, where slots have a clock.
    computing : Computing or None
        Time that computing took; None where there was no encoder.
    """

    setup: bytes
    streams: dict[str, StreamResult]
    side_information: Accounting
    csi: Csi
    slots: SlotUse | None = None
    computing: Computing | None = None

    @property
    def received(self) -> Received:
        """The input of `Endpoint.decode`."""
        return Received(self.setup, {n: s.received for n, s in self.streams.items()})

    @property
    def per_stream(self) -> dict[str, Accounting]:
        """Cost of each stream, and of the side information under ``"set-up"``."""
        costs = {name: stream.accounting for name, stream in self.streams.items()}
        return costs | {SETUP: self.side_information}

    @property
    def accounting(self) -> Accounting:
        """Cost of all streams and of the side information together."""
        return sum(self.per_stream.values(), Accounting())

    @property
    def block_ok(self) -> dict[str, np.ndarray]:
        """Whether the CRC passed, bool [blocks] of each bit stream."""
        return {n: s.block_ok for n, s in self.streams.items() if s.block_ok is not None}

    @property
    def block_errors(self) -> Tally:
        """Lost blocks of all bit streams together, clustered by the intervals that they share."""
        return lost_blocks(self.streams.values())

    @property
    def harq(self) -> dict[str, Retransmissions]:
        """Transmissions and delay of each bit stream, where blocks are sent again."""
        return {n: s.harq for n, s in self.streams.items() if s.harq is not None}

    @property
    def deliveries(self) -> dict[str, Delivery]:
        """Times of the units of each stream, where slots have a clock."""
        return {n: s.delivery for n, s in self.streams.items() if s.delivery is not None}

    @property
    def adaptation(self) -> dict[str, Adaptation]:
        """MCSs and first errors of each adaptive stream."""
        return {n: s.adaptation for n, s in self.streams.items() if s.adaptation is not None}


def retransmissions_of(sent: BitTransmission) -> Retransmissions:
    delays = sent.delay_slots[sent.block_ok]
    return Retransmissions(
        transmissions=float(sent.attempts.mean()),
        delay_slots=float(delays.mean()) if delays.size else nan,
    )


def adaptation_of(sent: AdaptedTransmission, clusters: np.ndarray) -> Adaptation:
    return Adaptation(float(sent.mcs.mean()), tally_of(sent.first_ok, clusters))


def cluster_slots(memory_slots: int, depth: int) -> int:
    """Return the slots of a cluster: whole coherence intervals, of `WINDOW` frames at least.

    Frames of slots that are independent of one another share no interval, and one is enough.

    Parameters
    ----------
    memory_slots : int
        Coherence interval of the channel in slots.
    depth : int
        Greatest interleaver depth of the blocks in slots.
    """
    least = 1 if depth == 1 else depth if memory_slots == 1 else WINDOW * depth
    return memory_slots * -(-least // memory_slots)


def clusters_of(first_slots: np.ndarray, depth: int, slots: int) -> np.ndarray:
    """Return the cluster of each block: that which the middle of its first frame lies in.

    Clusters begin at multiples of their length in slots of the channel realisation, as coherence
    intervals do, so that streams, and blocks in any order, share them.
    """
    return (first_slots + depth // 2) // slots


def lost_blocks(streams: Iterable[StreamResult]) -> Tally:
    """Count the lost blocks of bit streams of one transmission, whose clusters are the same."""
    found = [(s.block_ok, s.clusters) for s in streams if s.block_ok is not None]
    if not found:
        return Tally()
    return tally_of(*(np.concatenate(each) for each in zip(*found, strict=True)))


def tally_of(ok: np.ndarray, clusters: np.ndarray) -> Tally:
    """Count what is not ok, [blocks], in clusters of any order."""
    _, place = np.unique(clusters, return_inverse=True)
    return Tally.of(
        np.bincount(place[~ok], minlength=place.max(initial=-1) + 1), np.bincount(place)
    )
