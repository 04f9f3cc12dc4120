"""Costs of streams in complex channel uses, before anything is sent."""

import numpy as np

from linksim.endpoint import BitStream, Encoded, SymbolStream
from linksim.errors import LinksimError
from linksim.link.config import LinkConfig
from linksim.link.framing import frames_for

SCALE_BITS = 16
"""Side information of a run of latents: its scale as a bfloat16, which has float32's range."""


def channel_uses(encoded: Encoded, link: LinkConfig) -> int:
    """Return the data channel uses of all streams and of the set-up, as `Link` accounts for them.

    Parameters
    ----------
    encoded : Encoded
        The streams to send.
    link : LinkConfig
        The link. Its channel, receiver and feedback do not matter.

    Raises
    ------
    LinksimError
        If a stream asks for an MCS or a depth that the link cannot have, or is adaptive.
    """
    frames = setup_frames(encoded, link)
    return frames * frame_uses(link) + sum(stream_uses(s, link) for s in encoded.streams)


def stream_uses(stream: BitStream | SymbolStream, link: LinkConfig) -> int:
    """Return the data channel uses of one stream, headers, CRC, parity and padding included."""
    if isinstance(stream, BitStream):
        if stream.adaptive:
            raise LinksimError(
                f"what stream '{stream.name}' takes is known only when it has been sent, as its "
                "MCS is adapted; no budget can be met so: use another mcs"
            )
        own = link.for_stream(stream)
        return frames_for(stream.packets, own.code_block()) * frame_uses(own)
    return -(-stream.latents.size // (2 * frame_symbols(link))) * frame_uses(link)


def frame_uses(link: LinkConfig) -> int:
    """Return the data channel uses of a frame of a link, the least that can be added.

    A channel use is a resource element, however many streams it carries, as capacity counts them.
    """
    return link.interleave_slots * link.slot_data_elements


def frame_symbols(link: LinkConfig) -> int:
    """Return the data symbols of a frame of a link: one a channel use and stream."""
    return link.interleave_slots * link.slot_data_symbols


def frame_pilots(link: LinkConfig) -> int:
    """Return the pilot resource elements of a frame of a link."""
    return link.interleave_slots * (link.slot_resource_elements - link.slot_data_elements)


def setup_bits(encoded: Encoded) -> int:
    """Return the bits of call set-up and of scales."""
    scales = sum(isinstance(s, SymbolStream) for s in encoded.streams)
    return 8 * len(encoded.setup) + SCALE_BITS * scales


def setup_frames(encoded: Encoded, link: LinkConfig) -> int:
    """Return how many frames of the link call set-up and scales take at the link's own MCS."""
    return side_frames(setup_bits(encoded), link)


def side_frames(bits: int, link: LinkConfig) -> int:
    """Return how many frames of the link bits of side information take at the link's own MCS."""
    block = link.code_block()
    return -(-bits // (8 * block.payload_bytes * block.per_frame))


def shared(parts: np.ndarray, total: int) -> np.ndarray:
    """Share a whole number out in proportion to parts, int, [n]; the shares add up to it."""
    whole = parts.sum()
    ends = np.round(np.cumsum(parts) / whole * total) if whole else np.zeros(len(parts))
    return np.diff(ends, prepend=0).astype(int)
