"""Packets that wait for their slots, and transport blocks that are sent until they arrive."""

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from linksim.endpoint import BitStream, ReceivedBits
from linksim.link.adaptation.block import Block
from linksim.link.call.block_codes import PARTS, BlockCodes
from linksim.link.call.clock import Clock
from linksim.link.call.delivery import Delivery
from linksim.link.call.item import Item
from linksim.link.call.mcs_choice import Adapted, Fixed
from linksim.link.framing import HEADER_BYTES, OFFSET_BYTES, Packer, unpack
from linksim.timing import Times

ROUNDS = 8
"""Times that a packet which is kept is sent anew after a block of it was given up."""


@dataclass(frozen=True)
class Arq:
    """Hybrid ARQ of a stream.

    Parameters
    ----------
    most : int
        Maximum transmissions of a block.
    round_trip : int
        Slots from the last of a transmission to the first of the next.
    heard : callable
        Says of one acknowledgement whether it comes back.
    """

    most: int
    round_trip: int
    heard: Callable[[], bool]


class BitQueue:
    """One stream of packets.

    Blocks that failed go again before anything new, over more than one slot where the first has not
    the room that it had before. A new block is no longer than what waits needs, and no longer than
    the room in its slot. Packets that cannot be there in time are not sent, unless the stream keeps
    what is late: its packets are even sent anew, in new blocks, where one was given up after its
    last transmission, as in the acknowledged mode of RLC, TS 38.322.

    Parameters
    ----------
    stream : BitStream
        The stream.
    times : Times
        Times of its packets.
    clock : Clock
        Slots and delay budget.
    codes : BlockCodes
        Codes.
    choice : Adapted or Fixed
        Chooses the MCS of a block, and hears what became of its first transmission.
    arq : Arq
        Hybrid ARQ.
    depth : int
        Slots over which a block is interleaved.
    """

    side_bits = 0

    def __init__(
        self,
        stream: BitStream,
        times: Times,
        clock: Clock,
        codes: BlockCodes,
        choice: Adapted | Fixed,
        arq: Arq,
        depth: int,
    ) -> None:
        self.stream, self.times, self._clock, self._codes = stream, times, clock, codes
        self._choice, self._arq, self._depth = choice, arq, depth
        self._next, self._ready, self._packer = 0, deque[int](), Packer()
        self._flying: dict[Item, int] = {}
        self._again: list[tuple[int, int]] = []
        self._anew: list[tuple[int, int]] = []
        self._rounds = [0] * len(stream.packets)
        self.blocks: list[Block] = []
        self._blocks_of: list[list[int]] = [[] for _ in stream.packets]
        self.sent_s = np.full(len(stream.packets), np.nan)

    @property
    def done(self) -> bool:
        """Whether nothing is left to be sent."""
        waits = self._ready or self._again or self._anew or self._flying or not self._packer.empty
        return not waits and self._next == len(self.stream.packets)

    def waiting(self, slot: int) -> int:
        """Return how many symbols are ready at the start of a slot, about."""
        self._admit(slot)
        flying = sum(item.left for item in self._flying)
        due = sum(self.blocks[number].symbols for when, number in self._again if when <= slot)
        return flying + due + self._codes.needed(self._waiting_bytes())

    def urgent(self, slot: int) -> bool:
        """Return whether some of them must not wait for others to fill a slot."""
        if self._flying or any(when <= slot for when, _ in self._again):
            return True
        if not self._packer.empty:
            return True
        return any(self._clock.urgent(self.times, packet, slot) for packet in self._ready)

    def fill(self, slot: int, room: int) -> Iterator[tuple[Item, np.ndarray]]:
        """Give items, and places of their symbols, for a slot with room for so many."""
        self._admit(slot)
        for item in [*self._flying]:
            places = item.take(room, self._clock.turn(slot))
            room -= len(places)
            if len(places):
                yield item, places
        yield from self._begin(slot, room)

    def receive(self, item: Item, places: np.ndarray, slot: int) -> None:
        """Take note that symbols of an item came with a slot; decode where they are all."""
        if not item.complete:
            return
        number = self._flying.pop(item)
        block = self.blocks[number]
        block.receive(item.received, item.noise_variance, slot)
        heard, ok = self._arq.heard(), block.arrived is not None
        again = slot + self._arq.round_trip
        if block.attempts == 1 and heard:
            self._choice.answer(again, ok, block.mcs)
        if not (ok and heard) and block.attempts < self._arq.most:
            heapq.heappush(self._again, (again, number))
        elif not ok and self.stream.keep_late:
            self._anew += [(again, p) for p in block.packets if self._rounds[p] < ROUNDS]

    @property
    def delivery(self) -> Delivery:
        """Times of the packets."""
        return Delivery.of(self.times, self.sent_s, self._arrived_s(), self._clock.budget_s)

    def received(self) -> ReceivedBits:
        """Return what came, in time and, where it is kept, late."""
        whole = unpack([block.payload for block in self.blocks])
        is_late, overdue_s = self.delivery.late, self.delivery.overdue_s
        in_time = {p: d for p, d in whole.items() if not is_late[p]}
        late = {p: d for p, d in whole.items() if is_late[p] and self.stream.keep_late}
        return ReceivedBits(self.stream.name, in_time, late, {p: overdue_s[p] for p in late})

    def _arrived_s(self) -> np.ndarray:
        """Return the end of the slot with which each packet was whole; NaN if it never was."""
        slots = [np.nan if block.arrived is None else block.arrived for block in self.blocks]
        end = self._clock.end_s(np.array(slots, float))
        return np.array([end[mine].max() if mine else np.nan for mine in self._blocks_of], float)

    def _admit(self, slot: int) -> None:
        while self._next < len(self.times) and self._clock.ready(self.times, self._next, slot):
            self._ready.append(self._next)
            self._next += 1
        due = sorted({packet for when, packet in self._anew if when <= slot} - {*self._ready})
        self._anew = [(when, packet) for when, packet in self._anew if when > slot]
        for packet in reversed(due):
            self._rounds[packet] += 1
            self._blocks_of[packet] = []
            self._ready.appendleft(packet)
        if not self.stream.keep_late:
            late = (p for p in [*self._ready] if self._clock.late(self.times, p, slot))
            for packet in late:
                self._ready.remove(packet)

    def _begin(self, slot: int, room: int) -> Iterator[tuple[Item, np.ndarray]]:
        """Give the first pieces of blocks that begin in a slot, those sent again first."""
        turn = self._clock.turn(slot)
        while (number := self._next_block(slot, room)) is not None:
            block = self.blocks[number]
            item = Item(block.send(), self._pieces(block, slot), turn)
            self._flying[item] = number
            places = item.take(room, turn)
            room -= len(places)
            yield item, places

    def _next_block(self, slot: int, room: int) -> int | None:
        """Return the number of the block to send now; None if there is none that has room."""
        if not room:
            return None
        while self._again and self._again[0][0] <= slot:
            number = heapq.heappop(self._again)[1]
            if not self._useless(self.blocks[number], slot):
                return number
        return self._new_block(slot, min(room, self._codes.symbols(PARTS)))

    def _new_block(self, slot: int, most: int) -> int | None:
        size = self._waiting_bytes()
        if not size:
            return None
        mcs = self._choice.choose(slot)
        parts = self._codes.fitting(mcs, size + OFFSET_BYTES, most)
        if not parts:
            return None
        room = self._codes.payload_bytes(mcs, parts)
        while self._ready and self._packer.waiting_bytes < room - OFFSET_BYTES:
            packet = self._ready.popleft()
            self._packer.add(packet, self.stream.packets[packet])
        payload = self._packer.take(room)
        number = len(self.blocks)
        self.blocks.append(
            Block(payload, mcs, *self._codes.code(mcs, parts), self._packer.held, slot)
        )
        for packet in self._packer.held:
            self._blocks_of[packet].append(number)
            if np.isnan(self.sent_s[packet]):
                self.sent_s[packet] = self._clock.start_s(slot)
        return number

    def _pieces(self, block: Block, slot: int) -> int:
        """Return over how many slots a block is interleaved, which its time may not allow."""
        if self._clock.budget_s is None or not block.packets:
            return self._depth
        return min(self._depth, self._clock.pieces(self.times, block.packets[0], slot))

    def _waiting_bytes(self) -> int:
        ready = sum(HEADER_BYTES + len(self.stream.packets[p]) for p in self._ready)
        return self._packer.waiting_bytes + ready

    def _useless(self, block: Block, slot: int) -> bool:
        """Return whether nothing that a block holds could be there in time."""
        late = (self._clock.late(self.times, packet, slot) for packet in block.packets)
        return not self.stream.keep_late and all(late)
