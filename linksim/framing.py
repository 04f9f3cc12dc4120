"""Packets into transport blocks and back, so that a lost block costs only what it carried.

::

    block:   | offset of the first packet that starts here (2 bytes) | bytes ... |
    packet:  | index (3 bytes) | length (3 bytes) | payload |

The offset lets the receiver find its place again after a lost block. A packet runs on
into the next block, except where it would fit into one and starting it there wastes less
than a tenth of a block.
"""

from collections.abc import Sequence

from linksim.errors import LinksimError
from linksim.link_config import CodeBlock

OFFSET_BYTES = 2
HEADER_BYTES = 6
_NO_START = 0xFFFF
_PADDING = 0xFFFFFF


def pack(packets: Sequence[bytes], block_bytes: int) -> bytes:
    """Lay packets out in blocks.

    Parameters
    ----------
    packets : sequence of bytes
        At most 2**24 - 1 packets of less than 2**24 bytes each.
    block_bytes : int
        Payload of one transport block.

    Returns
    -------
    bytes
        A whole number of blocks.

    Raises
    ------
    LinksimError
        If a block is too small for a packet header.
    """
    room = block_bytes - OFFSET_BYTES
    if room < HEADER_BYTES:
        raise LinksimError(
            f"a transport block of {block_bytes} bytes cannot hold a packet header; use at least "
            f"{OFFSET_BYTES + HEADER_BYTES} bytes: a longer block or a higher code rate"
        )
    body = bytearray()
    starts: dict[int, int] = {}
    for index, packet in enumerate(packets):
        left = room - len(body) % room
        size = HEADER_BYTES + len(packet)
        # A header never straddles two blocks, and neither does a packet if that is cheap.
        if left < HEADER_BYTES or (left < size <= room and left < room / 10):
            body += _filler(left)
        starts.setdefault(len(body) // room, len(body) % room)
        body += index.to_bytes(3, "big") + len(packet).to_bytes(3, "big") + packet
    body += _filler(-len(body) % room)
    blocks = [body[i : i + room] for i in range(0, len(body), room)]
    return b"".join(
        starts.get(i, _NO_START).to_bytes(OFFSET_BYTES, "big") + block
        for i, block in enumerate(blocks)
    )


def frames_for(packets: Sequence[bytes], block: CodeBlock) -> int:
    """Return how many frames of the link packets take, in blocks of a kind."""
    blocks = len(pack(packets, block.payload_bytes)) // block.payload_bytes
    return -(-blocks // block.per_frame)


def unpack(blocks: Sequence[bytes | None]) -> dict[int, bytes]:
    """Read back every packet of which all blocks arrived.

    Parameters
    ----------
    blocks : sequence of bytes or None
        Payload of each transport block in order; None for a lost one.

    Returns
    -------
    dict of int to bytes
        Packets by index.
    """
    packets: dict[int, bytes] = {}
    run = bytearray()
    synchronised = False
    for block in blocks:
        if block is None:
            run.clear()
            synchronised = False
            continue
        offset = int.from_bytes(block[:OFFSET_BYTES], "big")
        if synchronised:
            run += block[OFFSET_BYTES:]
        elif offset != _NO_START:
            run += block[OFFSET_BYTES + offset :]
            synchronised = True
        _take_whole_packets(run, len(block) - OFFSET_BYTES, packets)
    return packets


def _filler(size: int) -> bytes:
    return _PADDING.to_bytes(3, "big")[:size].ljust(size, b"\xff")


def _take_whole_packets(run: bytearray, room: int, packets: dict[int, bytes]) -> None:
    """Move packets from the front of `run`, which ends where a block ends, to `packets`."""
    while run:
        in_block = len(run) % room or room
        if in_block < HEADER_BYTES or run[:3] == b"\xff\xff\xff":
            del run[:in_block]
            continue
        length = int.from_bytes(run[3:HEADER_BYTES], "big")
        if len(run) < HEADER_BYTES + length:
            return
        packets[int.from_bytes(run[:3], "big")] = bytes(run[HEADER_BYTES : HEADER_BYTES + length])
        del run[: HEADER_BYTES + length]
