"""Codes of transport blocks that fill a part of a slot."""

from functools import lru_cache
from math import floor

from linksim.link.adaptation.slot_codes import code_of
from linksim.link.config import LinkConfig
from linksim.link.framing import MIN_BLOCK_BYTES
from linksim.phy.coding.generator import Generator
from linksim.phy.coding.harq import HarqCode
from linksim.phy.coding.mcs import Mcs
from linksim.phy.coding.transport_block import holds_block, transport_block
from linksim.phy.modulations import MODULATIONS

PARTS = 8
"""Parts of a slot that blocks are made of; a code is set up for each MCS and number of them."""


class BlockCodes:
    """Codes by MCS and parts of a slot, each set up when it is first asked for.

    Sizes are those of TS 38.214, clause 5.1.3.2, for so many resource elements.

    Parameters
    ----------
    config : LinkConfig
        Its grid, combining and decoder iterations are used.
    """

    def __init__(self, config: LinkConfig) -> None:
        self._config, self._symbols = config, config.slot_data_symbols
        self.code = lru_cache(maxsize=None)(self._code)

    def symbols(self, parts: int) -> int:
        """Return the symbols of so many parts of a slot."""
        return self._symbols * parts // PARTS

    def holds_packets(self, mcs: Mcs) -> bool:
        """Return whether the block that fills a slot holds a packet header."""
        return self.payload_bytes(mcs, PARTS) >= MIN_BLOCK_BYTES

    def needed(self, size: int) -> int:
        """Return the symbols that so many bytes take at the link's own MCS, about."""
        mcs = self._config.mcs
        return round(8 * size / (MODULATIONS[mcs.modulation].bits * mcs.code_rate))

    def fitting(self, mcs: Mcs, size: int, room: int) -> int:
        """Return the parts of the block that carries `size` bytes, or as many as there is room for.

        Parameters
        ----------
        mcs : Mcs
            Modulation and code rate.
        size : int
            Bytes that wait.
        room : int
            Symbols that are free.

        Returns
        -------
        int
            0 if what there is room for holds no packet header.
        """
        most = max((p for p in range(PARTS + 1) if self.symbols(p) <= room), default=0)
        rate = MODULATIONS[mcs.modulation].bits * mcs.code_rate / 8
        parts = min(most, max(1, floor(size * PARTS / (rate * self._symbols))))
        while parts < most and self.payload_bytes(mcs, parts) < max(size, MIN_BLOCK_BYTES):
            parts += 1
        return parts if parts and self.payload_bytes(mcs, parts) >= MIN_BLOCK_BYTES else 0

    def payload_bytes(self, mcs: Mcs, parts: int) -> int:
        """Return what a block of so many parts of a slot carries; 0 where none fits."""
        symbols = self.symbols(parts)
        return transport_block(mcs, symbols).payload_bytes if holds_block(mcs, symbols) else 0

    def _code(self, mcs: Mcs, parts: int) -> tuple[HarqCode, Generator]:
        code = code_of(self._config, mcs, self.symbols(parts))
        return code, Generator(code)
