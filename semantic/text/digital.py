"""Text as bytes over the bit link, with as many channel uses as the learned codec has."""

from collections.abc import Mapping

from linksim.endpoint import BitStream
from linksim.errors import LinksimError
from linksim.link.config import LinkConfig
from linksim.link.framing import HEADER_BYTES, OFFSET_BYTES
from linksim.phy.coding.mcs import Mcs

CODE_RATES = (0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9)
"""The lowest is the lowest of 5G LDPC without repetition."""


def text_stream(name: str, text: bytes, slots: int) -> BitStream:
    """Return a stream of at most so many slots: a packet a code block.

    QPSK at the lowest code rate at which every packet is sent once. As often as all packets fit
    into the slots, all are sent, each time in slots of their own and interleaved over these.

    Parameters
    ----------
    name : str
        Name of the stream.
    text : bytes
        At least one.
    slots : int
        Slots of 72 subcarriers.

    Raises
    ------
    LinksimError
        If the slots are too few for the text.
    """
    for rate in CODE_RATES:
        mcs = Mcs("qpsk", rate)
        room = LinkConfig().code_block(mcs).payload_bytes - OFFSET_BYTES - HEADER_BYTES
        packets = [text[i : i + room].ljust(room) for i in range(0, len(text), room)]
        if len(packets) <= slots:
            copies = slots // len(packets)
            depth = slots // copies
            # A packet more, from the first on, for each slot that a copy has to spare.
            copy = [packets[i % len(packets)] for i in range(depth)]
            return BitStream(name, tuple(copy * copies), mcs, interleave_slots=depth)
    raise LinksimError(
        f"{slots} slots are too few for {len(text)} bytes of text over QPSK; raise option 'uses'"
    )


def text_of(packets: Mapping[int, bytes], size: int, slots: int) -> str:
    """Return what arrived of a text of so many bytes in so many slots; what is lost is left out."""
    if not packets:
        return ""
    room = len(next(iter(packets.values())))
    count = -(-size // room)
    depth = slots // (slots // count)
    arrived = {index % depth % count: packet for index, packet in packets.items()}
    whole = b"".join(arrived.get(i, b" ") for i in range(count))
    return " ".join(whole.decode("utf-8", "ignore").split())
