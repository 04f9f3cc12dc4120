"""Transport blocks of one code block each: sizes that fit into slots."""

from dataclasses import dataclass

from linksim.errors import LinksimError
from linksim.options import check_range
from linksim.phy.coding.codes import CODES, Code
from linksim.phy.coding.mcs import Mcs
from linksim.phy.modulations import MODULATIONS

CRC_BITS = 24
"""Bits of the CRC that each transport block ends in, CRC-24A of TS 38.212, clause 5.1."""


@dataclass(frozen=True)
class CodeBlock:
    """Sizes of one transport block, which is one code block.

    Parameters
    ----------
    info_bits : int
        k, CRC included; a whole number of payload bytes plus 24.
    coded_bits : int
        n.
    per_frame : int
        Blocks in one interleaver frame.
    """

    info_bits: int
    coded_bits: int
    per_frame: int

    @property
    def payload_bytes(self) -> int:
        """Bytes that one block carries."""
        return (self.info_bits - CRC_BITS) // 8


def fit_code_block(
    mcs: Mcs,
    slot_symbols: int,
    *,
    slots: int = 1,
    block_length: int | None = None,
    repetition: bool = False,
    code: str = "ldpc",
) -> CodeBlock:
    """Fit code blocks into an interleaver frame (TS 38.212, 5.2.2 and 5.4.2).

    Unless `block_length` says otherwise a block fills one slot, or an equal share of it
    where one block would be longer than the code allows.

    Parameters
    ----------
    mcs : Mcs
        Modulation and code rate.
    slot_symbols : int
        Data symbols of a slot, those of all streams together.
    slots : int
        Slots of an interleaver frame.
    block_length : int, optional
        Coded bits of a block.
    repetition : bool
        Whether code rates below the code's least are allowed, for those who repeat bits.
    code : str
        Name of the code.

    Raises
    ------
    LinksimError
        If no such block exists.

    Examples
    --------
    >>> fit_code_block(Mcs("16qam", 0.5), 864)
    CodeBlock(info_bits=1728, coded_bits=3456, per_frame=1)
    """
    family = CODES[code]
    rate, lowest = mcs.code_rate, 0.0 if repetition else family.min_rate
    order = MODULATIONS[mcs.modulation].bits
    check_range("code_rate", rate, lowest, family.max_rate)
    slot_bits = slot_symbols * order
    frame_bits = slot_bits * slots
    if block_length is None:
        coded = _largest_share(family, slot_bits, rate, order)
    else:
        coded = block_length
        if not 0 < coded <= frame_bits:
            raise LinksimError(
                f"block_length {coded} must be between 1 and the {frame_bits} coded bits of a "
                f"frame ({slots} slot(s), {mcs.modulation})"
            )
        if coded % order:
            raise LinksimError(
                f"block_length {coded} must be a multiple of {order}, the bits of one "
                f"{mcs.modulation} symbol"
            )
    info = (int(coded * rate + 1e-6) - CRC_BITS) // 8 * 8 + CRC_BITS
    if info < CRC_BITS + 8:
        raise LinksimError(
            f"block_length {coded} at code rate {rate:g} leaves no payload after the "
            f"{CRC_BITS}-bit CRC; use a longer block or a higher rate"
        )
    most = family.max_info_bits(rate)
    if info > most:
        raise LinksimError(
            f"block_length {coded} at code rate {rate:g} needs {info} information bits; code "
            f"{code} has at most {most} at this rate"
        )
    if info / coded < lowest:  # rounding to whole bytes may fall below what the code has
        info += 8
    return CodeBlock(info, coded, frame_bits // coded)


def _largest_share(code: Code, slot_bits: int, rate: float, order: int) -> int:
    parts = 1
    while int(slot_bits // parts * rate) > code.max_info_bits(rate):
        parts += 1
    return slot_bits // parts // order * order
