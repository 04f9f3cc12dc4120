"""Coded video as what crosses the link: symbols in an order of their own, packets beside them.

::

    symbols of a group of pictures ─ interleaved over it ──▶ "video"
    rates, hyper-latents ─ entropy coding ─ packets ────────▶ "side"

    packet: | first frame (3 bytes) | intra, frames (1) | first symbol of the group (4) |
            | symbols of the group (3) | rates and hyper-latents of these frames |

A frame without reference has a packet of its own. Every packet of a group says where the
group's symbols are, so that a group can be found whatever was lost before it.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from linksim.errors import LinksimError
from linksim.streams.interleaving import interleaver
from linksim.streams.range_coder import Decoder, Encoder
from semantic.dvst.bitstream.gop import Conditions, FrameCode, ReceivedFrame
from semantic.dvst.bitstream.packing import count
from semantic.dvst.bitstream.side_info import SideInfo
from semantic.dvst.networks.model import DvstModel

FRAMES_PER_PACKET = 6
"""Frames with a reference that share a packet: its header is long beside their content."""

HEADER_BYTES = 11
_INTRA = 0x80


def groups(frames: Sequence[FrameCode]) -> list[list[FrameCode]]:
    """Divide frames into groups of pictures."""
    found: list[list[FrameCode]] = []
    for frame in frames:
        if frame.intra:
            found.append([])
        found[-1].append(frame)
    return found


def symbols_of(frames: Sequence[FrameCode]) -> np.ndarray:
    """Return the symbols of all frames in the order in which they are sent, float32, [n]."""
    sent = []
    for group in groups(frames):
        reals = np.concatenate([frame.symbols for frame in group])
        placed = np.empty_like(reals)
        placed[interleaver(reals.size)] = reals
        sent.append(placed)
    return np.concatenate(sent)


def packets_of(
    model: DvstModel, frames: Sequence[FrameCode], conditions: Conditions
) -> tuple[bytes, ...]:
    """Return the side information of all frames."""
    side, first, start, packets = SideInfo(model), 0, 0, []
    for group in groups(frames):
        symbols = sum(frame.symbols.size for frame in group)
        where = start.to_bytes(4, "big") + symbols.to_bytes(3, "big")
        for bundle in _bundles(group):
            intra = bundle[0].intra
            encoder = Encoder()
            told = conditions.arrays(intra=intra)
            for frame in bundle:
                side.write(encoder, intra, frame.rates, frame.hyper, told)
            flags = len(bundle) | (_INTRA if intra else 0)
            packets.append(first.to_bytes(3, "big") + bytes([flags]) + where + encoder.data())
            first += len(bundle)
        start += symbols
    return tuple(packets)


def _bundles(group: list[FrameCode]) -> Iterator[list[FrameCode]]:
    yield group[:1]
    for i in range(1, len(group), FRAMES_PER_PACKET):
        yield group[i : i + FRAMES_PER_PACKET]


def frames_of(
    model: DvstModel,
    packets: Mapping[int, bytes],
    latents: np.ndarray,
    noise: np.ndarray,
    conditions: Conditions,
    count_of_frames: int,
    size: tuple[int, int],
) -> Iterator[ReceivedFrame | None]:
    """Put frames together again.

    Parameters
    ----------
    model : DvstModel
        Model of the transmitter.
    packets : mapping of int to bytes
        Those that arrived.
    latents, noise : np.ndarray
        float32, [n]; received symbols and their noise variances.
    conditions : Conditions
        What the frames were coded under.
    count_of_frames : int
        How many there are.
    size : tuple of int
        Height and width of a rate map.

    Yields
    ------
    ReceivedFrame or None
        None for a frame whose side information, or that of one that it builds on, is lost.
    """
    side, at, shown = SideInfo(model), None, 0
    ladders = model.ladders
    for index in sorted(packets):
        packet = packets[index]
        first, flags = int.from_bytes(packet[:3], "big"), packet[3]
        begin, symbols = int.from_bytes(packet[4:8], "big"), int.from_bytes(packet[8:11], "big")
        intra, frames = bool(flags & _INTRA), flags & ~_INTRA
        while shown < min(first, count_of_frames):
            at, shown = None, shown + 1
            yield None
        if intra:
            at, order = 0, begin + interleaver(symbols)
        if at is None:
            continue  # what it builds on is lost
        decoder = Decoder(packet[HEADER_BYTES:])
        told = conditions.arrays(intra=intra)
        for _ in range(frames):
            try:
                rates, hyper = side.read(decoder, intra, size, told)
                reals = sum(count(rates[part], ladders[part]) for part in rates)
                if at + reals > len(order):
                    raise LinksimError("side information tells of more symbols than were sent")
            except LinksimError:  # an error that no CRC has told
                at = None
                break
            these, at = order[at : at + reals], at + reals
            code = FrameCode(intra, latents[these], rates, hyper, {})
            shown += 1
            yield ReceivedFrame(code, noise[these])
    while shown < count_of_frames:
        shown += 1
        yield None


def check_length(frames: Sequence[FrameCode]) -> None:
    """Raise LinksimError for more than the headers can count."""
    each = [sum(frame.symbols.size for frame in group) for group in groups(frames)]
    if len(frames) >= 1 << 24 or sum(each) >= 1 << 32:
        raise LinksimError("the clip is too long for one transmission; cut it into pieces")
    if max(each) >= 1 << 24:
        raise LinksimError("a group of pictures has too many symbols; lower 'gop' or 'eta'")
