"""All streams of a transmission over one slot clock: they wait, share slots, and are sent again.

::

    packets ─▶ BitQueue ── blocks ──┐                    ┌─▶ soft buffer ─CRC─▶ packets
                                    ├─▶ slot ─▶ channel ─┤
    latents ─▶ LatentQueue ─ units ─┘   of that moment   └─▶ latents, noise variance

A slot takes what is ready when it starts, stream by stream in the order of priority in which they
are given, blocks that failed first. It goes through the transceiver that all links share.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from math import inf

import numpy as np
import tensorflow as tf

from linksim.endpoint import BitStream, Encoded, SymbolStream
from linksim.errors import LinksimError
from linksim.link.accounting import shared
from linksim.link.adaptation.outer_loop import OuterLoop
from linksim.link.adaptation.reports import Reports
from linksim.link.call.bit_queue import Arq, BitQueue
from linksim.link.call.block_codes import BlockCodes
from linksim.link.call.clock import Clock
from linksim.link.call.grant import Cap, Grant
from linksim.link.call.item import Item
from linksim.link.call.latent_queue import LatentQueue
from linksim.link.call.mcs_choice import Adapted, Fixed
from linksim.link.config import LinkConfig
from linksim.link.harq_link import PADDING
from linksim.link.transceiver import OfdmTransceiver, noise_variance
from linksim.phy.channels.realisation import ChannelRealisation
from linksim.phy.graphs import compiled
from linksim.phy.pilots import slot_duration
from linksim.seeding import derive_seed, seed_noise
from linksim.timing import Times

Queue = BitQueue | LatentQueue
Segment = tuple[int, Item, np.ndarray]
"""Number of a stream, an item of it, and the places of its symbols that a slot carries."""


@dataclass(frozen=True)
class Sent:
    """What a call sent.

    Parameters
    ----------
    queues : list of BitQueue or LatentQueue
        The streams, with what arrived of each.
    symbols : np.ndarray
        int, [streams]; data symbols of the used slots that each stream filled, or padding that is
        put down to it.
    snr : np.ndarray
        float32, [slots]; effective SNR of each slot from the start of the clip to the last used,
        linear; NaN where nothing was sent.
    """

    queues: list[Queue]
    symbols: np.ndarray
    snr: np.ndarray


class CallLink:
    """Compiled parts of a link on a slot clock; they serve every SNR.

    Parameters
    ----------
    config : LinkConfig
        The link; its grant and delay budget are used.
    transceiver : OfdmTransceiver
        The transceiver of frames of one slot, which the other links share.
    """

    def __init__(self, config: LinkConfig, transceiver: OfdmTransceiver) -> None:
        self.config, self._transceiver = config, transceiver
        slot_s = slot_duration(config.subcarrier_spacing)
        budget_s = None if config.delay_budget is None else 1e-3 * config.delay_budget
        self.clock = Clock(slot_s, Grant.parse(config.grant, slot_s), budget_s)
        self._codes = BlockCodes(config)
        self._pass = compiled(transceiver.transmit)
        self._measure_snr = compiled(transceiver.measure_snr)
        self.reports = lru_cache(maxsize=1)(self._reports)
        """What is reported in a call, measured once for encoder and MCSs."""

    def check_call(self, first_slot: int, duration_s: float) -> None:
        """Raise `LinksimError` if the channel does not last for a call."""
        run = first_slot + self.clock.slots(duration_s)
        self.config.channel_model.check_call(run * self.clock.slot_s)

    def realisation(self, seed: int, first_slot: int, duration_s: float) -> ChannelRealisation:
        """Return the channel realisation of a call that begins with its slot `first_slot`."""
        return self._transceiver.realisation(seed, first_slot + self.clock.slots(duration_s))

    def _reports(self, snr_db: float, seed: int, first_slot: int, duration_s: float) -> Reports:
        no, fading = noise_variance(snr_db), self.realisation(seed, first_slot, duration_s)
        return Reports(self.config, self._measure_snr, no, derive_seed(seed, "reports"), fading, 0)

    def send(
        self,
        encoded: Encoded,
        duration_s: float,
        snr_db: float,
        seed: int,
        first_slot: int,
    ) -> Sent:
        """Send streams as they become ready.

        Parameters
        ----------
        encoded : Encoded
            The streams, in the order of priority.
        duration_s : float
            Length of the clip in s; streams without times are ready at its end.
        snr_db : float
            Mean Es/N0 per resource element in dB.
        seed : int
            Seed of channel, noise, reports and lost acknowledgements.
        first_slot : int
            Slot of the channel realisation with which the call begins; those before it have been
            reported on.

        Raises
        ------
        LinksimError
            If a delay budget is below what a stream waits for, a slot holds no packet header, or
            the channel does not last for the call.
        """
        self.check_call(first_slot, duration_s)
        adapted = cache(lambda: self._adapted(snr_db, seed, first_slot, duration_s))
        queues = [self._queue(s, duration_s, seed, adapted) for s in encoded.streams]
        fading = self.realisation(seed, first_slot, duration_s)
        cap, snr, slot = Cap(self.clock.grant), list[float](), 0
        symbols = np.zeros(len(queues), int)
        # Once the last moment is played nothing is of use, however much still waits.
        end = inf if self.clock.budget_s is None else self.clock.slots(duration_s)
        while slot < end and not all(queue.done for queue in queues):
            segments = self._segments(queues, cap, slot)
            if segments:
                cap.use()
                symbols += self._put_down(segments, len(queues))
                h = fading.slots(first_slot + slot, 1)
                seed_noise(derive_seed(seed, "noise", slot))
                snr.append(self._carry(segments, h, noise_variance(snr_db)))
                for stream, item, places in segments:
                    queues[stream].receive(item, places, slot)
            else:
                snr.append(np.nan)
            slot += 1
        return Sent(queues, symbols, np.array(snr, np.float32))

    def _queue(
        self,
        stream: BitStream | SymbolStream,
        duration_s: float,
        seed: int,
        adapted: Callable[[], Adapted],
    ) -> Queue:
        if isinstance(stream, SymbolStream):
            whole = () if stream.times is not None else (len(stream.latents),)
            units = stream.units or whole
            times = stream.times or Times.at_end(len(units), duration_s)
            self._check_budget(stream.name, times)
            return LatentQueue(stream, units, times, self.clock)
        times = stream.times or Times.at_end(len(stream.packets), duration_s)
        self._check_budget(stream.name, times)
        rng = np.random.default_rng(derive_seed(seed, "acknowledgements", stream.name))
        config = self.config
        arq = Arq(
            config.harq,
            max(1, config.feedback_delay_slots),
            lambda: rng.random() >= config.feedback_loss,
        )
        choice = adapted() if stream.adaptive else Fixed(stream.mcs or config.mcs)
        if isinstance(choice, Fixed) and not self._codes.holds_packets(choice.choose(0)):
            raise LinksimError(
                f"stream '{stream.name}': a slot holds no packet header at its MCS; use more "
                "subcarriers, or a higher code rate"
            )
        depth = stream.interleave_slots or config.interleave_slots
        return BitQueue(stream, times, self.clock, self._codes, choice, arq, depth)

    def _check_budget(self, name: str, times: Times) -> None:
        budget_s = self.clock.budget_s
        if budget_s is None or not len(times):
            return
        least = float(times.algorithmic_s.min())
        if least + self.clock.slot_s > budget_s:
            raise LinksimError(
                f"stream '{name}' is ready {1e3 * least:.1f} ms after it is captured and takes a "
                f"slot of {1e3 * self.clock.slot_s:g} ms; a delay budget of {1e3 * budget_s:g} ms "
                "is too short"
            )

    def _adapted(self, snr_db: float, seed: int, first_slot: int, duration_s: float) -> Adapted:
        reports = self.reports(snr_db, seed, first_slot, duration_s)
        table = self.config.mcs_table
        return Adapted(self._outer_loop, table, reports, first_slot, self._codes)

    @cached_property
    def _outer_loop(self) -> OuterLoop:
        return OuterLoop(self.config.mcs_table, 1, self._transceiver.symbols_per_frame)

    def _segments(self, queues: list[Queue], cap: Cap, slot: int) -> list[Segment]:
        """Return what a slot carries; nothing if it is not granted, or may wait to be fuller."""
        grant, room = self.clock.grant, self._transceiver.symbols_per_frame
        if not (grant.has(slot) and cap.room(slot)):
            return []
        if not grant.fixed:
            waiting = sum(queue.waiting(slot) for queue in queues)
            if waiting < room and not any(queue.urgent(slot) for queue in queues):
                return []
        segments = []
        for number, queue in enumerate(queues):
            for item, places in queue.fill(slot, room):
                segments.append((number, item, places))
                room -= len(places)
        return segments

    def _put_down(self, segments: list[Segment], streams: int) -> np.ndarray:
        """Return the symbols of a slot, padding included, that are put down to each stream."""
        filled = np.zeros(streams, int)
        for stream, _, places in segments:
            filled[stream] += len(places)
        return shared(filled, self._transceiver.symbols_per_frame)

    def _carry(self, segments: list[Segment], h: tf.Tensor, no: tf.Tensor) -> float:
        """Send a slot, give its items what came, and return its effective SNR, linear."""
        sent = np.concatenate([item.symbols[places] for _, item, places in segments])
        slot = np.full((1, self._transceiver.symbols_per_frame), PADDING, np.complex64)
        slot[0, : len(sent)] = sent
        symbols, variance, snr = (x.numpy() for x in self._pass(slot, h, no))
        start = 0
        for _, item, places in segments:
            item.received[places] = symbols[0, start : start + len(places)]
            item.noise_variance[places] = variance[0, start : start + len(places)]
            start += len(places)
        return float(snr[0])
