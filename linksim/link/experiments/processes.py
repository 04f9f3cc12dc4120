"""Stop-and-wait HARQ processes of many links at once."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from linksim.phy.coding.harq import HarqCode

CODEWORDS = 32
"""Code words of each MCS that are sent again and again; the noise is new each time."""


class SentWords:
    """The code of one MCS, and what is sent of its code words."""

    def __init__(self, code: HarqCode) -> None:
        self.code = code
        shape = (CODEWORDS, 8 * code.block.payload_bytes)
        self._mother = code.encode(np.random.default_rng(1).integers(0, 2, shape))
        self.symbols = lru_cache(maxsize=32)(self._send)

    def _send(self, attempt: int) -> np.ndarray:
        return self.code.send(self._mother, attempt)


@dataclass
class Processes:
    """The stop-and-wait process of each link whose turn it is; arrays of [links].

    Parameters
    ----------
    mcs, word : np.ndarray
        int; I_MCS and code word of the block.
    attempt : np.ndarray
        int; transmissions made of it, 0 before the first block.
    arrived, heard : np.ndarray
        bool; whether the receiver has the block, and whether its last answer came through.
    """

    mcs: np.ndarray
    word: np.ndarray
    attempt: np.ndarray
    arrived: np.ndarray
    heard: np.ndarray

    @classmethod
    def idle(cls, links: int) -> "Processes":
        """Return processes that have sent nothing."""
        return cls(*(np.zeros(links, kind) for kind in (int, int, int, bool, bool)))

    def answers(self) -> np.ndarray:
        """Return what the transmitter knows: 1 for an ACK, 0 for a NACK, -1 for neither."""
        return np.where(self.heard, self.arrived.astype(int), -1)

    def start(self, fresh: np.ndarray, mcs: np.ndarray, word: np.ndarray) -> None:
        """Begin new blocks where it is asked for; bool, int and int, [links]."""
        self.mcs = np.where(fresh, mcs, self.mcs)
        self.word = np.where(fresh, word, self.word)
        self.attempt = np.where(fresh, 0, self.attempt)
        self.arrived = self.arrived & ~fresh
