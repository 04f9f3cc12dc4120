"""MCSs of blocks: one for all, or as reports and acknowledgements have it."""

import numpy as np

from linksim.link.adaptation.outer_loop import START_DB, OuterLoop
from linksim.link.adaptation.reports import Reports
from linksim.link.call.block_codes import BlockCodes
from linksim.phy.coding.mcs import MCS_TABLES, Mcs


class Adapted:
    """MCSs that follow the channel, by the loop that `AdaptiveSender` uses.

    Parameters
    ----------
    loop : OuterLoop
        The loop, of one link.
    table : int
        Number of the MCS table.
    reports : Reports
        What is reported; its slots are those of the channel realisation.
    first : int
        Slot of the realisation with which the call begins.
    codes : BlockCodes
        Codes; an MCS whose block holds no packet in a whole slot is not chosen.
    """

    def __init__(
        self, loop: OuterLoop, table: int, reports: Reports, first: int, codes: BlockCodes
    ) -> None:
        self._loop, self._table, self._reports, self._first = (
            loop,
            MCS_TABLES[table],
            reports,
            first,
        )
        self._least = next(i for i, mcs in enumerate(self._table) if codes.holds_packets(mcs))
        self._answers: list[tuple[int, bool, Mcs]] = []
        loop.reset(START_DB + reports.excess_db(first))

    def answer(self, slot: int, ok: bool, mcs: Mcs) -> None:
        """Take note of what an acknowledgement says that is known in a slot."""
        self._answers.append((slot, ok, mcs))

    def choose(self, slot: int) -> Mcs:
        """Return the MCS of a block that begins in a slot."""
        due = [answer for answer in self._answers if answer[0] <= slot]
        self._answers = [answer for answer in self._answers if answer[0] > slot]
        for when, ok, mcs in due:
            self._step(when, int(ok), self._table.index(mcs))
        return self._table[max(self._least, self._step(slot, -1, 0))]

    def _step(self, slot: int, answer: int, sent: int) -> int:
        report = np.array([self._reports.at(self._first + slot)])
        return int(self._loop.choose(report, np.array([answer]), np.array([sent]))[0])


class Fixed:
    """One MCS for all blocks of a stream.

    Parameters
    ----------
    mcs : Mcs
        Modulation and code rate.
    """

    def __init__(self, mcs: Mcs) -> None:
        self._mcs = mcs

    def answer(self, slot: int, ok: bool, mcs: Mcs) -> None:
        """Take no note."""

    def choose(self, slot: int) -> Mcs:
        """Return the MCS."""
        return self._mcs
