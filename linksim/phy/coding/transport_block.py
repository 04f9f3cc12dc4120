"""Transport blocks of the MCS tables: sizes, CRCs and segmentation of TS 38.214 and 38.212."""

from functools import lru_cache

from linksim.phy.coding.code_block import CodeBlock
from linksim.phy.coding.codes.ldpc import LDPC
from linksim.phy.coding.mcs import Mcs
from linksim.phy.modulations import MODULATIONS

STEP = 0.99
"""Factor by which the target rate is lowered until the code rate is one that can be decoded."""


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
    """
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
