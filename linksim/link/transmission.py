"""One transmission: every stream of an `Encoded` over the link, and what it cost.

::

    BitStream    ─frame into blocks─▶ BitLink         ─▶ whole packets
      adaptive   ───────────────────▶ AdaptiveBitLink ─▶ whole packets
    SymbolStream ───────────────────▶ SymbolLink      ─▶ latents, noise variance
    set-up, scales ─▶ counted at the link's own MCS, taken as delivered
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from linksim.endpoint import (
    BitStream,
    Csi,
    Encoded,
    ReceivedBits,
    ReceivedSymbols,
    SymbolStream,
)
from linksim.link.accounting import frame_pilots, frame_uses, setup_bits, setup_frames
from linksim.link.adaptation.adaptive_link import AdaptiveBitLink, AdaptiveSender
from linksim.link.bit_link import BitLink, BitTransmission
from linksim.link.call.call_link import CallLink
from linksim.link.call.outcome import transmission_of
from linksim.link.config import LinkConfig
from linksim.link.feedback import CsiFeedback
from linksim.link.framing import pack, unpack
from linksim.link.results import (
    Accounting,
    StreamResult,
    Transmission,
    adaptation_of,
    cluster_slots,
    clusters_of,
    retransmissions_of,
)
from linksim.link.symbol_link import SymbolLink
from linksim.link.transceiver import OfdmTransceiver
from linksim.phy.channels.realisation import ChannelRealisation
from linksim.seeding import derive_seed

CSI_SLOTS = 64
"""Slots whose reports the transmitter averages before it encodes."""


@dataclass(frozen=True)
class _Place:
    """The SNR, the seed and the slot at which a stream is sent."""

    snr_db: float
    seed: int
    fading: ChannelRealisation
    first_slot: int


@dataclass
class Link:
    """A link ready to transmit; what it compiles serves every SNR.

    Parameters
    ----------
    config : LinkConfig
        The configuration of the link.
    """

    config: LinkConfig
    _transceivers: dict[int, OfdmTransceiver] = field(default_factory=dict, init=False, repr=False)
    _bit_links: dict[LinkConfig, BitLink] = field(default_factory=dict, init=False, repr=False)

    def check_call(self, duration_s: float) -> None:
        """Raise `LinksimError` where a clip of so many s is a call that outlasts the channel."""
        if self.config.paced:
            self._call_link.check_call(self._first_slot, duration_s)

    def csi(self, snr_db: float, seed: int, duration_s: float) -> Csi:
        """Return the CSI that the transmitter has before a clip and, on a slot clock, during it."""
        if not self.config.paced:
            return self.measure_csi(snr_db, seed)
        link, first = self._call_link, self._first_slot
        before = self._measure_csi(snr_db, seed, link.realisation(seed, first, duration_s))
        reports = link.reports(snr_db, seed, first, duration_s)
        trace = reports.trace(duration_s, link.clock.slot_s, first)
        share = link.clock.grant.share
        uses = share * self.config.slot_data_symbols / link.clock.slot_s
        mean_db = float(CsiFeedback.of(self.config).quantise(np.array(snr_db)))
        return Csi(before.snr_db, trace, None if share == 1.0 else uses, mean_db)

    def measure_csi(self, snr_db: float, seed: int) -> Csi:
        """Return the CSI that the transmitter has before it encodes.

        Slots 0 to 63 of the fading that `transmit` meets under the same seed; the last report
        arrives as transmission starts. They are not charged to it.
        """
        return self._measure_csi(snr_db, seed, self._fading(seed))

    def _measure_csi(self, snr_db: float, seed: int, fading: ChannelRealisation) -> Csi:
        latents = 2 * self.config.slot_data_symbols * CSI_SLOTS
        sent = self._symbol_link.transmit(
            np.zeros(latents, np.float32),
            snr_db,
            derive_seed(seed, "sounding"),
            fading=fading,
        )
        wait = self.config.feedback_delay_slots
        measured = np.pad(sent.snr[:CSI_SLOTS], (0, wait), mode="edge")
        feedback = CsiFeedback.of(self.config)
        reports = feedback.reports(measured, derive_seed(seed, "sounding reports"))
        return feedback.average(reports[wait:])

    def transmit(
        self, encoded: Encoded, snr_db: float, seed: int, duration_s: float = 0.0
    ) -> Transmission:
        """Send every stream and account for all of it.

        They go one after the other or, on a slot clock, as their units become ready.

        Parameters
        ----------
        encoded : Encoded
            The streams of an endpoint.
        snr_db : float
            Mean Es/N0 per resource element in dB.
        seed : int
            Seed; with the inputs, all that the result depends on.
        duration_s : float
            Length of the clip in s, with whose end streams without times are ready.

        Raises
        ------
        LinksimError
            If a stream asks for an MCS or a depth that does not exist, or holds NaN, or is ready
            too late for the delay budget.
        """
        if self.config.paced:
            return self._call(encoded, snr_db, seed, duration_s)
        fading = self._fading(seed)
        first_slot = self._first_slot
        cluster = self._cluster_slots(encoded)
        sender: AdaptiveSender | None = None
        results: dict[str, StreamResult] = {}
        for stream in encoded.streams:
            where = _Place(snr_db, derive_seed(seed, "stream", stream.name), fading, first_slot)
            if isinstance(stream, SymbolStream):
                result = self._send_latents(stream, where)
            elif stream.adaptive:
                sender = sender or self._sender(snr_db, seed, fading, first_slot)
                result = self._send_adaptively(stream, sender, first_slot, cluster)
            else:
                result = self._send_packets(stream, where, cluster)
            results[stream.name] = result
            first_slot += len(result.snr)
        feedback = CsiFeedback.of(self.config)
        measured = [np.zeros(0, np.float32), *(result.snr for result in results.values())]
        reports = feedback.reports(np.concatenate(measured), derive_seed(seed, "reports"))
        return Transmission(
            setup=encoded.setup,
            streams=results,
            side_information=self._side_information(encoded),
            csi=feedback.average(reports),
        )

    def _call(self, encoded: Encoded, snr_db: float, seed: int, duration_s: float) -> Transmission:
        """Send every stream on a slot clock."""
        link = self._call_link
        sent = link.send(encoded, duration_s, snr_db, seed, self._first_slot)
        return transmission_of(
            sent,
            encoded,
            self.config,
            link.clock,
            duration_s,
            derive_seed(seed, "reports"),
            first_slot=self._first_slot,
            cluster=self._cluster_slots(encoded),
        )

    @property
    def _first_slot(self) -> int:
        """Slot of the realisation with which a transmission begins, after those for CSI."""
        return CSI_SLOTS + self.config.feedback_delay_slots

    def _send_latents(self, stream: SymbolStream, where: "_Place") -> StreamResult:
        sent = self._symbol_link.transmit(
            stream.latents,
            where.snr_db,
            where.seed,
            fading=where.fading,
            first_slot=where.first_slot,
        )
        return StreamResult(
            received=ReceivedSymbols(stream.name, sent.latents, sent.noise_variance),
            accounting=Accounting(channel_uses=sent.channel_uses, overhead_uses=sent.overhead_uses),
            snr=sent.snr,
        )

    def _send_packets(self, stream: BitStream, where: "_Place", cluster: int) -> StreamResult:
        """Send a stream at one MCS."""
        config = self.config.for_stream(stream)
        link = self._bit_link(config)
        sent = link.transmit(
            pack(stream.packets, link.block.payload_bytes),
            where.snr_db,
            where.seed,
            fading=where.fading,
            first_slot=where.first_slot,
        )
        clusters = clusters_of(sent.first_slots, config.interleave_slots, cluster)
        return self._bits_result(stream, sent, clusters)

    def _send_adaptively(
        self, stream: BitStream, sender: AdaptiveSender, first_slot: int, cluster: int
    ) -> StreamResult:
        """Send a stream at an MCS that follows the channel."""
        sent = sender.send(stream.packets, first_slot)
        clusters = clusters_of(sent.first_slots, 1, cluster)
        result = self._bits_result(stream, sent, clusters)
        return replace(result, adaptation=adaptation_of(sent, clusters)) if sent.blocks else result

    def _bits_result(
        self, stream: BitStream, sent: BitTransmission, clusters: np.ndarray
    ) -> StreamResult:
        """Return the result of a bit stream whose blocks belong to these clusters."""
        again = self.config.harq > 1 and bool(sent.blocks)
        return StreamResult(
            received=ReceivedBits(stream.name, unpack(sent.blocks)),
            accounting=Accounting(
                payload_bits=8 * sum(map(len, stream.packets)),
                channel_uses=sent.channel_uses,
                overhead_uses=sent.overhead_uses,
            ),
            snr=sent.snr,
            block_ok=sent.block_ok,
            clusters=clusters,
            harq=retransmissions_of(sent) if again else None,
        )

    def _sender(
        self, snr_db: float, seed: int, fading: ChannelRealisation, first_slot: int
    ) -> AdaptiveSender:
        """Return what sends adaptive streams, which has had reports of the slots before."""
        return AdaptiveSender(
            self._adaptive_link,
            snr_db,
            derive_seed(seed, "adaptive"),
            fading,
            reported_slot=first_slot - CSI_SLOTS - self.config.feedback_delay_slots,
            first_slot=first_slot,
        )

    def _cluster_slots(self, encoded: Encoded) -> int:
        """Return the slots of a cluster of dependent blocks, the same for all streams."""
        bits = (s for s in encoded.streams if isinstance(s, BitStream))
        depths = (s.interleave_slots or self.config.interleave_slots for s in bits)
        return cluster_slots(self._transceiver(self.config).memory_slots, max(depths, default=1))

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
    def _call_link(self) -> CallLink:
        return CallLink(self.config, self._transceiver(replace(self.config, interleave_slots=1)))

    @cached_property
    def _symbol_link(self) -> SymbolLink:
        return SymbolLink(self._transceiver(self.config))
