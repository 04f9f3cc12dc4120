"""Transport blocks of parts of a slot: those too small for one carry nothing."""

from linksim.link.call.block_codes import PARTS, BlockCodes
from linksim.link.config import LinkConfig
from linksim.link.framing import MIN_BLOCK_BYTES
from linksim.phy.coding.mcs import MCS_TABLES


def test_parts_too_small_for_a_block_carry_nothing() -> None:
    codes = BlockCodes(LinkConfig(subcarriers=12))  # an eighth has 18 symbols
    least = MCS_TABLES[1][0]
    assert codes.payload_bytes(least, 1) == 0
    assert codes.payload_bytes(least, PARTS) > 0
    for room in range(codes.symbols(PARTS) + 1):
        parts = codes.fitting(least, 100, room)
        assert codes.symbols(parts) <= room
        assert not parts or codes.payload_bytes(least, parts) >= MIN_BLOCK_BYTES
