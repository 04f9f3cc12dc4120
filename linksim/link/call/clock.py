"""The slot clock of a call: which slots there are, and by when a unit has to be there."""

import math
from dataclasses import dataclass
from typing import Any

from linksim.link.call.grant import Grant
from linksim.timing import Times

TOLERANCE_S = 1e-9

SPREAD = 0.75
"""Share of the time that a unit has over which a grant of slots of one's own spreads it."""

HOLD = 0.25
"""Share of the time that a unit has for which it may wait for others to fill a slot with it."""


@dataclass(frozen=True)
class Clock:
    """Slots of one length from the start of the clip on, and a delay budget.

    Parameters
    ----------
    slot_s : float
        Length of a slot in s.
    grant : Grant
        The slots that the call may use.
    budget_s : float or None
        Delay budget, capture to playout, in s; None without a deadline.
    """

    slot_s: float
    grant: Grant
    budget_s: float | None

    def start_s(self, slot: int) -> float:
        """Return when a slot starts, in s."""
        return slot * self.slot_s

    def end_s(self, slot: Any) -> Any:
        """Return when slots end, in s; what they carry is there then."""
        return (slot + 1) * self.slot_s

    def slots(self, duration_s: float) -> int:
        """Return the slots from the start of a clip to the moment when the last of it is played."""
        return math.ceil((duration_s + (self.budget_s or 0.0)) / self.slot_s - TOLERANCE_S)

    def turn(self, slot: int) -> int:
        """Return how many slots are granted before one."""
        return self.grant.turn(slot)

    def ready(self, times: Times, unit: int, slot: int) -> bool:
        """Return whether a unit is ready when a slot starts."""
        return times.ready_s[unit] <= self.start_s(slot) + TOLERANCE_S

    def late(self, times: Times, unit: int, slot: int) -> bool:
        """Return whether what is sent in a slot comes too late for a unit."""
        return self.end_s(slot) > self.deadline_s(times, unit) + TOLERANCE_S

    def urgent(self, times: Times, unit: int, slot: int) -> bool:
        """Return whether a unit must not wait longer for others to fill a slot with it."""
        if self.budget_s is None or self.grant.fixed:
            return True
        ready = times.ready_s[unit]
        left = self.deadline_s(times, unit) - ready
        return self.start_s(slot) - ready >= HOLD * left - TOLERANCE_S

    def pieces(self, times: Times, unit: int, slot: int) -> int:
        """Return over how many of its own slots a unit is spread; 1 where slots are shared."""
        if self.budget_s is None or not self.grant.fixed:
            return 1
        start = self.start_s(slot)
        left = max(0.0, self.deadline_s(times, unit) - start)
        return max(1, self.grant.within(start, start + SPREAD * left))

    def deadline_s(self, times: Times, unit: int) -> float:
        """Return when a unit is played, in s; infinite without a deadline."""
        return math.inf if self.budget_s is None else times.captured_s[unit] + self.budget_s
