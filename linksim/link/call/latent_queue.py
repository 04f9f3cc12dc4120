"""Latents that wait for their slots, unit by unit."""

from collections.abc import Iterator

import numpy as np

from linksim.endpoint import ABSENT, ReceivedSymbols, SymbolStream
from linksim.errors import LinksimError
from linksim.link.call.clock import Clock
from linksim.link.call.delivery import Delivery
from linksim.link.call.item import Item
from linksim.timing import Times

SCALE_BITS = 8
"""Side information of a unit: its scale, in steps of `SCALE_STEP_DB`."""

SCALE_STEP_DB = 0.75
SILENCE = 1e-12
"""Least power of a pair that a scale tells of."""


class LatentQueue:
    """One stream of latents.

    Each unit is sent at unit mean energy a resource element, but for rounding of its scale, which
    is side information. A grant of slots of one's own spreads a unit over them for a share of the
    time that it has, so that it meets more of the fading; slots that are charged as they are
    needed take it at once. What cannot be there in time is not sent, unless the stream keeps what
    is late.

    Parameters
    ----------
    stream : SymbolStream
        The stream.
    units : tuple of int
        Latents of each unit.
    times : Times
        Times of the units.
    clock : Clock
        Slots and delay budget.

    Raises
    ------
    LinksimError
        If a latent is NaN or infinite.
    """

    def __init__(
        self, stream: SymbolStream, units: tuple[int, ...], times: Times, clock: Clock
    ) -> None:
        if not np.isfinite(stream.latents).all():
            raise LinksimError("a latent to transmit is NaN or infinite; check the encoder")
        self.stream, self.times, self._clock = stream, times, clock
        ends = np.cumsum(units, dtype=int).tolist()
        self._latents = [stream.latents[end - n : end] for n, end in zip(units, ends, strict=True)]
        self._scales = [_scale(latents) for latents in self._latents]
        self._items: list[Item] = []
        self._open: list[int] = []
        self._late = [np.zeros(-(-size // 2), bool) for size in units]
        self.sent_s = np.full(len(units), np.nan)
        self.arrived_s = np.full(len(units), np.nan)

    @property
    def side_bits(self) -> int:
        """Bits of side information."""
        return SCALE_BITS * len(self._scales)

    @property
    def done(self) -> bool:
        """Whether nothing is left to be sent."""
        return not self._open and len(self._items) == len(self._latents)

    def waiting(self, slot: int) -> int:
        """Return how many symbols are ready at the start of a slot."""
        self._admit(slot)
        return sum(self._items[unit].left for unit in self._open)

    def urgent(self, slot: int) -> bool:
        """Return whether some of them must not wait for others to fill a slot."""
        return any(self._clock.urgent(self.times, unit, slot) for unit in self._open)

    def fill(self, slot: int, room: int) -> Iterator[tuple[Item, np.ndarray]]:
        """Give items, and places of their symbols, for a slot with room for so many."""
        self._admit(slot)
        for unit in list(self._open):
            if not self.stream.keep_late and self._clock.late(self.times, unit, slot):
                self._open.remove(unit)
                continue
            places = self._items[unit].take(room, self._clock.turn(slot))
            if len(places):
                room -= len(places)
                if np.isnan(self.sent_s[unit]):
                    self.sent_s[unit] = self._clock.start_s(slot)
                yield self._items[unit], places

    def receive(self, item: Item, places: np.ndarray, slot: int) -> None:
        """Take note that symbols of an item came with a slot."""
        unit = next(unit for unit in self._open if self._items[unit] is item)
        self._late[unit][places] = self._clock.late(self.times, unit, slot)
        if item.complete:
            self.arrived_s[unit] = self._clock.end_s(slot)
            self._open.remove(unit)

    @property
    def delivery(self) -> Delivery:
        """Times of the units."""
        return Delivery.of(self.times, self.sent_s, self.arrived_s, self._clock.budget_s)

    def received(self) -> ReceivedSymbols:
        """Return what came."""
        nothing = [np.zeros(0, kind) for kind in (np.float32, np.float32, bool)]
        parts = [nothing, *(self._unit(unit) for unit in range(len(self._latents)))]
        latents, variance, late = (np.concatenate(part) for part in zip(*parts, strict=True))
        return ReceivedSymbols(self.stream.name, latents, variance, late if late.any() else None)

    def _unit(self, unit: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return latents, noise variance and lateness of a unit, as many as it has."""
        count, scale = len(self._latents[unit]), self._scales[unit]
        item = self._items[unit]
        came = np.isfinite(item.noise_variance)
        # A complex noise variance is shared evenly by the two reals.
        variance = np.where(came, item.noise_variance, ABSENT) / 2 * scale**2
        both = np.stack([item.received.real, item.received.imag], axis=1).reshape(-1)[:count]
        return both * scale, np.repeat(variance, 2)[:count], np.repeat(self._late[unit], 2)[:count]

    def _admit(self, slot: int) -> None:
        while (unit := len(self._items)) < len(self._latents):
            if not self._clock.ready(self.times, unit, slot):
                return
            latents = self._latents[unit] / self._scales[unit]
            pairs = np.pad(latents, (0, len(latents) % 2)).reshape(-1, 2).astype(np.float32)
            symbols = (pairs[:, 0] + 1j * pairs[:, 1]).astype(np.complex64)
            pieces = self._clock.pieces(self.times, unit, slot)
            self._items.append(Item(symbols, pieces, self._clock.turn(slot)))
            if len(symbols):
                self._open.append(unit)
            else:
                self.sent_s[unit] = self.arrived_s[unit] = self.times.ready_s[unit]


def _scale(latents: np.ndarray) -> float:
    """Return what gives pairs of latents unit mean energy, rounded as it is told."""
    power = 2.0 * float(np.mean(np.square(latents, dtype=np.float64))) if latents.size else 1.0
    step = round(10.0 * np.log10(max(power, SILENCE)) / SCALE_STEP_DB)
    return float(10.0 ** (step * SCALE_STEP_DB / 20.0))
