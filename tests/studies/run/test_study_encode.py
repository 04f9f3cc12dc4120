"""Encodings are kept, whole, and asked for again only where they depend on the channel."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fake_parts import FakeEndpoint

from linksim.endpoint import BitStream, Csi, Encoded, Endpoint, SymbolStream
from linksim.media import Clip
from linksim.phy.coding.mcs import Mcs
from linksim.timing import Times
from studies.run.cache import EncoderCache, load_encoded, save_encoded

CLIP = Clip(audio=np.ones(4, np.float32), name="ones")
STREAMS = (
    BitStream("a", (b"one", b"", b"three")),
    BitStream("b", (), Mcs("qpsk", 0.25), 16),
    SymbolStream("c", np.array([1.5, -2.0], np.float32)),
)
TIMES = Times((0.0, 0.02), (0.03, 0.05))
TIMED = (
    BitStream("d", (b"one", b"two"), adaptive=True, times=TIMES, keep_late=True),
    SymbolStream("e", np.arange(5, dtype=np.float32), (2, 3), TIMES, keep_late=True),
)


def test_round_trip(tmp_path: Path) -> None:
    save_encoded(Encoded(STREAMS, b"\x00set-up"), 1.5, tmp_path / "e.npz")
    read, took_s = load_encoded(tmp_path / "e.npz")
    assert took_s == 1.5
    assert read.setup == b"\x00set-up"
    assert read.streams[:2] == STREAMS[:2]
    assert read.streams[2].name == "c"
    np.testing.assert_array_equal(read.streams[2].latents, STREAMS[2].latents)
    assert read.streams[2].latents.dtype == np.float32


def test_times_and_units_come_back(tmp_path: Path) -> None:
    save_encoded(Encoded(TIMED), 0.0, tmp_path / "e.npz")
    packets, latents = load_encoded(tmp_path / "e.npz")[0].streams
    assert packets == TIMED[0]
    assert isinstance(latents, SymbolStream)
    assert (latents.units, latents.times, latents.keep_late) == ((2, 3), TIMES, True)


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Count the calls of the endpoint's encoder."""
    calls = SimpleNamespace(number=0)
    encode = FakeEndpoint.encode

    def counted(self: Endpoint, *args: Any) -> Encoded:
        calls.number += 1
        return encode(self, *args)

    monkeypatch.setattr(FakeEndpoint, "encode", counted)
    return calls


def test_one_encoding_serves_every_snr(count: SimpleNamespace, tmp_path: Path) -> None:
    first = EncoderCache(tmp_path, "f").encode(FakeEndpoint(), CLIP, Csi(3.0))
    later = EncoderCache(tmp_path, "f")
    again = later.encode(FakeEndpoint(), CLIP, Csi(9.0))
    assert again == first
    assert later.took_s > 0
    assert count.number == 1


def test_what_an_encoding_depends_on(count: SimpleNamespace, tmp_path: Path) -> None:
    EncoderCache(tmp_path, "f").encode(FakeEndpoint(), CLIP, None)
    EncoderCache(tmp_path, "g").encode(FakeEndpoint(), CLIP, None)
    EncoderCache(tmp_path, "f").encode(FakeEndpoint(quality=2), CLIP, None)
    EncoderCache(tmp_path, "f").encode(FakeEndpoint(uses_csi=True), CLIP, Csi(3.0))
    EncoderCache(tmp_path, "f").encode(FakeEndpoint(uses_csi=True), CLIP, Csi(9.0))
    EncoderCache(tmp_path, "f").encode(FakeEndpoint(uses_csi=True), CLIP, Csi(float("nan")))
    traced = Csi(3.0, ((0.0, 3.0), (0.02, 6.0)))
    EncoderCache(tmp_path, "f").encode(FakeEndpoint(uses_csi=True), CLIP, traced)
    assert count.number == 7


@pytest.mark.parametrize("keep", [0, 10, 200])
def test_truncated_file_is_made_again(keep: int, count: SimpleNamespace, tmp_path: Path) -> None:
    cache = EncoderCache(tmp_path, "f")
    first = cache.encode(FakeEndpoint(), CLIP, None)
    (path,) = tmp_path.glob("*.npz")
    path.write_bytes(path.read_bytes()[:keep])
    assert cache.encode(FakeEndpoint(), CLIP, None) == first
    assert count.number == 2
