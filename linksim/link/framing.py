"""Packets into transport blocks and back, so that a lost block costs only what it carried.

::

    block:   | offset of the first packet that starts here (2 bytes) | bytes ... |
    packet:  | index (3 bytes) | length (3 bytes) | payload |

The offset lets the receiver find its place again after a lost block. A packet runs on
into the next block, except where it would fit into one and starting it there wastes less
than a tenth of a block.
"""

from collections import deque
from collections.abc import Sequence

from linksim.errors import LinksimError
from linksim.phy.coding.code_block import CodeBlock

OFFSET_BYTES = 2
HEADER_BYTES = 6
MIN_BLOCK_BYTES = OFFSET_BYTES + HEADER_BYTES
_NO_START = 0xFFFF
_PADDING = 0xFFFFFF


class Packer:
    """Lay packets out in blocks, whose sizes are known one at a time.

    Parameters
    ----------
    packets : sequence of bytes
        At most 2**24 - 1 packets of less than 2**24 bytes each; more may be added.
    """

    def __init__(self, packets: Sequence[bytes] = ()) -> None:
        self._waiting = deque(enumerate(packets))
        self._begun, self._last = b"", -1
        self.held: list[int] = []

    def add(self, index: int, packet: bytes) -> None:
        """Let a packet wait behind the others."""
        self._waiting.append((index, packet))

    @property
    def waiting_bytes(self) -> int:
        """Bytes that are in no block yet, headers included."""
        return len(self._begun) + sum(HEADER_BYTES + len(packet) for _, packet in self._waiting)

    @property
    def empty(self) -> bool:
        """Whether everything is in a block."""
        return not self._begun and not self._waiting

    def take(self, block_bytes: int) -> bytes:
        """Return the next block, filled up where packets end before it does.

        `held` has then the indices of the packets that it holds a part of.

        Raises
        ------
        LinksimError
            If the block is too small for a packet header.
        """
        room = block_bytes - OFFSET_BYTES
        if room < HEADER_BYTES:
            raise LinksimError(
                f"a transport block of {block_bytes} bytes cannot hold a packet header; use at "
                f"least {MIN_BLOCK_BYTES} bytes: a longer block or a higher code rate"
            )
        self.held = [self._last] if self._begun else []
        body, self._begun = self._begun[:room], self._begun[room:]
        start = _NO_START
        while self._waiting and len(body) < room:
            left = room - len(body)
            index, packet = self._waiting[0]
            size = HEADER_BYTES + len(packet)
            # A header never straddles two blocks, and neither does a packet if that is cheap.
            if left < HEADER_BYTES or (left < size <= room and left < room / 10):
                break
            start = len(body) if start == _NO_START else start
            framed = index.to_bytes(3, "big") + len(packet).to_bytes(3, "big") + packet
            body, self._begun = body + framed[:left], framed[left:]
            self._waiting.popleft()
            self.held.append(index)
            self._last = index
        return start.to_bytes(OFFSET_BYTES, "big") + body + _filler(room - len(body))


def pack(packets: Sequence[bytes], block_bytes: int) -> bytes:
    """Lay packets out in blocks of one size.

    Parameters
    ----------
    packets : sequence of bytes
        The packets, as `Packer` takes them.
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
    packer = Packer(packets)
    blocks = []
    while not packer.empty:
        blocks.append(packer.take(block_bytes))
    return b"".join(blocks)


def frames_for(packets: Sequence[bytes], block: CodeBlock) -> int:
    """Return how many frames of the link packets take, in blocks of a kind."""
    blocks = len(pack(packets, block.payload_bytes)) // block.payload_bytes
    return -(-blocks // block.per_frame)


def unpack(blocks: Sequence[bytes | None]) -> dict[int, bytes]:
    """Read back every packet of which all blocks arrived.

    Parameters
    ----------
    blocks : sequence of bytes or None
        Payload of each transport block in order, whatever its size; None for a lost one.

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
        _take_whole_packets(run, packets)
    return packets


def _filler(size: int) -> bytes:
    return _PADDING.to_bytes(3, "big")[:size].ljust(size, b"\xff")


def _take_whole_packets(run: bytearray, packets: dict[int, bytes]) -> None:
    """Move packets from the front of `run`, which ends where a block ends, to `packets`."""
    while run:
        # A header never straddles two blocks: what is too short for one is the end of this one.
        if len(run) < HEADER_BYTES or run[:3] == b"\xff\xff\xff":
            run.clear()
            return
        length = int.from_bytes(run[3:HEADER_BYTES], "big")
        if len(run) < HEADER_BYTES + length:
            return
        packets[int.from_bytes(run[:3], "big")] = bytes(run[HEADER_BYTES : HEADER_BYTES + length])
        del run[: HEADER_BYTES + length]
