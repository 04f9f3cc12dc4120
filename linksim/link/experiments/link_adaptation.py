"""Many links side by side, slot by slot: link adaptation and HARQ over correlated fading.

::

    slot t:  reports of t - delay ─▶ MCS of each link ─▶ new block, or attempt 2, 3, … of one
                                                              │
             ACK or NACK, known a round trip later ◀─CRC─ soft buffer ◀─ receiver ◀──┘

Each link sends a block in every slot. Its stop-and-wait processes take turns, one for each slot
of the round trip, so that a process knows what became of its block when its turn comes (TS
38.214, 5.1). A report or an acknowledgement that is lost brings nothing: the MCS goes by the
report before, and a block of which nothing is known is sent again.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import tensorflow as tf
from scipy import stats

from linksim.link.adaptation.outer_loop import OuterLoop
from linksim.link.adaptation.slot_codes import SlotCodes
from linksim.link.config import LinkConfig
from linksim.link.experiments.processes import CODEWORDS, Processes, SentWords
from linksim.link.feedback import CsiFeedback
from linksim.link.transceiver import OfdmTransceiver, noise_variance
from linksim.montecarlo import Tally
from linksim.phy.coding.harq import SoftBuffer
from linksim.phy.coding.redundancy import VERSIONS
from linksim.phy.graphs import compiled
from linksim.seeding import derive_seed, seed_sionna

DRAWN_SLOTS = 4096
"""Slots whose channels are drawn at once, of as many links as that makes; bounds memory."""


@dataclass(frozen=True)
class Adapted:
    """Statistics of many links at one SNR.

    Parameters
    ----------
    throughput : float
        Payload bits that arrived per data resource element, all transmissions charged.
    throughput_low, throughput_high : float
        Student's 95 % interval over links.
    first : Tally
        First transmissions that failed, a cluster a link: the block error rate.
    residual : Tally
        Blocks that never arrived, likewise.
    transmissions : float
        Mean number of transmissions of a block.
    delay_slots : float
        Mean time from the start of a block's first transmission to the end of that with which
        it arrived, in slots; NaN if none did.
    mcs : float
        Mean I_MCS of first transmissions.
    """

    throughput: float
    throughput_low: float
    throughput_high: float
    first: Tally
    residual: Tally
    transmissions: float
    delay_slots: float
    mcs: float


class ParallelLinks:
    """Links of one configuration; what is compiled serves every SNR and every MCS.

    Parameters
    ----------
    config : LinkConfig
        Channel, receiver, feedback and HARQ of each link; its modulation and code rate are not
        used.
    links : int
        Number of links.
    slots : int
        Slots that are simulated.
    warm_up : int
        Slots at the start that are not counted, while the outer loop settles.
    table : int
        Number of the MCS table.

    Raises
    ------
    LinksimError
        If blocks are interleaved over slots, or their length is set.
    """

    def __init__(
        self, config: LinkConfig, *, links: int, slots: int, warm_up: int, table: int
    ) -> None:
        self._config, self._links, self._slots, self._warm_up = config, links, slots, warm_up
        self._slot_codes = SlotCodes(config, table)
        self._transceiver = OfdmTransceiver(config)
        self._feedback = CsiFeedback.of(config)
        self._round_trip = max(1, config.feedback_delay_slots)
        self._outer_loop = OuterLoop(table, links, self._transceiver.symbols_per_frame)
        self._code = lru_cache(maxsize=None)(lambda mcs: SentWords(self._slot_codes.code(mcs)))
        self._pass = compiled(self._transceiver.transmit)
        self._measure = compiled(self._transceiver.measure_snr)
        self._channel = lru_cache(maxsize=1)(self._draw)
        self._reports = lru_cache(maxsize=1)(self._report)

    def run(self, mcs: int | None, snr_db: float, seed: int) -> Adapted:
        """Simulate all links at one SNR.

        Parameters
        ----------
        mcs : int or None
            I_MCS of all blocks; None adapts it.
        snr_db : float
            Mean Es/N0 per resource element in dB.
        seed : int
            Seed of channel, noise and feedback, which are the same for every MCS.
        """
        channels, reports = self._channel(seed), self._reports(snr_db, seed)
        rng = np.random.default_rng(derive_seed(seed, "words and acknowledgements"))
        seed_sionna(derive_seed(seed, "noise"))
        self._outer_loop.reset()
        processes = [Processes.idle(self._links) for _ in range(self._round_trip)]
        versions = len(VERSIONS[self._config.combining])
        log = _Log(self._slots, self._links)
        buffers = [
            SoftBuffer(self._links, versions, self._transceiver.symbols_per_frame)
            for _ in processes
        ]
        for slot in range(self._slots):
            turn = slot % self._round_trip
            process, buffer = processes[turn], buffers[turn]
            answers = process.answers()
            if mcs is None:
                first = np.where(process.attempt == 1, answers, -1)
                chosen = self._outer_loop.choose(reports[:, slot], first, process.mcs)
            else:
                chosen = np.full(self._links, mcs)
            fresh = (process.attempt % self._config.harq == 0) | (answers == 1)
            process.start(fresh, chosen, rng.integers(0, CODEWORDS, self._links))
            buffer.clear(np.flatnonzero(fresh))
            process.attempt += 1
            ok = self._transmit(process, buffer, channels[:, slot], noise_variance(snr_db))
            log.note(slot, self._round_trip, process, ok)
            process.arrived |= ok
            process.heard = rng.random(self._links) >= self._feedback.loss
        sizes = 8 * np.array([block.payload_bytes for block in self._slot_codes.blocks])
        counted = slice(self._warm_up, self._slots)
        last = self._slots - (self._config.harq - 1) * self._round_trip
        return log.sum_up(sizes / self._transceiver.uses_per_frame, counted, last)

    def _transmit(
        self, process: "Processes", buffer: SoftBuffer, h: np.ndarray, no: tf.Tensor
    ) -> np.ndarray:
        """Send the block of each link and return which of them are decoded; bool, [links]."""
        symbols = np.zeros((self._links, self._transceiver.symbols_per_frame), np.complex64)
        kinds = sorted(set(zip(process.mcs.tolist(), process.attempt.tolist(), strict=True)))
        groups = [
            (
                self._code(mcs),
                attempt,
                np.flatnonzero((process.mcs == mcs) & (process.attempt == attempt)),
            )
            for mcs, attempt in kinds
        ]
        for code, attempt, links in groups:
            symbols[links] = code.symbols(attempt)[process.word[links]]
        received, variance = (x.numpy() for x in self._pass(symbols, h, no)[:2])
        ok = np.zeros(self._links, bool)
        for code, attempt, links in groups:
            ok[links] = code.code.receive(buffer, links, attempt, received[links], variance[links])[
                1
            ]
        return ok

    def _draw(self, seed: int) -> np.ndarray:
        """Return the channels of all links, complex64, [links, slots, …], as `Channel.sample`."""
        seed_sionna(derive_seed(seed, "fading"))
        at_once = max(1, DRAWN_SLOTS // self._slots)
        parts = [
            self._transceiver.channel.sample(
                min(at_once, self._links - first), self._slots, self._transceiver.grid
            ).numpy()
            for first in range(0, self._links, at_once)
        ]
        h = np.concatenate(parts)
        return h.reshape(self._links, self._slots, *h.shape[1:])

    def _report(self, snr_db: float, seed: int) -> np.ndarray:
        """Return what is known of each link at the start of each slot, dB, [links, slots].

        Measured from reference signals of their own, which are there in every slot.
        """
        channels, no = self._channel(seed), noise_variance(snr_db)
        seed_sionna(derive_seed(seed, "sounding"))
        measured = [self._measure(channels[:, slot], no).numpy() for slot in range(self._slots)]
        return np.stack(
            [
                self._feedback.reports(snr, derive_seed(seed, "reports", link))
                for link, snr in enumerate(np.stack(measured, axis=1))
            ]
        )


class _Log:
    """Log of what was sent, slot by slot and link by link, and of what arrived."""

    def __init__(self, slots: int, links: int) -> None:
        self._mcs, self._attempt, self._first = (np.zeros((slots, links), int) for _ in range(3))
        self._new, self._ok = np.zeros((slots, links), bool), np.zeros((slots, links), bool)

    def note(self, slot: int, round_trip: int, process: Processes, ok: np.ndarray) -> None:
        """Write down a slot, before the process knows of it."""
        self._mcs[slot], self._attempt[slot] = process.mcs, process.attempt
        self._first[slot] = slot - (process.attempt - 1) * round_trip
        self._ok[slot], self._new[slot] = ok, ok & ~process.arrived

    def sum_up(self, bits_per_use: np.ndarray, counted: slice, last: int) -> Adapted:
        """Count what was sent in some slots, and the blocks begun in them before slot `last`.

        Parameters
        ----------
        bits_per_use : np.ndarray
            float, [MCSs]; payload bits of a block over the data channel uses of a slot.
        """
        links = np.arange(self._mcs.shape[1])
        gained = np.where(self._new, bits_per_use[self._mcs], 0.0)[counted].mean(axis=0)
        reach = stats.t.ppf(0.975, len(links) - 1) * gained.std(ddof=1) / len(links) ** 0.5
        first = (self._attempt == 1)[counted]
        failed = first & ~self._ok[counted]

        begun = np.zeros(self._mcs.shape, bool)
        begun[counted] = first
        begun[last:] = False
        times, took = np.zeros(begun.shape, int), np.zeros(begun.shape, int)
        slots, who = np.indices(begun.shape)
        np.maximum.at(times, (self._first, who), self._attempt)
        arrived = self._new
        took[self._first[arrived], who[arrived]] = (slots - self._first)[arrived] + 1
        delivered = begun & (took > 0)
        return Adapted(
            throughput=float(gained.mean()),
            throughput_low=float(gained.mean() - reach),
            throughput_high=float(gained.mean() + reach),
            first=Tally.of(failed.sum(axis=0), first.sum(axis=0)),
            residual=Tally.of((begun & ~delivered).sum(axis=0), begun.sum(axis=0)),
            transmissions=float(times[begun].mean()),
            delay_slots=float(took[delivered].mean()) if delivered.any() else math.nan,
            mcs=float(self._mcs[counted][first].mean()),
        )
