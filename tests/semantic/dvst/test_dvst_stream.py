"""Coded video as packets and symbols, and what the transmitter makes of channel state."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from linksim.endpoint import Csi
from linksim.errors import LinksimError
from linksim.streams.protection import SNR_WITHOUT_CSI, reported_snr_db
from semantic.dvst.bitstream import conditions
from semantic.dvst.bitstream.codec import Codec
from semantic.dvst.bitstream.gop import Conditions, FrameCode, ReceivedFrame
from semantic.dvst.bitstream.stream import (
    FRAMES_PER_PACKET,
    check_length,
    frames_of,
    groups,
    packets_of,
    symbols_of,
)

CONDITIONS = Conditions(10.0, 2.0, 0.3)  # plenty of both symbols and hyper-latents
SIZE = (2, 3)

Moving = Callable[..., np.ndarray]
Arrive = Callable[[dict[int, bytes]], list[ReceivedFrame | None]]


@pytest.fixture(scope="module")
def codes(tiny_codec: Codec, moving: Moving) -> list[FrameCode]:
    """Three groups: 9 frames, 1 frame before a scene cut, 3 frames."""
    frames = np.concatenate([moving(10, 32, 48), 255 - moving(3, 32, 48)])
    found = list(tiny_codec.sender(frames, CONDITIONS, gop=9))
    assert [t for t, code in enumerate(found) if code.intra] == [0, 9, 10]
    assert sum(code.symbols.size > 8 for code in found) > 8
    assert sum(h.any() for code in found for h in code.hyper.values()) > 8
    return found


@pytest.fixture(scope="module")
def packets(tiny_codec: Codec, codes: list[FrameCode]) -> dict[int, bytes]:
    return dict(enumerate(packets_of(tiny_codec.model, codes, CONDITIONS)))


@pytest.fixture(scope="module")
def arrive(tiny_codec: Codec, codes: list[FrameCode]) -> Arrive:
    """What frames become of all symbols and of some packets."""
    symbols = symbols_of(codes)
    noise = np.arange(symbols.size, dtype=np.float32)

    def frames(packets: dict[int, bytes]) -> list[ReceivedFrame | None]:
        told = (symbols, noise, CONDITIONS, len(codes), SIZE)
        return list(frames_of(tiny_codec.model, packets, *told))

    return frames


def same(code: FrameCode, received: ReceivedFrame) -> bool:
    heard = received.code
    maps = [(code.rates, heard.rates), (code.hyper, heard.hyper)]
    return (
        code.intra == heard.intra
        and np.array_equal(code.symbols, heard.symbols)
        and all(np.array_equal(a[part], b[part]) for a, b in maps for part in a)
    )


def test_everything_comes_back(
    codes: list[FrameCode], packets: dict[int, bytes], arrive: Arrive
) -> None:
    assert [len(group) for group in groups(codes)] == [9, 1, 3]
    # Frames without reference have packets of their own.
    assert len(packets) == 1 + -(-8 // FRAMES_PER_PACKET) + 1 + 1 + 1
    heard = arrive(packets)
    assert len(heard) == len(codes)
    assert all(same(code, frame) for code, frame in zip(codes, heard, strict=True))
    # Each symbol is that of one frame, with its own noise.
    places = np.concatenate([frame.noise for frame in heard])
    assert np.array_equal(np.sort(places), np.arange(symbols_of(codes).size))
    assert all(len(frame.noise) == len(frame.code.symbols) for frame in heard)


def test_symbols_are_spread_over_their_group(
    codes: list[FrameCode], arrive: Arrive, packets: dict[int, bytes]
) -> None:
    first, last = 0, 0
    heard = arrive(packets)
    for group in groups(codes):
        last = first + sum(code.symbols.size for code in group)
        for frame in heard[: len(group)]:
            places = frame.noise
            assert ((first <= places) & (places < last)).all()
            if places.size > 8:
                assert np.ptp(places) > 0.8 * (last - first)
        first, heard = last, heard[len(group) :]


@pytest.mark.parametrize(
    ("lost", "gone"),
    [
        ([0], range(9)),
        ([1], range(1, 9)),
        ([2], range(7, 9)),
        ([3], [9]),
        ([4], range(10, 13)),
        ([5], range(11, 13)),
        ([0, 3], range(10)),
        ([2, 4], [7, 8, 10, 11, 12]),
        ([0, 1, 2, 3, 4, 5], range(13)),
    ],
)
def test_a_lost_packet_is_lost_until_the_next_group(
    lost: list[int],
    gone: list[int],
    codes: list[FrameCode],
    packets: dict[int, bytes],
    arrive: Arrive,
) -> None:
    heard = arrive({index: data for index, data in packets.items() if index not in lost})
    assert [t for t, frame in enumerate(heard) if frame is None] == list(gone)
    assert all(same(c, f) for c, f in zip(codes, heard, strict=True) if f is not None)


def test_sender_is_told_what_fits_no_header(codes: list[FrameCode]) -> None:
    check_length(codes)
    many = np.broadcast_to(np.float32(0), 1 << 23)
    intra, inter = (replace(code, symbols=many) for code in codes[:2])
    check_length([intra, intra, intra])
    with pytest.raises(LinksimError, match="lower 'gop' or 'eta'"):
        check_length([intra, inter])
    with pytest.raises(LinksimError, match="cut it into pieces"):
        check_length([intra] * (1 << 9))


def test_eta_and_precision_follow_the_snr() -> None:
    snrs = np.linspace(*conditions.SNR_RANGE, 21)
    etas = [conditions.adapted_eta(0.3, snr) for snr in snrs]
    precisions = [conditions.adapted_precision(0.8, snr) for snr in snrs]
    assert (np.diff(etas) < 0).all()
    assert (np.diff(precisions) > 0).all()
    assert conditions.adapted_eta(0.3, conditions.REFERENCE_SNR) == pytest.approx(0.3)
    assert conditions.adapted_precision(0.8, conditions.REFERENCE_SNR) == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("csi", "known"),
    [
        (None, SNR_WITHOUT_CSI),
        (Csi(float("nan")), SNR_WITHOUT_CSI),
        (Csi(-7.0), 0.0),
        (Csi(12.5), 12.5),
        (Csi(60.0), 20.0),
        (Csi(float("inf")), 20.0),
    ],
)
def test_known_snr(csi: Csi | None, known: float) -> None:
    assert conditions.trained_snr_db(reported_snr_db(csi)) == known
