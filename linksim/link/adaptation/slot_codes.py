"""The codes of an MCS table whose transport blocks fill a slot each."""

from functools import lru_cache

from linksim.errors import LinksimError
from linksim.link.config import LinkConfig
from linksim.phy.coding.code_block import CodeBlock
from linksim.phy.coding.harq import HarqCode
from linksim.phy.coding.mcs import MCS_TABLES, Mcs
from linksim.phy.coding.transport_block import transport_block


def own_block(config: LinkConfig, mcs: Mcs) -> CodeBlock:
    """Return the one code block that fills a slot at a modulation and code rate.

    Raises
    ------
    LinksimError
        If more than one code block fills the slot, or blocks are interleaved over slots.
    """
    block = config.code_block(mcs)
    if block.per_frame > 1 or config.interleave_slots > 1 or config.block_length is not None:
        raise LinksimError(
            f"one code block is to fill one slot here, but there are {block.per_frame} in "
            f"{config.interleave_slots} slot(s); use fewer subcarriers, no block_length and no "
            "interleaving"
        )
    return block


class SlotCodes:
    """A code for each MCS of a table, built when it is first asked for.

    Parameters
    ----------
    config : LinkConfig
        Its grid, combining and decoder iterations are used, its modulation and code rate are not.
    table : int
        Number of the MCS table, 1 to 3.

    Raises
    ------
    LinksimError
        If blocks are interleaved over slots, or their length is set.
    """

    def __init__(self, config: LinkConfig, table: int) -> None:
        self._config, self._table = config, MCS_TABLES[table]
        if config.interleave_slots > 1 or config.block_length is not None:
            raise LinksimError(
                "a transport block fills a slot where the MCS is one of a table; use no "
                "block_length and no interleaving"
            )
        self.blocks = [transport_block(mcs, config.slot_data_symbols) for mcs in self._table]
        self.code = lru_cache(maxsize=None)(self._code)

    def _code(self, mcs: int) -> HarqCode:
        return code_of(self._config, self._table[mcs], self._config.slot_data_symbols)


def code_of(config: LinkConfig, mcs: Mcs, symbols: int) -> HarqCode:
    """Set up the code of the transport block that so many symbols carry at an MCS."""
    return HarqCode(
        transport_block(mcs, symbols),
        mcs.modulation,
        combining=config.combining,
        iterations=config.decoder_iterations,
    )
