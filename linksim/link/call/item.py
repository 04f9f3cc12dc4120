"""Symbols on their way: one transmission of a transport block, or a unit of latents."""

import numpy as np

GOLDEN = (5**0.5 - 1) / 2


class Item:
    """Symbols that go out in pieces, one a slot, as many as are due.

    Parameters
    ----------
    symbols : np.ndarray
        complex64, [n]; of unit mean energy.
    pieces : int
        Turns over which they are spread evenly, neighbours far apart.
    turn : int
        Turn, that is granted slot, in which the first piece is due.
    """

    def __init__(self, symbols: np.ndarray, pieces: int, turn: int) -> None:
        self.symbols = symbols
        self.received = np.zeros_like(symbols)
        self.noise_variance = np.full(len(symbols), np.inf, np.float32)
        self._order = _spread(len(symbols)) if pieces > 1 else np.arange(len(symbols))
        self._pieces, self._turn, self._sent = pieces, turn, 0

    @property
    def left(self) -> int:
        """Symbols that have not been sent."""
        return len(self.symbols) - self._sent

    @property
    def complete(self) -> bool:
        """Whether all symbols have been sent."""
        return not self.left

    def due(self, turn: int) -> int:
        """Return how many symbols should be sent by the end of a turn and are not."""
        share = min(self._pieces, turn - self._turn + 1)
        return -(-len(self.symbols) * share // self._pieces) - self._sent

    def take(self, most: int, turn: int) -> np.ndarray:
        """Return the places, int [m], of what is sent in a turn: at most so many that are due."""
        count = min(most, self.due(turn))
        places = self._order[self._sent : self._sent + count]
        self._sent += count
        return places


def _spread(count: int) -> np.ndarray:
    """Return an order in which neighbours are far apart, however it is cut."""
    return np.argsort(np.arange(1, count + 1) * GOLDEN % 1.0)
