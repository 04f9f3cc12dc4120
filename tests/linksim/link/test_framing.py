"""Packets in blocks: what arrives is right, and a loss costs only what it must."""

import numpy as np
import pytest

from linksim.errors import LinksimError
from linksim.link.framing import pack, unpack


def _blocks(packets: list[bytes], size: int) -> list[bytes]:
    raw = pack(packets, size)
    assert len(raw) % size == 0
    return [raw[i : i + size] for i in range(0, len(raw), size)]


@pytest.mark.parametrize("seed", range(20))
def test_any_packets_through_any_losses(seed: int) -> None:
    rng = np.random.default_rng(seed)
    packets = [rng.bytes(int(rng.integers(0, 700))) for _ in range(40)]
    size = int(rng.integers(20, 300))
    blocks = _blocks(packets, size)
    assert unpack(blocks) == dict(enumerate(packets))
    lost = rng.random(len(blocks)) < 0.15
    got = unpack([None if gone else b for gone, b in zip(lost, blocks, strict=True)])
    assert all(packets[i] == p for i, p in got.items())
    # A packet is lost exactly if one of its blocks is.
    where = _spans(packets, size)
    assert set(got) == {i for i, span in enumerate(where) if not lost[span].any()}


def _spans(packets: list[bytes], size: int) -> list[slice]:
    """Find the blocks of each packet by losing one block at a time."""
    blocks = _blocks(packets, size)
    touched: list[list[int]] = [[] for _ in packets]
    for j in range(len(blocks)):
        got = unpack([None if i == j else b for i, b in enumerate(blocks)])
        for i in range(len(packets)):
            if i not in got:
                touched[i].append(j)
    assert all(t == list(range(t[0], t[-1] + 1)) for t in touched)
    return [slice(t[0], t[-1] + 1) for t in touched]


def test_a_packet_that_nearly_fills_a_block_is_not_split() -> None:
    spans = _spans([bytes(200)] * 30, 213)
    assert all(s.stop - s.start == 1 for s in spans)
    assert len(_blocks([bytes(200)] * 30, 213)) == 30


def test_small_packets_share_blocks() -> None:
    # Eight packets of 26 bytes and a padding of 3 fill the room of 211.
    assert len(_blocks([bytes(20)] * 80, 213)) == 10


def test_smallest_blocks_work_and_smaller_ones_are_refused() -> None:
    packets = [bytes([i] * i) for i in range(9)]
    assert unpack(_blocks(packets, 8)) == dict(enumerate(packets))
    with pytest.raises(LinksimError, match="7 bytes cannot hold a packet header"):
        pack(packets, 7)


def test_nothing_is_nothing() -> None:
    assert pack([], 213) == b""
    assert unpack([]) == {}
    assert unpack([None, None]) == {}
