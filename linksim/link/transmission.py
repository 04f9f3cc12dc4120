"""One transmission: every stream of an `Encoded` over the link, and what it cost.

`send` is the whole of it, from clip to clip.

::

    BitStream    ─frame into blocks─▶ BitLink         ─▶ whole packets
      adaptive   ───────────────────▶ AdaptiveBitLink ─▶ whole packets
    SymbolStream ───────────────────▶ SymbolLink      ─▶ latents, noise variance
    set-up, scales ─▶ counted at the link's own MCS, taken as delivered
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from math import nan
from typing import Any

import numpy as np

from linksim.endpoint import (
    SETUP,
    BitStream,
    Csi,
    Encoded,
    Endpoint,
    Received,
    ReceivedBits,
    ReceivedSymbols,
)
from linksim.link.accounting import frame_pilots, frame_uses, setup_bits, setup_frames
from linksim.link.adaptive_link import AdaptedTransmission, AdaptiveBitLink, AdaptiveSender
from linksim.link.bit_link import BitLink, BitTransmission
from linksim.link.config import LinkConfig
from linksim.link.feedback import CsiFeedback
from linksim.link.framing import pack, unpack
from linksim.link.symbol_link import SymbolLink
from linksim.link.transceiver import OfdmTransceiver
from linksim.media import Clip
from linksim.montecarlo import Tally
from linksim.phy.channels.realisation import ChannelRealisation
from linksim.seeding import derive_seed

CSI_SLOTS = 64
"""Slots whose reports the transmitter averages before it encodes."""


@dataclass(frozen=True)
class Accounting:
    """What was sent, in complex channel uses. Sums stream by stream.

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
    """What HARQ took for the blocks of one stream.

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
    """What link adaptation did with the blocks of one stream.

    Parameters
    ----------
    mcs : float
        Mean I_MCS.
    first_errors : Tally
        First transmissions that failed, clustered by the fades that they share.
    """

    mcs: float
    first_errors: Tally


@dataclass(frozen=True)
class Transmission:
    """What the receiver got, and what it cost.

    Parameters
    ----------
    received : Received
        For `Endpoint.decode`.
    per_stream : dict
        `Accounting` of each stream, and of the side information under ``"set-up"``.
    block_ok : dict
        bool, [blocks], of each bit stream: whether the CRC passed.
    block_errors : Tally
        Lost blocks of all bit streams, clustered by the fades that they share.
    csi : Csi
        Average of reports on the slots that were used; NaN if there were none. What an adaptive
        stream goes by is reported apart, from reference signals in every slot.
    harq : dict
        `Retransmissions` of each bit stream, if blocks are sent again.
    adaptation : dict
        `Adaptation` of each bit stream that is adaptive.
    """

    received: Received
    per_stream: dict[str, Accounting]
    block_ok: dict[str, np.ndarray]
    block_errors: Tally
    csi: Csi
    harq: dict[str, Retransmissions]
    adaptation: dict[str, Adaptation]

    @cached_property
    def accounting(self) -> Accounting:
        """Total over all streams."""
        return sum(self.per_stream.values(), Accounting())


@dataclass
class Link:
    """A link ready to transmit; what it compiles serves every SNR.

    Parameters
    ----------
    config : LinkConfig
        What it is made of.
    """

    config: LinkConfig
    _transceivers: dict[int, OfdmTransceiver] = field(default_factory=dict, init=False, repr=False)
    _bit_links: dict[LinkConfig, BitLink] = field(default_factory=dict, init=False, repr=False)

    def measure_csi(self, snr_db: float, seed: int) -> Csi:
        """Return the CSI that the transmitter has before it encodes.

        Slots 0 to 63 of the fading that `transmit` meets under the same seed; the last report
        arrives as transmission starts. They are not charged to it.
        """
        latents = 2 * self.config.slot_data_symbols * CSI_SLOTS
        sent = self._symbol_link.transmit(
            np.zeros(latents, np.float32),
            snr_db,
            derive_seed(seed, "sounding"),
            fading=self._fading(seed),
        )
        wait = self.config.feedback_delay_slots
        measured = np.pad(sent.snr[:CSI_SLOTS], (0, wait), mode="edge")
        feedback = CsiFeedback.of(self.config)
        reports = feedback.reports(measured, derive_seed(seed, "sounding reports"))
        return feedback.average(reports[wait:])

    def transmit(self, encoded: Encoded, snr_db: float, seed: int) -> Transmission:
        """Send every stream, one after the other, and account for all of it.

        Parameters
        ----------
        encoded : Encoded
            What the endpoint wants sent.
        snr_db : float
            Mean Es/N0 per resource element in dB.
        seed : int
            With the inputs, all that the result depends on.

        Raises
        ------
        LinksimError
            If a stream asks for an MCS or a depth that does not exist, or holds NaN.
        """
        streams: dict[str, ReceivedBits | ReceivedSymbols] = {}
        costs: dict[str, Accounting] = {}
        flags: dict[str, np.ndarray] = {}
        harq: dict[str, Retransmissions] = {}
        adaptation: dict[str, Adaptation] = {}
        lost = Tally()
        fading = self._fading(seed)
        first_slot = CSI_SLOTS + self.config.feedback_delay_slots
        sender: AdaptiveSender | None = None
        measured = [np.zeros(0, np.float32)]
        for stream in encoded.streams:
            when = {
                "snr_db": snr_db,
                "seed": derive_seed(seed, "stream", stream.name),
                "fading": fading,
                "first_slot": first_slot,
            }
            if isinstance(stream, BitStream):
                if stream.adaptive:
                    sender = sender or self._sender(snr_db, seed, fading, first_slot)
                    sent = sender.send(stream.packets, first_slot)
                    per_fade = self._transceiver(self.config).coherence_frames
                    if sent.blocks:
                        adaptation[stream.name] = _adaptation(sent, per_fade)
                else:
                    sent, per_fade = self._send_bits(stream, **when)
                streams[stream.name] = ReceivedBits(stream.name, unpack(sent.blocks))
                flags[stream.name] = sent.block_ok
                if self.config.harq > 1 and sent.blocks:
                    harq[stream.name] = _retransmissions(sent)
                lost += _lost_blocks(sent.block_ok, per_fade)
            else:
                sent = self._symbol_link.transmit(stream.latents, **when)
                streams[stream.name] = ReceivedSymbols(
                    stream.name, sent.latents, sent.noise_variance
                )
            costs[stream.name] = Accounting(
                payload_bits=8 * sum(map(len, getattr(stream, "packets", ()))),
                channel_uses=sent.channel_uses,
                overhead_uses=sent.overhead_uses,
            )
            measured.append(sent.snr)
            first_slot += len(sent.snr)
        costs[SETUP] = self._side_information(encoded)
        feedback = CsiFeedback.of(self.config)
        reports = feedback.reports(np.concatenate(measured), derive_seed(seed, "reports"))
        return Transmission(
            received=Received(encoded.setup, streams),
            per_stream=costs,
            block_ok=flags,
            block_errors=lost,
            csi=feedback.average(reports),
            harq=harq,
            adaptation=adaptation,
        )

    def _send_bits(self, stream: BitStream, **when: Any) -> tuple[BitTransmission, int]:
        """Send a stream at one MCS; return the blocks that are clustered by their fades as well."""
        config = self.config.for_stream(stream)
        link = self._bit_link(config)
        sent = link.transmit(pack(stream.packets, link.block.payload_bytes), **when)
        return sent, link.block.per_frame * self._transceiver(config).coherence_frames

    def _sender(
        self, snr_db: float, seed: int, fading: ChannelRealisation, first_slot: int
    ) -> AdaptiveSender:
        """Return what sends adaptive streams, which had reports while the channel was sounded."""
        return AdaptiveSender(
            self._adaptive_link,
            snr_db,
            derive_seed(seed, "adaptive"),
            fading,
            sounded_slot=first_slot - CSI_SLOTS - self.config.feedback_delay_slots,
            first_slot=first_slot,
        )

    def _side_information(self, encoded: Encoded) -> Accounting:
        frames = setup_frames(encoded, self.config)
        return Accounting(
            side_info_bits=setup_bits(encoded),
            channel_uses=frames * frame_uses(self.config),
            overhead_uses=frames * frame_pilots(self.config),
        )

    def _fading(self, seed: int) -> ChannelRealisation:
        return self._transceiver(self.config).realisation(seed)

    def _bit_link(self, config: LinkConfig) -> BitLink:
        if config not in self._bit_links:
            self._bit_links[config] = BitLink(config, self._transceiver(config))
        return self._bit_links[config]

    def _transceiver(self, config: LinkConfig) -> OfdmTransceiver:
        """Return that of a stream's own link; those of one transmission differ in depth alone."""
        depth = config.interleave_slots
        if depth not in self._transceivers:
            self._transceivers[depth] = OfdmTransceiver(config)
        return self._transceivers[depth]

    @cached_property
    def _adaptive_link(self) -> AdaptiveBitLink:
        return AdaptiveBitLink(self.config, self._transceiver(self.config))

    @cached_property
    def _symbol_link(self) -> SymbolLink:
        return SymbolLink(self._transceiver(self.config))


def send(
    endpoint: Endpoint,
    clip: Clip,
    link: Link,
    snr_db: float,
    seed: int,
    *,
    encode: Callable[[Endpoint, Clip, Csi | None], Encoded] | None = None,
) -> tuple[Clip, Transmission]:
    """Encode, transmit and decode.

    ::

        clip ──encode──▶ link ──▶ decode ──▶ received clip
                ◀─ CSI ──┘

    Parameters
    ----------
    endpoint : Endpoint
        Both ends.
    clip : Clip
        What is sent.
    link : Link
        What it crosses.
    snr_db : float
        Mean Es/N0 per resource element in dB.
    seed : int
        Of fading, noise and feedback.
    encode : callable, optional
        Stands in for ``endpoint.encode``, as one that knows encodings from before.

    Returns
    -------
    Clip, Transmission
        The clip as received, and what the link says of it.
    """
    csi = link.measure_csi(snr_db, seed) if endpoint.uses_csi else None
    encoded = encode(endpoint, clip, csi) if encode else endpoint.encode(clip, csi)
    sent = link.transmit(encoded, snr_db, seed)
    return endpoint.decode(sent.received), sent


def _retransmissions(sent: BitTransmission) -> Retransmissions:
    delays = sent.delay_slots[sent.block_ok]
    return Retransmissions(
        transmissions=float(sent.attempts.mean()),
        delay_slots=float(delays.mean()) if delays.size else nan,
    )


def _adaptation(sent: AdaptedTransmission, per_fade: int) -> Adaptation:
    return Adaptation(float(sent.mcs.mean()), _lost_blocks(sent.first_ok, per_fade))


def _lost_blocks(block_ok: np.ndarray, per_fade: int) -> Tally:
    """Count the lost blocks of one stream, clusters of `per_fade`."""
    starts = np.arange(0, block_ok.size, per_fade)
    if not starts.size:
        return Tally()
    errors = np.add.reduceat(~block_ok, starts, dtype=np.int64)
    return Tally.of(errors, np.diff(np.append(starts, block_ok.size)))
