"""Coded video as a conversation takes it: each picture by itself, at its own instant.

::

    picture ─▶ code ─┬─ symbols, interleaved over the picture ──▶ a unit of "video"
                     └─ rates, hyper-latents ─ entropy coding ──▶ a packet of "side"

    packet: | intra (1 bit), first symbol of the picture (31) | eta (8), precision (8) |
            | rates and hyper-latents |

A packet says where its symbols are, whatever was lost before it, and for what they were coded: eta
and precision follow a rate, in steps.
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
from semantic.dvst.bitstream.gop import Conditions, FrameCode, ReceivedFrame, is_cut
from semantic.dvst.bitstream.packing import count
from semantic.dvst.bitstream.rate_control import ETAS
from semantic.dvst.bitstream.side_info import SideInfo

AGAIN = 3
"""Most times that a picture is coded again because it takes too much."""

PRECISIONS = (0.1, 4.0)
"""Least and greatest precision that a packet can tell."""

_HEADER = struct.Struct(">IBB")
_INTRA = 1 << 31


@dataclass(frozen=True)
class Picture:
    """A picture as it is sent: its code and the packet of its side information."""

    code: FrameCode
    packet: bytes


def coded(
    codec: Codec, frames: Sequence[np.ndarray], start: Conditions, gop: int, bucket: Bucket | None
) -> Iterator[Picture]:
    """Code pictures, each by what has come so far.

    Parameters
    ----------
    codec : Codec
        Both halves of the model.
    frames : sequence of np.ndarray
        uint8, shape [H, W, 3].
    start : Conditions
        What the first is coded for; and all, without a bucket.
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
    conditions = _tellable(start)
    state: Any = None
    before: np.ndarray | None = None
    for frame in frames:
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
        steps = (_step(conditions.eta, ETAS), _step(conditions.precision, PRECISIONS))
        packet = _HEADER.pack(begin | _INTRA * intra, *steps) + encoder.data()
        begin += code.symbols.size
        yield Picture(code, packet)
        if bucket is not None:
            conditions = _tellable(bucket.next(code, conditions, packet))


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
    side = BitStream(names[0], packets, adaptive=True, times=ready)
    return side, SymbolStream(names[1], np.concatenate(sent), tuple(sizes), when)


def arrived(
    codec: Codec,
    packets: Mapping[int, bytes],
    latents: np.ndarray,
    noise: np.ndarray,
    snr_db: float,
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
    snr_db : float
        SNR that the pictures were coded for.
    size : tuple of int
        Height and width of a rate map.

    Yields
    ------
    ReceivedFrame or None
        None for a picture whose packet, or that of one that it builds on, is lost.
    """
    side, follows, ladders = SideInfo(codec.model), False, codec.model.ladders
    for index in range(max(packets, default=-1) + 1):
        packet = packets.get(index)
        head = _HEADER.unpack_from(packet) if packet is not None else (0, 0, 0)
        intra = bool(head[0] & _INTRA)
        follows = packet is not None and (follows or intra)
        if packet is None or not follows:
            yield None
            continue
        told: Any = (_value(head[1], ETAS), _value(head[2], PRECISIONS))
        conditions = Conditions(snr_db, *told)
        decoder, begin = Decoder(packet[_HEADER.size :]), head[0] & ~_INTRA
        rates, hyper = side.read(decoder, intra, size, conditions.arrays(intra=intra))
        reals = sum(count(rates[part], ladders[part]) for part in rates)
        these = begin + interleaver(reals) if reals else np.zeros(0, int)
        code = FrameCode(intra, latents[these], rates, hyper, {})
        yield ReceivedFrame(code, noise[these], conditions)


def _tellable(conditions: Conditions) -> Conditions:
    """Return the nearest conditions that a packet can tell."""
    eta = _value(_step(conditions.eta, ETAS), ETAS)
    precision = _value(_step(conditions.precision, PRECISIONS), PRECISIONS)
    return replace(conditions, eta=eta, precision=precision)


def _step(value: float, limits: tuple[float, float]) -> int:
    low, high = map(math.log, limits)
    return round(255 * min(max((math.log(value) - low) / (high - low), 0.0), 1.0))


def _value(step: int, limits: tuple[float, float]) -> float:
    low, high = map(math.log, limits)
    return math.exp(low + step / 255 * (high - low))
