"""The pilots of a slot: their places, and the streams that they belong to."""

from dataclasses import dataclass

import numpy as np

from linksim.errors import LinksimError
from linksim.options import check_range

SYMBOLS_PER_SLOT = 14
PILOT_SYMBOLS = (2, 11)
"""OFDM symbols of a slot that carry pilots on every subcarrier, unless a link says otherwise."""

NORMAL_PREFIX = 144 / 2048
"""Cyclic prefix over the useful symbol (TS 38.211, 5.3.1); that of two symbols a slot is longer."""

MAX_SPACING = 12
LEAST_PILOTS = 4
"""Least number of pilots of a stream in an OFDM symbol, which third differences need."""


def slot_duration(subcarrier_spacing: float) -> float:
    """Return the duration of a slot in s for a subcarrier spacing in Hz: 1 ms at 15 kHz."""
    return 15.0 / subcarrier_spacing


@dataclass(frozen=True)
class PilotLayout:
    """A comb in some OFDM symbols, shared out among the streams tooth by tooth.

    ::

        subcarrier   0 1 2 3 4 5 6 7 …
        spacing 1    0 1 0 1 0 1 0 1     two streams: the others are silent where one has a pilot
        spacing 2    0 . 1 . 0 . 1 .     . carries data of all streams

    Parameters
    ----------
    symbols : tuple of int
        OFDM symbols of a slot that carry pilots.
    spacing : int
        Subcarriers from one pilot to the next, whichever stream has it.
    streams : int
        Streams that are sent at once.
    """

    symbols: tuple[int, ...] = PILOT_SYMBOLS
    spacing: int = 1
    streams: int = 1

    def subcarriers(self, total: int, stream: int | None = None) -> np.ndarray:
        """Return the subcarriers, of so many, with pilots of a stream, or of any."""
        if stream is None:
            return np.arange(0, total, self.spacing)
        return np.arange(stream * self.spacing, total, self.streams * self.spacing)

    def count(self, total: int) -> int:
        """Return the resource elements of a slot of so many subcarriers that are no data."""
        return len(self.symbols) * self.subcarriers(total).size

    def check(self, total: int) -> None:
        """Raise `LinksimError` where a stream has too few pilots among so many subcarriers."""
        check_range("pilot_spacing", self.spacing, 1, MAX_SPACING)
        least = self.subcarriers(total, self.streams - 1).size
        if least < LEAST_PILOTS:
            raise LinksimError(
                f"pilot_spacing {self.spacing} leaves a stream {least} pilots in an OFDM symbol of "
                f"{total} subcarriers with {self.streams} stream(s); {LEAST_PILOTS} are needed"
            )


def parse_pilot_symbols(text: int | str) -> tuple[int, ...]:
    """Return the OFDM symbols that ``"2+11"`` names.

    Raises
    ------
    LinksimError
        If they are no different numbers from 0 to 13.
    """
    parts = str(text).split("+")
    symbols = sorted({int(part) for part in parts if part.strip().isdecimal()})
    if len(symbols) != len(parts) or symbols[-1] >= SYMBOLS_PER_SLOT:
        raise LinksimError(
            f"pilots '{text}' must be different OFDM symbols from 0 to {SYMBOLS_PER_SLOT - 1}, "
            "joined by +, as 2+11"
        )
    return tuple(symbols)
