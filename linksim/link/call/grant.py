"""Slots of the slot clock that a call may use.

::

    as-needed       every slot may be used
    as-needed:200   as many as 200 slots a second, saved up over a tenth of a second
    2/10            2 slots every 10 ms, as a semi-persistent grant gives them (TS 38.321, 5.8)
"""

import math
from dataclasses import dataclass

from linksim.errors import LinksimError

AS_NEEDED = "as-needed"
SAVED_S = 0.1
"""Time over which slots that a capped grant did not use are saved up, in s."""


@dataclass(frozen=True)
class Grant:
    """Slots that are granted, and how many of them may be used.

    Parameters
    ----------
    slot_s : float
        Length of a slot in s.
    slots : int
        Granted slots of each period, from its start on.
    period : int
        Slots of a period.
    cap : float or None
        Most slots a second that are used, on average; None for all that are granted.
    """

    slot_s: float
    slots: int = 1
    period: int = 1
    cap: float | None = None

    @classmethod
    def parse(cls, text: str, slot_s: float) -> "Grant":
        """Read a grant.

        Raises
        ------
        LinksimError
            If it is none, or does not fit the slot clock.
        """
        kind, _, most = text.strip().partition(":")
        if kind == AS_NEEDED:
            cap = _number(most, text) if most else None
            return cls(slot_s, cap=cap)
        slots, slash, period_ms = text.partition("/")
        if not slash:
            raise _no_grant(text)
        count, period = _number(slots, text), _number(period_ms, text) * 1e-3 / slot_s
        if count != int(count) or abs(period - round(period)) > 1e-6 or not count <= period:
            raise LinksimError(
                f"grant '{text}': give whole slots, no more than the period of whole slots of "
                f"{1e3 * slot_s:g} ms has"
            )
        return cls(slot_s, int(count), round(period))

    @property
    def share(self) -> float:
        """Share of all slots that may be used, on average."""
        granted = self.slots / self.period
        return granted if self.cap is None else min(granted, self.cap * self.slot_s)

    @property
    def fixed(self) -> bool:
        """Whether slots are the call's own, used or not."""
        return self.period > 1

    def has(self, slot: int) -> bool:
        """Return whether a slot is granted."""
        return slot % self.period < self.slots

    def turn(self, slot: int) -> int:
        """Return how many slots are granted from 0 to the one before `slot`."""
        whole, rest = divmod(slot, self.period)
        return whole * self.slots + min(rest, self.slots)

    def usable(self, slots: int) -> int:
        """Return how many of so many slots from 0 on may be used, by grant and cap."""
        granted = self.turn(slots)
        return granted if self.cap is None else min(granted, round(self.cap * slots * self.slot_s))

    def within(self, start_s: float, end_s: float) -> int:
        """Return how many granted slots lie wholly between two times in s."""
        first = math.ceil(start_s / self.slot_s - 1e-6)
        last = math.floor(end_s / self.slot_s + 1e-6)
        return self.turn(max(first, last)) - self.turn(first)


class Cap:
    """Counts what a capped grant may still use.

    Parameters
    ----------
    grant : Grant
        The grant; one without a cap always has room.
    """

    def __init__(self, grant: Grant) -> None:
        self._grant, self._saved, self._seen = grant, 1.0, 0

    def room(self, slot: int) -> bool:
        """Return whether a slot may be used; slots are asked for in order."""
        if self._grant.cap is None:
            return True
        rate = self._grant.cap * self._grant.slot_s
        most = max(1.0, self._grant.cap * SAVED_S)
        self._saved = min(most, self._saved + rate * (slot - self._seen))
        self._seen = slot
        return self._saved >= 1.0

    def use(self) -> None:
        """Take one slot of what is saved."""
        self._saved -= 1.0


def _number(text: str, grant: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise _no_grant(grant) from None
    if not 0 < value < math.inf:
        raise _no_grant(grant)
    return value


def _no_grant(text: str) -> LinksimError:
    return LinksimError(
        f"grant '{text}' must be {AS_NEEDED}, {AS_NEEDED}:SLOTS for a cap of slots a second, or "
        "SLOTS/MS, as 2/10 for two slots every 10 ms"
    )
