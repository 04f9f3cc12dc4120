from pathlib import Path

import numpy as np
import pytest

from linksim.endpoint import Csi, Encoded, Received, ReceivedSymbols
from linksim.errors import LinksimError
from linksim.link.config import LinkConfig
from linksim.link.transmission import Link
from linksim.media import Clip
from linksim.metrics.audio import nrmse
from linksim.options import build
from semantic.asc.endpoint import Asc
from semantic.asc.model import AscModel
from semantic.training import weights


def sound(seconds: float) -> Clip:
    t = np.arange(int(16_000 * seconds)) / 16_000
    buzz = sum(np.sin(2 * np.pi * 130 * k * t + k) / k for k in range(1, 20))
    return Clip(audio=(0.1 * buzz * (np.sin(9 * t) > -0.5)).astype(np.float32), name="buzz")


def arrive(encoded: Encoded, noise: float = 1e-4) -> Received:
    (stream,) = encoded.streams
    variance = np.full_like(stream.latents, noise)
    return Received(encoded.setup, {"audio": ReceivedSymbols("audio", stream.latents, variance)})


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("weights") / "asc.npz"
    weights.save(path, AscModel())
    return str(path)


@pytest.mark.parametrize("rate", ["low", "mid", "high"])
def test_shipped_weights_over_a_clean_link(rate: str) -> None:
    scheme, clip = Asc(rate=rate), sound(3.0)
    link = Link(LinkConfig(channel="awgn", estimator="perfect"))
    sent = link.transmit(scheme.encode(clip, Csi(20.0)), 25.0, seed=1)
    heard = scheme.decode(sent.received)
    assert heard.audio.shape == clip.audio.shape
    assert nrmse(clip, heard).value < 0.2
    uses = {"low": 0.25, "mid": 0.5, "high": 1.0}[rate]
    assert 0.75 * uses < sent.accounting.channel_uses / len(clip.audio) <= uses


@pytest.mark.parametrize("samples", [1, 160, 511, 512, 513, 40_001])
def test_any_length_comes_back(samples: int, untrained: str) -> None:
    scheme = Asc(rate="high", weights=untrained)
    clip = Clip(audio=sound(3.0).audio[5000:][:samples])
    heard = scheme.decode(arrive(scheme.encode(clip)))
    assert heard.audio.shape == (samples,)
    assert np.isfinite(heard.audio).all()


@pytest.mark.parametrize(
    "audio", [np.full(4000, 0.5), np.sign(np.sin(np.arange(4000) / 9)), np.full(4000, 1e-7)]
)
def test_strange_sounds_stay_finite_and_in_range(audio: np.ndarray, untrained: str) -> None:
    scheme = Asc(rate="high", weights=untrained)
    heard = scheme.decode(arrive(scheme.encode(Clip(audio=audio.astype(np.float32))), 0.1))
    assert np.isfinite(heard.audio).all()
    assert np.abs(heard.audio).max() <= min(1.0, 10 * np.abs(audio).max())


def test_silence_is_silence(untrained: str) -> None:
    scheme = Asc(rate="high", weights=untrained)
    heard = scheme.decode(arrive(scheme.encode(Clip(audio=np.zeros(4000, np.float32))), 1.0))
    assert not heard.audio.any()


def test_nothing_received_is_silence(untrained: str) -> None:
    scheme = Asc(rate="high", weights=untrained)
    heard = scheme.decode(Received(scheme.encode(sound(0.5)).setup, {}))
    assert heard.audio.shape == (8000,)
    assert not heard.audio.any()


def test_level_does_not_matter(untrained: str) -> None:
    scheme, clip = Asc(rate="high", weights=untrained), sound(1.0)
    quiet = Clip(audio=clip.audio / 64)
    loud, soft = (scheme.decode(arrive(scheme.encode(c))).audio for c in (clip, quiet))
    assert np.allclose(loud / 64, soft, atol=1e-5)


def test_encoder_follows_the_csi() -> None:
    scheme, clip = Asc(), sound(1.0)
    low, high, none = (scheme.encode(clip, Csi(s)) for s in (0.0, 20.0, float("nan")))
    assert not np.array_equal(low.streams[0].latents, high.streams[0].latents)
    assert np.array_equal(none.streams[0].latents, scheme.encode(clip).streams[0].latents)


def test_rate_as_a_number(untrained: str) -> None:
    assert build(Asc, {"rate": "0.9", "weights": untrained}, "asc").rate == 0.9
    clip = sound(4.0)
    counts = [
        Asc(rate=rate, weights=untrained).encode(clip).streams[0].latents.size
        for rate in (0.4, 0.45)
    ]
    assert counts[0] < counts[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rate": "hihg"}, "did you mean 'high'"),
        ({"rate": "0.1"}, "between 0.2 and 1"),
        ({"preset": "huge"}, "unknown preset"),
    ],
)
def test_wrong_options(options: dict[str, str], message: str) -> None:
    with pytest.raises(LinksimError, match=message):
        build(Asc, options, "scheme 'asc'")


def test_what_cannot_be_sent(tmp_path: Path) -> None:
    broken = sound(0.5).audio.copy()
    broken[7] = np.nan
    with pytest.raises(LinksimError, match="NaN"):
        Asc().encode(Clip(audio=broken))
    with pytest.raises(LinksimError, match="16000 Hz, not 8000 Hz"):
        Asc().encode(Clip(audio=sound(0.5).audio, sample_rate=8000))
    with pytest.raises(LinksimError, match="no such weights"):
        Asc(weights=str(tmp_path / "none.npz")).encode(sound(0.5))
    with pytest.raises(LinksimError, match="no such weights"):
        Asc(preset="paper").encode(sound(0.5))
