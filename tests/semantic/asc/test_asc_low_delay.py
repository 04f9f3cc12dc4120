"""The form for conversations: nothing depends on what comes later, losses stay where they are."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from linksim.endpoint import ABSENT, Csi, Encoded, Received, ReceivedSymbols
from linksim.errors import LinksimError
from linksim.link.call.causality import early_changes, look_ahead
from linksim.link.contents import options_by_content
from linksim.media import Clip
from linksim.metrics.audio import nrmse
from semantic.asc import low_delay
from semantic.asc.endpoint import Asc

SCHEME = Asc(rate="high", low_delay=True)
FRAME = low_delay.HOP


def sound(seconds: float = 1.0, level: float = 0.1) -> Clip:
    t = np.arange(int(16_000 * seconds)) / 16_000
    buzz = sum(np.sin(2 * np.pi * 130 * k * t + k) / k for k in range(1, 20))
    return Clip(audio=(level * buzz * (np.sin(9 * t) > -0.5)).astype(np.float32), name="buzz")


def arrive(encoded: Encoded, lost: tuple[int, ...] = (), noise: float = 1e-4) -> Received:
    """What a link delivers that loses some units, and puts noise on the others."""
    (stream,) = encoded.streams
    units = stream.latents.reshape(len(stream.units), -1).copy()
    energy = np.square(units).mean(1, keepdims=True)
    variance = np.broadcast_to(noise * energy, units.shape).astype(np.float32).copy()
    units += np.random.default_rng(0).normal(size=units.shape).astype(np.float32) * variance**0.5
    units[list(lost)], variance[list(lost)] = 0.0, ABSENT
    seen = ReceivedSymbols("audio", units.reshape(-1), variance.reshape(-1))
    return Received(encoded.setup, {"audio": seen})


def test_nothing_was_ready_before_what_it_depends_on() -> None:
    instants = (0.02, 0.3, 0.5011, 0.9999)
    assert early_changes(SCHEME, sound(), instants, Csi(10.0, ((0.4, 3.0),))) == []


@pytest.mark.parametrize("unit", [2, 20])
def test_a_unit_waits_for_40_ms(unit: int) -> None:
    found = look_ahead(SCHEME, sound(), "audio", unit)
    assert found.claimed_s == pytest.approx(low_delay.DELAY_S)
    assert found.found_s == pytest.approx(found.claimed_s, abs=1e-3)


def test_a_clean_link_brings_back_the_sound() -> None:
    clip = sound()
    assert nrmse(clip, SCHEME.decode(arrive(SCHEME.encode(clip, Csi(20.0))))).value < 0.1


def test_what_is_heard_depends_on_no_unit_that_comes_later() -> None:
    encoded = SCHEME.encode(sound())
    whole = SCHEME.decode(arrive(encoded)).audio
    later = SCHEME.decode(arrive(encoded, tuple(range(15, 51)))).audio
    known = low_delay.settled((15 * FRAME - low_delay.OVERLAP - 1) / 16_000)
    assert known == 15 * FRAME - low_delay.OVERLAP
    assert np.array_equal(whole[:known], later[:known])
    assert not np.array_equal(whole[: known + 32], later[: known + 32])


def test_a_lost_unit_harms_its_neighbourhood_alone() -> None:
    encoded = SCHEME.encode(sound(2.0))
    whole, broken = (SCHEME.decode(arrive(encoded, lost)).audio for lost in ((), (12,)))
    first, last = 12 * FRAME - low_delay.OVERLAP, (12 + low_delay.CONTEXT) * FRAME
    assert np.array_equal(whole[:first], broken[:first])
    assert np.array_equal(whole[last:], broken[last:])
    assert np.isfinite(broken).all()


@pytest.mark.parametrize("level", [1e-3, 0.3])
def test_the_level_is_told_through_noise_and_losses(level: float) -> None:
    clip = sound(1.5, level)
    received = arrive(SCHEME.encode(clip), (3, 30, 31), noise=0.3)
    heard = SCHEME.decode(received).audio
    loud = [np.sqrt(np.mean(x[8000:] ** 2)) for x in (clip.audio, heard)]
    assert 0.7 < loud[1] / loud[0] < 1.4


@pytest.mark.parametrize("samples", [1, 319, 320, 321, 9001])
def test_any_length_and_silence_come_back(samples: int) -> None:
    encoded = SCHEME.encode(Clip(audio=np.zeros(samples, np.float32)))
    heard = SCHEME.decode(arrive(encoded)).audio
    assert heard.shape == (samples,)
    assert np.abs(heard).max() < 1e-2
    assert not SCHEME.decode(Received(encoded.setup, {})).audio.any()


def test_a_budget_chooses_the_form() -> None:
    assert Asc().within(0.15) == Asc(low_delay=True)
    with pytest.raises(LinksimError, match="scheme 'asc' needs 40 ms, and the delay budget"):
        Asc().within(0.03)
    with pytest.raises(LinksimError, match="has networks of its own"):
        Asc(preset="paper", low_delay=True)


def test_records_of_the_usual_form_are_as_before(tmp_path: Path) -> None:
    assert options_by_content(Asc()) == {"rate": "low", "preset": "compact", "weights": None}
    assert options_by_content(replace(Asc(), low_delay=True))["low_delay"] is True


def test_parts_of_a_long_sound_fit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    clip = sound(2.0)
    whole = SCHEME.encode(clip, Csi(10.0))
    heard = SCHEME.decode(arrive(whole)).audio
    monkeypatch.setattr(low_delay, "AT_ONCE", 17)
    parts = SCHEME.encode(clip, Csi(10.0))
    assert np.allclose(parts.streams[0].latents, whole.streams[0].latents, atol=1e-4)
    assert np.allclose(SCHEME.decode(arrive(whole)).audio, heard, atol=1e-5)


def test_a_rate_is_what_each_unit_takes() -> None:
    encoded = Asc(rate=0.2, low_delay=True).encode(sound())
    assert encoded.streams[0].units == (128,) * 51  # 0.2 uses of two reals, 320 samples
    with pytest.raises(LinksimError, match=r"must be between 0\.08 and 1"):
        Asc(rate=0.07, low_delay=True)
