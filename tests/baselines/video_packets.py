"""Packets of video codecs, told apart and delivered."""

from linksim.endpoint import Encoded, Received, ReceivedBits

IDR = 19, 20  # NAL unit types, ITU-T H.265, table 7-1
VPS, SPS, PPS = 32, 33, 34
SEQUENCE_HEADER, FRAME = 1, 6  # OBU types, AV1 bitstream specification, 6.2.2
FAST = {"h265": "fast", "av1": "10"}


def deliver(encoded: Encoded, lost: dict[str, set[int]] | None = None) -> Received:
    """Pass on every packet but the lost ones."""
    streams = {}
    for stream in encoded.streams:
        gone = (lost or {}).get(stream.name, set())
        packets = {i: p for i, p in enumerate(stream.packets) if i not in gone}
        streams[stream.name] = ReceivedBits(stream.name, packets)
    return Received(encoded.setup, streams)


def stream(encoded: Encoded, name: str):
    return next(s for s in encoded.streams if s.name == name)


def nal_types(packet: bytes) -> list[int]:
    """Return the NAL unit types of an Annex B packet."""
    return [part[0] >> 1 & 63 for part in packet.split(b"\x00\x00\x01")[1:]]


def obu_types(packet: bytes) -> list[int]:
    """Return the OBU types of a temporal unit whose OBUs all state their size."""
    types, at = [], 0
    while at < len(packet):
        types.append(packet[at] >> 3 & 15)
        at += 1 + (packet[at] >> 2 & 1)
        size, shift, more = 0, 0, True
        while more:  # leb128, 4.10.5
            size, more = size | (packet[at] & 127) << shift, packet[at] > 127
            shift, at = shift + 7, at + 1
        at += size
    return types


def is_key(video: str, packet: bytes) -> bool:
    """Whether a packet can be decoded alone."""
    if video == "h265":
        return any(t in IDR for t in nal_types(packet))
    return SEQUENCE_HEADER in obu_types(packet)
