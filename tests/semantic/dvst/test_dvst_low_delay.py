"""The form for conversations: each picture by itself, at its own instant, at a rate in the mean."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from linksim.endpoint import BitStream, Csi, Encoded, Received, ReceivedBits, ReceivedSymbols
from linksim.errors import LinksimError
from linksim.link.call.causality import early_changes, look_ahead
from linksim.link.contents import options_by_content
from linksim.media import Clip
from linksim.streams.showing import GREY
from semantic.asc.low_delay import DELAY_S
from semantic.dvst.bitstream.bucket import Bucket
from semantic.dvst.bitstream.gop import Conditions, FrameCode
from semantic.dvst.bitstream.rate_control import symbols_at
from semantic.dvst.endpoint import Dvst
from semantic.dvst.networks.sizes import LatentSizes

CSI = Csi(10.0)
LATE = {0: 0.03, 1: 0.09}
"""Seconds by which packets come too late."""


pytestmark = pytest.mark.usefixtures("tiny_is_a_preset")


@pytest.fixture(scope="module")
def scheme(tiny_weights: Path) -> Dvst:
    return Dvst(preset="tiny", weights=str(tiny_weights), gop=4, low_delay=True)


@pytest.fixture(scope="module")
def clip(moving: Callable[..., np.ndarray]) -> Clip:
    """9 frames of 42x29, of which the seventh is a scene cut, and 0.36 s of sound."""
    frames = np.concatenate([moving(6, 29, 42), moving(3, 29, 42, 1)])
    sound = 0.1 * np.sin(np.arange(5760) / 20).astype(np.float32)
    return Clip(frames, Fraction(25), sound, 16_000, "made")


def arrive(encoded: Encoded, lost: tuple[int, ...] = (), dark: tuple[int, ...] = ()) -> Received:
    """What a link without noise delivers that loses some packets, and symbols of some pictures."""
    streams = {}
    for stream in encoded.streams:
        if isinstance(stream, BitStream):
            kept = {i: p for i, p in enumerate(stream.packets) if i not in lost}
            streams[stream.name] = ReceivedBits(stream.name, kept)
            continue
        latents, noise = stream.latents.copy(), np.full_like(stream.latents, 1e-6)
        ends = np.cumsum(stream.units)
        for unit in dark if stream.name == "video" else ():
            these = slice(ends[unit] - stream.units[unit], ends[unit])
            latents[these], noise[these] = 0.0, 1e3
        streams[stream.name] = ReceivedSymbols(stream.name, latents, noise)
    return Received(encoded.setup, streams)


def test_nothing_was_ready_before_what_it_depends_on(scheme: Dvst, clip: Clip) -> None:
    limited = replace(scheme, uses_per_pixel=0.05)  # whose rate control might look ahead as well
    assert early_changes(limited, clip, (0.1, 0.21), CSI) == []


@pytest.mark.parametrize("stream", ["side", "video"])
def test_a_picture_waits_for_nothing(scheme: Dvst, clip: Clip, stream: str) -> None:
    found = look_ahead(replace(scheme, audio="none"), clip, stream, 3, CSI)
    assert found.claimed_s == 0.0
    assert found.found_s == pytest.approx(0.0, abs=1e-3)


def test_sound_goes_first_and_each_picture_is_a_unit(scheme: Dvst, clip: Clip) -> None:
    sound, side, video = scheme.encode(clip, CSI).streams
    assert [s.name for s in (sound, side, video)] == ["audio", "side", "video"]
    assert sound.times.algorithmic_s.max() == pytest.approx(DELAY_S)
    assert side.times.captured_s == video.times.captured_s == tuple(i / 25 for i in range(9))


def test_a_clip_comes_back(scheme: Dvst, clip: Clip) -> None:
    seen = scheme.decode(arrive(scheme.encode(clip, CSI)))
    assert seen.origins == ("sent",) * 9
    assert (seen.fps, seen.audio.shape) == (25, clip.audio.shape)
    error = np.mean((seen.frames.astype(float) - clip.frames) ** 2)
    assert error < 0.6 * np.var(clip.frames.astype(float))
    usual = replace(scheme, low_delay=False)
    there = usual.decode(arrive(usual.encode(clip, CSI)))
    assert np.abs(there.frames.astype(int) - seen.frames).mean() < 3


def test_a_lost_packet_holds_the_picture_up_to_the_next_group(scheme: Dvst, clip: Clip) -> None:
    encoded = scheme.encode(clip, CSI)
    whole, seen = scheme.decode(arrive(encoded)), scheme.decode(arrive(encoded, (1,)))
    assert seen.origins == ("sent", "held", "held", "held", *["sent"] * 5)
    assert np.array_equal(seen.frames[3], whole.frames[0])
    assert np.array_equal(seen.frames[4:], whole.frames[4:])
    assert scheme.decode(arrive(encoded, tuple(range(9)))).origins == ("held",) * 9
    assert scheme.decode(arrive(encoded, (7, 8))).origins == ("sent",) * 7 + ("held",) * 2


def test_a_late_picture_is_not_shown_and_those_after_it_build_on_it(
    scheme: Dvst, clip: Clip
) -> None:
    encoded = scheme.encode(clip, CSI)
    assert encoded.streams[1].keep_late
    came = arrive(encoded)
    packets = dict(came.streams["side"].packets)
    late = {i: packets.pop(i) for i in (0, 1)}
    seen = scheme.decode(
        replace(came, streams={**came.streams, "side": ReceivedBits("side", packets, late, LATE)})
    )
    whole = scheme.decode(came)
    assert seen.origins == ("held", "held", *["sent"] * 7)
    assert (seen.frames[0] == GREY).all()
    assert np.array_equal(seen.frames[1], whole.frames[0])  # the second is later than the third
    assert np.array_equal(seen.frames[2:], whole.frames[2:])
    assert seen.warnings == ("side information of 2 of 9 frames is lost or late",)


def test_lost_symbols_harm_their_group_alone(scheme: Dvst, clip: Clip) -> None:
    encoded = scheme.encode(clip, CSI)
    assert len(encoded.streams[2].units) == 9
    whole, seen = (scheme.decode(arrive(encoded, dark=d)).frames for d in ((), (1,)))
    assert [np.array_equal(*pair) for pair in zip(whole, seen, strict=True)] == (
        [True, False, False, False, *[True] * 5]
    )


def test_a_rate_is_met_in_the_mean_and_by_no_picture_exceeded() -> None:
    sizes = {"frame": LatentSizes(6, 2, 4.0, (0, 2, 4, 8), 8)}
    rng, packet, spent = np.random.default_rng(0), bytes(30), []
    bucket, conditions = Bucket(600.0, 25, 2.0, sizes), Conditions(10.0, 0.1, 0.5)

    def code(intra: bool, excess: np.ndarray, at: Conditions) -> FrameCode:
        told = FrameCode(intra, np.zeros(0, np.float32), {}, {}, {"frame": excess})
        return replace(told, symbols=np.zeros(int(2 * symbols_at(sizes, [told], at)), np.float32))

    for t in range(100):
        intra = t % 25 == 0
        excess = (40.0 if intra else 10.0) * rng.exponential(size=(30, 40)).astype(np.float32)
        frame = code(intra, excess, conditions)
        if limited := bucket.limited(frame, conditions):
            conditions = limited
            frame = code(intra, excess, conditions)
        spent.append(8 * len(packet) / 2.0 + frame.symbols.size / 2)
        conditions = bucket.next(frame, conditions, packet)
    assert max(spent) < 3.1 * 600.0
    assert np.reshape(spent[25:], (3, 25)).mean(1) == pytest.approx(600.0, rel=0.1)


def test_pictures_are_coded_for_the_channel_as_it_is_known_then(scheme: Dvst, clip: Clip) -> None:
    silent = replace(clip, audio=None)
    steady = scheme.encode(silent, CSI).streams[0]
    encoded = scheme.encode(silent, Csi(10.0, ((0.0, 10.0), (0.1, 20.0), (0.3, 0.0))))
    side = encoded.streams[0]
    assert side.packets[:3] == steady.packets[:3]
    told = [packet[4] for packet in side.packets]  # the SNR, of 255
    assert told == [128] * 3 + [255] * 5 + [0]
    assert scheme.decode(arrive(encoded)).origins == ("sent",) * 9


def test_a_rate_is_kept_to_while_the_channel_changes(scheme: Dvst, clip: Clip) -> None:
    """Eta follows the rate, not the SNR, once pictures have told what they take."""
    long = replace(clip, frames=np.tile(clip.frames, (6, 1, 1, 1)), audio=None)
    limited = replace(scheme, uses_per_pixel=0.1)
    falling = Csi(20.0, ((0.0, 20.0), (1.0, 5.0)))
    sizes = limited.encode(long, falling).streams[1].units
    assert np.mean(sizes[-18:]) == pytest.approx(np.mean(sizes[:18]), rel=0.5)


def test_a_budget_chooses_the_form() -> None:
    assert Dvst().within(0.15) == Dvst(low_delay=True)
    with pytest.raises(LinksimError, match="scheme 'dvst' needs 40 ms"):
        Dvst().within(0.03)
    assert "low_delay" not in options_by_content(Dvst())
