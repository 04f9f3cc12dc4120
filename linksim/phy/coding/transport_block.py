"""Transport blocks of the MCS tables: sizes, CRCs and segmentation of TS 38.214 and 38.212."""

from functools import lru_cache

from linksim.errors import LinksimError
from linksim.phy.coding.code_block import CodeBlock
from linksim.phy.coding.codes.ldpc import LDPC
from linksim.phy.coding.mcs import Mcs
from linksim.phy.modulations import MODULATIONS

STEP = 0.99
"""Factor by which the target rate is lowered until the code rate is one that can be decoded."""

LEAST_BITS, LEAST_CRC = 24, 16
"""Payload of the smallest transport block (TS 38.214, Table 5.1.3.2-1), and its CRC, in bits."""


def holds_block(mcs: Mcs, symbols: int) -> bool:
    """Return whether so many symbols hold the smallest transport block at a modulation."""
    order = MODULATIONS[mcs.modulation].bits
    return LDPC.max_rate * order * (symbols - 1) >= LEAST_BITS + LEAST_CRC


@lru_cache(maxsize=4096)  # Sionna takes tens of milliseconds for each
def transport_block(mcs: Mcs, symbols: int) -> CodeBlock:
    """Return the transport block that a slot carries at an MCS (TS 38.214, clause 5.1.3.2).

    The target rate is that of the payload alone: a CRC-16 up to 3824 bits, or a CRC-24A, comes on
    top. Where the code rate would then be above 0.95, which receivers need not decode (5.1.3), it
    is the next smaller block that is not. Longer ones are cut into code blocks (38.212, 5.2.2).

    Parameters
    ----------
    mcs : Mcs
        Modulation and target code rate, of a table.
    symbols : int
        Data symbols of the slot, those of all streams together.

    Raises
    ------
    LinksimError
        If not even the smallest block fits.
    """
    if not holds_block(mcs, symbols):
        raise LinksimError(
            f"{symbols} data symbols of {mcs.modulation} hold no transport block, which has "
            f"{LEAST_BITS} bits and a CRC at least; use more subcarriers"
        )
    from sionna.phy.nr.utils import calculate_tb_size

    order = MODULATIONS[mcs.modulation].bits
    coded, rate = symbols * order, mcs.code_rate
    while True:
        payload, _, segments, crc, inner = (
            int(size)
            for size in calculate_tb_size(
                order,
                rate,
                num_coded_bits=coded,
                return_cw_length=False,
                verbose=False,
                precision="double",
            )
        )
        if payload + crc + segments * inner <= LDPC.max_rate * (coded - order * segments):
            break
        rate *= STEP
    graph = base_graph(payload, mcs.code_rate)
    return CodeBlock(payload + crc, coded, 1, crc_bits=crc, segments=segments, graph=graph)


def base_graph(payload: int, rate: float) -> str:
    """Return the base graph for a payload in bits and a target rate (TS 38.212, 7.2.2)."""
    if payload <= 292 or (payload <= 3824 and rate <= 0.67) or rate <= 0.25:
        return "bg2"
    return "bg1"


def segment_lengths(block: CodeBlock, order: int) -> list[int]:
    """Return the coded bits of each code block of a transport block (TS 38.212, 5.4.2.1)."""
    symbols, count = block.coded_bits // order, block.segments
    longer = symbols % count
    return [order * (symbols // count + (index >= count - longer)) for index in range(count)]
