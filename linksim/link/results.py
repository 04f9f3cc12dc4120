"""Results of a transmission: what arrived, stream by stream, and what it cost."""

from dataclasses import dataclass, field
from math import nan

import numpy as np

from linksim.endpoint import SETUP, Csi, Received, ReceivedBits, ReceivedSymbols
from linksim.link.adaptive_link import AdaptedTransmission
from linksim.link.bit_link import BitTransmission
from linksim.montecarlo import Tally


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
        float32, [slots]; Es/N0 measured from the pilots of each slot, linear; NaN where nothing
        was sent.
    block_ok : np.ndarray or None
        bool, [blocks]; whether the CRC of each block passed; None of a symbol stream.
    block_errors : Tally
        Lost blocks, clustered by the coherence intervals that they share.
    harq : Retransmissions or None
        Transmissions and delay, where blocks are sent again.
    adaptation : Adaptation or None
        MCSs and first errors, where the MCS follows the channel.
    """

    received: ReceivedBits | ReceivedSymbols
    accounting: Accounting
    snr: np.ndarray
    block_ok: np.ndarray | None = None
    block_errors: Tally = field(default_factory=Tally)
    harq: Retransmissions | None = None
    adaptation: Adaptation | None = None


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
    """

    setup: bytes
    streams: dict[str, StreamResult]
    side_information: Accounting
    csi: Csi

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
        """Lost blocks of all bit streams, clustered by coherence intervals."""
        return sum((stream.block_errors for stream in self.streams.values()), Tally())

    @property
    def harq(self) -> dict[str, Retransmissions]:
        """Transmissions and delay of each bit stream, where blocks are sent again."""
        return {n: s.harq for n, s in self.streams.items() if s.harq is not None}

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


def adaptation_of(sent: AdaptedTransmission, per_cluster: int) -> Adaptation:
    return Adaptation(float(sent.mcs.mean()), lost_blocks(sent.first_ok, per_cluster))


def lost_blocks(block_ok: np.ndarray, per_cluster: int) -> Tally:
    """Count the lost blocks of one stream, clusters of `per_cluster`."""
    starts = np.arange(0, block_ok.size, per_cluster)
    if not starts.size:
        return Tally()
    errors = np.add.reduceat(~block_ok, starts, dtype=np.int64)
    return Tally.of(errors, np.diff(np.append(starts, block_ok.size)))
