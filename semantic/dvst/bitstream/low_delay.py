"""Coded video as a conversation takes it: each picture by itself, at its own instant.

::

    picture ─▶ code ─┬─ symbols, interleaved over the picture ──▶ a unit of "video"
                     └─ rates, hyper-latents ─ entropy coding ──▶ a packet of "side"

    packet: | intra (1 bit), first symbol of the picture (31) | SNR (8), eta (8), precision (8) |
            | rates and hyper-latents |

What comes of a picture's symbols in time is what it is made of. A packet that comes late is of use:
its picture is not shown, but those after it build on it.

A packet says where its symbols are, whatever was lost before it, and for what they were coded: all
three follow the channel as the transmitter knows it when it takes the picture, and the last two a
rate, in steps.
"""

import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from linksim.endpoint import BitStream, SymbolStream
from linksim.errors import LinksimError
from linksim.streams.interleaving import interleaver
from linksim.streams.range_coder import Decoder, Encoder
from linksim.timing import Times
from semantic.dvst.bitstream.bucket import Bucket
from semantic.dvst.bitstream.codec import Codec
from semantic.dvst.bitstream.conditions import SNR_RANGE, trained_snr_db
from semantic.dvst.bitstream.gop import Conditions, FrameCode, ReceivedFrame, is_cut
from semantic.dvst.bitstream.packing import count
from semantic.dvst.bitstream.rate_control import ETAS
from semantic.dvst.bitstream.side_info import SideInfo

AGAIN = 3
"""Most times that a picture is coded again because it takes too much."""

PRECISIONS = (0.1, 4.0)
"""Least and greatest precision that a packet can tell."""

_HEADER = struct.Struct(">IBBB")
_INTRA = 1 << 31


@dataclass(frozen=True)
class Picture:
    """A picture as it is sent: its code and the packet of its side information."""

    code: FrameCode
    packet: bytes


def coded(
    codec: Codec,
    frames: Sequence[np.ndarray],
    known: Sequence[Conditions],
    gop: int,
    bucket: Bucket | None,
) -> Iterator[Picture]:
    """Code pictures, each by what has come so far.

    Parameters
    ----------
    codec : Codec
        Both halves of the model.
    frames : sequence of np.ndarray
        uint8, shape [H, W, 3].
    known : sequence of Conditions
        What each is coded for by what is known of the channel when it is taken; with a bucket eta
        and precision are those of the first, and change by as much as these and as it asks for.
    gop : int
        Frames from one without reference to the next; a scene cut begins a new group.
    bucket : Bucket or None
        Rate that is to be met.

    Raises
    ------
    LinksimError
        If there are more symbols than a packet can count.
    """
    side, since, begin = SideInfo(codec.model), gop, 0
    conditions: Conditions | None = None
    state: Any = None
    before: np.ndarray | None = None
    for frame, last, now in zip(frames, [*known[:1], *known[:-1]], known, strict=True):
        conditions = _tellable(_moved(conditions or now, last, now))
        cut = before is not None and is_cut(before, frame)
        intra, before = since == gop or cut, frame
        since, reference = 1 if intra else since + 1, None if intra else state
        code, state = codec.sender.one(frame, reference, conditions)
        for _ in range(AGAIN if bucket is not None else 0):
            assert bucket is not None
            fitting = bucket.limited(code, conditions)
            if fitting is None:
                break
            conditions = _tellable(fitting)
            code, state = codec.sender.one(frame, reference, conditions)
        if begin + code.symbols.size >= _INTRA:
            raise LinksimError("the clip is too long for one transmission; cut it into pieces")
        encoder = Encoder()
        side.write(encoder, intra, code.rates, code.hyper, conditions.arrays(intra=intra))
        packet = _HEADER.pack(begin | _INTRA * intra, *_steps(conditions)) + encoder.data()
        begin += code.symbols.size
        yield Picture(code, packet)
        if bucket is not None:
            conditions = bucket.next(code, conditions, packet)


def streams_of(
    pictures: Sequence[Picture], shown: Sequence[int], fps: float, names: tuple[str, str]
) -> tuple[BitStream, SymbolStream]:
    """Return side information and symbols of pictures, each ready when it is taken.

    Parameters
    ----------
    pictures : sequence of Picture
        Pictures that are sent.
    shown : sequence of int
        Number of each in the clip.
    fps : float
        Pictures of the clip per second.
    names : tuple of str
        Names of both streams; the MCS of side information follows the channel.
    """
    sent, sizes, places = [np.zeros(0, np.float32)], [], []
    for picture, place in zip(pictures, shown, strict=True):
        symbols = picture.code.symbols
        if symbols.size:  # of a picture like the one before there may be none
            placed = np.empty_like(symbols)
            placed[interleaver(symbols.size)] = symbols
            sent.append(placed)
            sizes.append(symbols.size)
            places.append(place)
    packets = tuple(picture.packet for picture in pictures)
    ready, when = (Times.of_pictures(these, these, fps) for these in (shown, places))
    side = BitStream(names[0], packets, adaptive=True, times=ready, keep_late=True)
    return side, SymbolStream(names[1], np.concatenate(sent), tuple(sizes), when)


def arrived(
    codec: Codec,
    packets: Mapping[int, bytes],
    latents: np.ndarray,
    noise: np.ndarray,
    size: tuple[int, int],
) -> Iterator[ReceivedFrame | None]:
    """Put pictures together again, up to the last whose packet arrived.

    Parameters
    ----------
    codec : Codec
        Both halves of the model.
    packets : mapping of int to bytes
        Those that arrived, by the number of the picture among those that were sent.
    latents, noise : np.ndarray
        float32, [n]; received symbols and their noise variances.
    size : tuple of int
        Height and width of a rate map.

    Yields
    ------
    ReceivedFrame or None
        None for a picture whose packet, or that of one that it builds on, is lost.
    """
    side, follows, ladders = SideInfo(codec.model), False, codec.model.ladders
    for index in range(max(packets, default=-1) + 1):
        packet = packets.get(index, b"")
        head = _HEADER.unpack_from(packet) if len(packet) >= _HEADER.size else None
        intra = head is not None and bool(head[0] & _INTRA)
        follows = head is not None and (follows or intra)
        if head is None or not follows:
            yield None
            continue
        conditions = _told(*head[1:])
        decoder, begin = Decoder(packet[_HEADER.size :]), head[0] & ~_INTRA
        try:
            rates, hyper = side.read(decoder, intra, size, conditions.arrays(intra=intra))
            reals = sum(count(rates[part], ladders[part]) for part in rates)
            if begin + reals > latents.size:
                raise LinksimError("side information tells of more symbols than were sent")
        except LinksimError:  # an error that no CRC has told
            follows = False
            yield None
            continue
        these = begin + interleaver(reals) if reals else np.zeros(0, int)
        code = FrameCode(intra, latents[these], rates, hyper, {})
        yield ReceivedFrame(code, noise[these], conditions)


def _moved(conditions: Conditions, last: Conditions, now: Conditions) -> Conditions:
    """Return conditions after the channel has changed from what stands behind `last` to `now`."""
    eta = conditions.eta * now.eta / last.eta
    precision = conditions.precision * now.precision / last.precision
    return replace(conditions, snr_db=now.snr_db, eta=eta, precision=precision)


def _tellable(conditions: Conditions) -> Conditions:
    """Return the nearest conditions that a packet can tell."""
    return replace(_told(*_steps(conditions)), sparing=conditions.sparing)


def _steps(conditions: Conditions) -> tuple[int, int, int]:
    snr = round(255 * trained_snr_db(conditions.snr_db) / SNR_RANGE[1])
    return snr, _step(conditions.eta, ETAS), _step(conditions.precision, PRECISIONS)


def _told(snr: int, eta: int, precision: int) -> Conditions:
    snr_db = SNR_RANGE[1] * snr / 255
    return Conditions(snr_db, _value(eta, ETAS), _value(precision, PRECISIONS))


def _step(value: float, limits: tuple[float, float]) -> int:
    low, high = map(math.log, limits)
    return round(255 * min(max((math.log(value) - low) / (high - low), 0.0), 1.0))


def _value(step: int, limits: tuple[float, float]) -> float:
    low, high = map(math.log, limits)
    return math.exp(low + step / 255 * (high - low))
