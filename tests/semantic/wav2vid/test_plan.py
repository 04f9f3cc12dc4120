"""What a call is made of, by what the channel carries, and its digital half."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from linksim.endpoint import BitStream, Csi, Received, ReceivedBits
from linksim.errors import LinksimError
from linksim.link.call.causality import early_changes
from linksim.link.config import LinkConfig
from linksim.link.transmission import Link
from linksim.media import Clip
from semantic.wav2vid.endpoint import Wav2Vid
from semantic.wav2vid.pictures import DigitalPictures
from semantic.wav2vid.plan import OUTAGE, SHARE_OF_CAPACITY, carried

AUTO = Wav2Vid(sound="auto", pictures="auto", lips="auto", low_delay=True)
PIXELS = 360 * 288


@pytest.fixture(scope="module")
def clip() -> Clip:
    """A gradient that moves, 16 frames, and a tone."""
    rows, columns = np.mgrid[:96, :128]
    frames = [np.stack([rows, columns, columns + 4 * t], axis=-1) for t in range(16)]
    tone = 0.3 * np.sin(2 * np.pi * 300 * np.arange(16 * 640) / 16_000)
    return Clip(np.stack(frames).astype(np.uint8), Fraction(25), tone.astype(np.float32))


@pytest.mark.parametrize("snr_db", [-5.0, 3.0, 20.0])
def test_what_is_carried_is_less_in_a_tenth_of_rayleigh_fading(snr_db: float) -> None:
    gain = np.random.default_rng(0).exponential(size=200_000)
    capacity = SHARE_OF_CAPACITY * np.log2(1 + 10 ** (snr_db / 10) * gain) * 20_000
    less = (capacity < carried(Csi(snr_db, granted=20_000))).mean()
    assert less == pytest.approx(OUTAGE, abs=4 * np.sqrt(OUTAGE / len(gain)))


def test_nothing_is_known_of_what_is_not_granted() -> None:
    assert carried(None) is None
    assert carried(Csi(10.0)) is None
    assert AUTO.plan(Csi(10.0), PIXELS).bitrate is None


def test_a_link_tells_its_grant() -> None:
    """Of 100 slots a second, each of 12 symbols of 48 subcarriers that carry data."""
    link = Link(LinkConfig(channel="awgn", subcarriers=48, delay_budget=150, grant="1/10"))
    csi = link.csi(10.0, 0, 0.2)
    assert csi.granted == pytest.approx(100 * 12 * 48)
    assert csi.at(0.1).granted == csi.granted
    free = Link(LinkConfig(channel="awgn", subcarriers=48, delay_budget=150))
    assert free.csi(10.0, 0, 0.2).granted is None


def test_a_plan_follows_the_channel() -> None:
    poor, fair, rich = (AUTO.plan(Csi(s, granted=20_000), PIXELS) for s in (5.0, 15.0, 25.0))
    assert [plan.sound for plan in (poor, fair, rich)] == ["asc", "opus", "opus"]
    assert {plan.pictures for plan in (poor, fair, rich)} == {"h265"}
    assert poor.bitrate < fair.bitrate < rich.bitrate
    assert poor.every > fair.every == 1
    assert poor.scale < fair.scale == 1.0
    assert fair.opus_bitrate < rich.opus_bitrate
    # Whatever is chosen, sound and pictures together take no more than is carried.
    for plan, snr_db in ((poor, 5.0), (fair, 15.0), (rich, 25.0)):
        whole = carried(Csi(snr_db, granted=20_000))
        sound = plan.opus_bitrate if plan.sound == "opus" else whole * plan.rate * 16_000 / 20_000
        assert sound + plan.bitrate < whole


def test_each_choice_can_be_forced() -> None:
    csi = Csi(25.0, granted=50_000)
    assert replace(AUTO, sound="asc", rate=0.2).plan(csi, PIXELS).rate == 0.2
    forced = replace(AUTO, pictures="h265", epsilon=7.0, scale=0.5, every=3, bitrate=9000)
    plan = forced.plan(csi, PIXELS)
    assert (plan.epsilon, plan.scale, plan.every, plan.bitrate) == (7.0, 0.5, 3, 9000)
    assert replace(AUTO, lips="held").plan(csi, PIXELS).lips == "held"


@pytest.mark.parametrize("scale", [1.0, 0.75])
def test_digital_pictures_come_back_where_they_were(clip: Clip, scale: float) -> None:
    codec = DigitalPictures(20.0, None, scale, 1000)
    sent = np.arange(16) % 3 == 0
    coded = codec.encode(clip, sent, None)
    (stream,) = coded.streams
    assert isinstance(stream, BitStream)
    assert len(stream.packets) == 6
    assert stream.keep_late
    # The fourth picture, of frame 9, comes two frames late; frame 15 not at all.
    packets = dict(enumerate(stream.packets[:5]))
    late = {3: packets.pop(3)}
    came = ReceivedBits("video", packets, late, {3: 0.08})
    shape = clip.frames.shape[:3]
    frames, origins = codec.decode(Received(coded.setup, {"video": came}), shape, 25.0)
    shown = [0, 0, 0, 3, 3, 3, 6, 6, 6, 6, 6, 9, 12, 12, 12, 12]
    error = np.abs(frames.astype(int) - clip.frames[shown]).mean()
    assert error < 3.0
    assert [i for i, origin in enumerate(origins) if origin == "sent"] == [0, 3, 6, 12]


def test_a_digital_call_is_causal_and_comes_back(clip: Clip) -> None:
    scheme = Wav2Vid(
        sound="opus", pictures="h265", epsilon=0, lips="held", motion_field=0, low_delay=True
    )
    csi = Csi(15.0, granted=100_000)
    encoded = scheme.encode(clip, csi)
    assert [stream.name for stream in encoded.streams] == ["audio", "video"]
    assert not early_changes(scheme, clip, [0.3], csi)
    whole = {s.name: ReceivedBits(s.name, dict(enumerate(s.packets))) for s in encoded.streams}
    seen = scheme.decode(Received(encoded.setup, whole))
    assert set(seen.origins) == {"sent"}
    assert np.abs(seen.frames.astype(int) - clip.frames).mean() < 5.0
    assert seen.audio.shape == clip.audio.shape
    assert seen.choices == ()
    open_ = replace(scheme, sound="auto", pictures="auto")
    chosen = open_.decode(Received(encoded.setup, whole)).choices
    assert chosen == ("sound: opus", "pictures: h265")
    nothing = scheme.decode(Received(encoded.setup, {}))
    assert set(nothing.origins) == {"held"}
    assert (nothing.frames == 128).all()


@pytest.mark.parametrize(
    "options",
    [{"sound": "opus"}, {"pictures": "h265"}, {"every": 2}, {"epsilon": 0}, {"lips": "auto"}],
)
def test_what_is_for_a_conversation_is_refused_without_one(
    options: dict[str, Any], clip: Clip
) -> None:
    with pytest.raises(LinksimError, match="give the link a delay_budget"):
        Wav2Vid(**options).encode(clip)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sound": "mp3"}, "known: asc, auto, opus"),
        ({"pictures": "av1"}, "known: auto, dvst, h265"),
        ({"crf": 60}, "'crf'"),
        ({"scale": 0.1}, "'scale'"),
        ({"every": 0}, "'every'"),
        ({"bitrate": 10}, "'bitrate'"),
        ({"opus_bitrate": 100}, "'bitrate'"),
    ],
)
def test_wrong_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(LinksimError, match=message):
        Wav2Vid(**options)
