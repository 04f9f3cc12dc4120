"""The bit link with an MCS of its own in every slot.

::

    packets ─▶ as many bytes as the MCS carries ─▶ code ─▶ transceiver ▶ soft buffer ─CRC─▶ block
                                   ▲                                                  │
     outer loop ─────────────── MCS                                                   │
        ▲  ▲                                                                          │
        │  └─ report of slot t - delay        ACK or NACK of slot t - round trip ◀────┘
        └─────────────────────────────────────────────┘

A block fills a slot. With HARQ each slot of the round trip has a stop-and-wait process, as in
`link_adaptation`; blocks that are sent again keep their MCS.
"""

from dataclasses import dataclass

import numpy as np

from linksim.errors import LinksimError
from linksim.link.adaptation.block import Block
from linksim.link.adaptation.outer_loop import START_DB, OuterLoop
from linksim.link.adaptation.reports import Reports
from linksim.link.adaptation.slot_codes import SlotCodes
from linksim.link.bit_link import BitTransmission
from linksim.link.config import LinkConfig
from linksim.link.framing import MIN_BLOCK_BYTES, Packer
from linksim.link.transceiver import OfdmTransceiver, noise_variance
from linksim.phy.channels.realisation import ChannelRealisation
from linksim.phy.coding.mcs import MCS_TABLES
from linksim.phy.graphs import compiled
from linksim.seeding import derive_seed, seed_sionna


@dataclass(frozen=True)
class AdaptedTransmission(BitTransmission):
    """Result of sending packets whose blocks each had an MCS of their own.

    Parameters
    ----------
    mcs : np.ndarray
        int, [blocks]; I_MCS of each.
    """

    mcs: np.ndarray

    @property
    def first_ok(self) -> np.ndarray:
        """bool, [blocks]; whether the first transmission of each was enough."""
        return self.delay_slots == 1


class AdaptiveBitLink:
    """Compiled parts of a link whose MCS follows the channel; they serve every SNR.

    Parameters
    ----------
    config : LinkConfig
        Its MCS table, feedback and HARQ are used, its modulation and code rate are not.
    transceiver : OfdmTransceiver
        The transceiver, which the other links share.

    Raises
    ------
    LinksimError
        If blocks are interleaved over slots, or the slowest MCS is too small for a packet header.
    """

    def __init__(self, config: LinkConfig, transceiver: OfdmTransceiver) -> None:
        self.config, self.transceiver = config, transceiver
        codes = SlotCodes(config, config.mcs_table)
        self._blocks, self.code = codes.blocks, codes.code
        if self.payload_bytes(0) < MIN_BLOCK_BYTES:
            raise LinksimError(
                f"a slot carries {self.payload_bytes(0)} bytes at MCS 0 of table "
                f"{config.mcs_table}, and a packet with its header takes {MIN_BLOCK_BYTES}; use "
                "more subcarriers, or another mcs_table"
            )
        self.outer_loop = OuterLoop(config.mcs_table, 1, transceiver.symbols_per_frame)
        self.transmit = compiled(transceiver.transmit)
        self.measure_snr = compiled(transceiver.measure_snr)

    def payload_bytes(self, mcs: int) -> int:
        """Return what a slot carries."""
        return self._blocks[mcs].payload_bytes


class AdaptiveSender:
    """The streams of one transmission, one after the other, over one outer loop.

    Parameters
    ----------
    link : AdaptiveBitLink
        The link that they cross.
    snr_db : float
        Mean Es/N0 per resource element in dB.
    seed : int
        Seed of noise, reports and lost acknowledgements.
    fading : ChannelRealisation
        The channel realisation.
    reported_slot : int
        Slot of `fading` from which on reference signals are sent.
    first_slot : int
        Slot of the first block.
    """

    def __init__(
        self,
        link: AdaptiveBitLink,
        snr_db: float,
        seed: int,
        fading: ChannelRealisation,
        *,
        reported_slot: int,
        first_slot: int,
    ) -> None:
        self._link, self._no, self._seed = link, noise_variance(snr_db), seed
        self._reports = Reports(
            link.config, link.measure_snr, self._no, seed, fading, reported_slot
        )
        self._round_trip = max(1, link.config.feedback_delay_slots)
        self._acknowledged = np.random.default_rng(derive_seed(seed, "acknowledgements"))
        self._answers: dict[int, tuple[int, int]] = {}
        self._table = MCS_TABLES[link.config.mcs_table]
        link.outer_loop.reset(START_DB + self._reports.excess_db(first_slot))

    def send(self, packets: tuple[bytes, ...], first_slot: int) -> AdaptedTransmission:
        """Send packets, a block a slot, those that failed again until HARQ gives up.

        Parameters
        ----------
        packets : tuple of bytes
            In order; laid out in blocks as `linksim.link.framing` does.
        first_slot : int
            Slot of the fading in which the first block is sent.
        """
        packer, blocks, snr = Packer(packets), list[Block](), list[float]()
        processes: list[Block | None] = [None] * self._round_trip
        for due in sorted(slot for slot in self._answers if slot < first_slot):
            self._choose(due)  # an answer to the stream before, which came since
        slot = first_slot
        while not packer.empty or any(processes):
            mcs = self._choose(slot)
            turn = slot % self._round_trip
            block = processes[turn]
            if block is None and not packer.empty:
                payload = packer.take(self._link.payload_bytes(mcs))
                code = self._link.code(mcs)
                block = Block(payload, self._table[mcs], code, code.encode, [], slot)
                blocks.append(block)
            if block is None:  # the others wait for an answer
                snr.append(np.nan)
            else:
                snr.append(self._transmit(block, slot))
                processes[turn] = None if self._over(block, slot) else block
            slot += 1
        return self._sum_up(blocks, np.array(snr, np.float32))

    def _choose(self, slot: int) -> int:
        """Take what is known at the start of a slot and return its I_MCS."""
        answer, sent = self._answers.pop(slot, (-1, 0))
        report = np.array([self._reports.at(slot)])
        return int(self._link.outer_loop.choose(report, np.array([answer]), np.array([sent]))[0])

    def _transmit(self, block: Block, slot: int) -> float:
        """Send a block once more and return the effective SNR of its slot, linear."""
        symbols = block.send()[np.newaxis]
        seed_sionna(derive_seed(self._seed, "noise", slot))
        received, variance, snr = self._link.transmit(
            symbols, self._reports.response(slot), self._no
        )
        block.receive(received.numpy()[0], variance.numpy()[0], slot)
        return float(snr[0])

    def _over(self, block: Block, slot: int) -> bool:
        """Return whether a block will not be sent again; the outer loop hears of its first time."""
        heard = self._acknowledged.random() >= self._link.config.feedback_loss
        ok = block.arrived is not None
        if block.attempts == 1 and heard:
            self._answers[slot + self._round_trip] = int(ok), self._table.index(block.mcs)
        return (ok and heard) or block.attempts == self._link.config.harq

    def _sum_up(self, blocks: list[Block], snr: np.ndarray) -> AdaptedTransmission:
        used = int((~np.isnan(snr)).sum())
        transceiver = self._link.transceiver
        return AdaptedTransmission(
            blocks=tuple(b.payload for b in blocks),
            bit_errors=int(sum((b.decoded != b.bits).sum() for b in blocks)),
            channel_uses=used * transceiver.uses_per_frame,
            overhead_uses=used * transceiver.pilots_per_frame,
            snr=snr,
            attempts=np.array([b.attempts for b in blocks], int),
            delay_slots=np.array([b.delay_slots for b in blocks], int),
            first_slots=np.array([b.begun for b in blocks], int),
            mcs=np.array([self._table.index(b.mcs) for b in blocks], int),
        )
