"""Transport blocks: sizes that fit into slots."""

from dataclasses import dataclass, field

from linksim.errors import LinksimError
from linksim.options import check_range
from linksim.phy.coding.codes import CODES, Code
from linksim.phy.coding.mcs import Mcs
from linksim.phy.modulations import MODULATIONS

CRC_BITS = 24
"""Bits of the CRC that a transport block ends in, CRC-24A of TS 38.212, clause 5.1."""

LEAST_RATE = 0.02
"""Least code rate of codes whose bits are repeated; the tables of TS 38.214 end at 30/1024."""


@dataclass(frozen=True)
class CodeBlock:
    """Sizes of one transport block, which is one code block unless it is segmented.

    Parameters
    ----------
    info_bits : int
        k, CRC included; a whole number of payload bytes plus the CRC.
    coded_bits : int
        n, of all code blocks together.
    per_frame : int
        Blocks in one interleaver frame.
    crc_bits : int
        Bits of the transport block's CRC, 24 or 16.
    segments : int
        Code blocks that it is cut into; each of several ends in a CRC-24B of its own.
    graph : str or None
        Base graph, ``"bg1"`` or ``"bg2"``; None leaves it to the code blocks' size and rate.
    """

    info_bits: int
    coded_bits: int
    per_frame: int
    crc_bits: int = field(default=CRC_BITS, repr=False)
    segments: int = field(default=1, repr=False)
    graph: str | None = field(default=None, repr=False)

    @property
    def payload_bytes(self) -> int:
        """Bytes that one block carries."""
        return (self.info_bits - self.crc_bits) // 8

    @property
    def crc(self) -> str:
        """The transport block's CRC, as Sionna calls it."""
        return "CRC16" if self.crc_bits == 16 else "CRC24A"

    @property
    def segment_bits(self) -> int:
        """Information bits of a code block, CRCs included."""
        extra = CRC_BITS if self.segments > 1 else 0
        return self.info_bits // self.segments + extra


def fit_code_block(
    mcs: Mcs,
    slot_symbols: int,
    *,
    slots: int = 1,
    block_length: int | None = None,
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
    rate, lowest = mcs.code_rate, LEAST_RATE if family.repeats else family.min_rate
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
    if info / coded < family.min_rate <= rate:
        info += 8  # rounding to whole bytes may fall below what the code has without repetition
    return CodeBlock(info, coded, frame_bits // coded)


def _largest_share(code: Code, slot_bits: int, rate: float, order: int) -> int:
    parts = 1
    while int(slot_bits // parts * rate) > code.max_info_bits(rate):
        parts += 1
    return slot_bits // parts // order * order
