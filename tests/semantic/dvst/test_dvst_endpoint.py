"""The video codec as a scheme, from clip to clip."""

import os
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from linksim.endpoint import BitStream, Csi, Encoded, Received, ReceivedBits, ReceivedSymbols
from linksim.errors import LinksimError
from linksim.media import Clip
from linksim.options import build
from linksim.streams.showing import GREY
from semantic.dvst.endpoint import Dvst
from studies.run.cache import save_encoded

Moving = Callable[..., np.ndarray]


pytestmark = pytest.mark.usefixtures("tiny_is_a_preset")


@pytest.fixture(scope="module")
def scheme(tiny_weights: Path) -> Dvst:
    return Dvst(preset="tiny", weights=str(tiny_weights), gop=4)


@pytest.fixture(scope="module")
def clip(moving: Moving) -> Clip:
    """7 frames of 42x29 and 0.28 s of sound."""
    sound = 0.1 * np.sin(np.arange(4480) / 20).astype(np.float32)
    return Clip(moving(7, 29, 42), Fraction(30000, 1001), sound, 16_000, "made")


@pytest.fixture(scope="module")
def encoded(scheme: Dvst, clip: Clip) -> Encoded:
    return scheme.encode(clip, Csi(10.0))


def arrive(encoded: Encoded, noise: float = 0.0, lost: tuple[str, ...] = ()) -> Received:
    """What a link would deliver that adds noise and loses all packets of some streams."""
    rng, streams = np.random.default_rng(0), {}
    for stream in encoded.streams:
        if isinstance(stream, BitStream):
            packets = {} if stream.name in lost else dict(enumerate(stream.packets))
            streams[stream.name] = ReceivedBits(stream.name, packets)
        else:
            heard = stream.latents + np.sqrt(noise) * rng.normal(size=stream.latents.shape)
            variance = np.full_like(stream.latents, noise + 1e-9)
            streams[stream.name] = ReceivedSymbols(stream.name, heard.astype(np.float32), variance)
    return Received(encoded.setup, streams)


def test_a_clip_comes_back(scheme: Dvst, clip: Clip, encoded: Encoded) -> None:
    assert [stream.name for stream in encoded.streams] == ["side", "video", "audio"]
    seen = scheme.decode(arrive(encoded))
    assert seen.frames.shape == clip.frames.shape
    assert seen.frames.dtype == np.uint8
    assert (seen.fps, seen.sample_rate) == (clip.fps, clip.sample_rate)
    assert seen.audio.shape == clip.audio.shape
    # A few coefficients show what it is about.
    error = np.mean((seen.frames.astype(float) - clip.frames) ** 2)
    assert error < 0.6 * np.var(clip.frames.astype(float))
    noisy = scheme.decode(arrive(encoded, 3.0))
    assert not np.array_equal(noisy.frames, seen.frames)


def test_encoding_is_repeatable(scheme: Dvst, clip: Clip, encoded: Encoded) -> None:
    again = scheme.encode(clip, Csi(10.0))
    assert again.setup == encoded.setup
    assert again.streams[0] == encoded.streams[0]
    assert np.array_equal(again.streams[1].latents, encoded.streams[1].latents)


DECODE = """
import sys
from pathlib import Path
import numpy as np
from linksim.endpoint import BitStream, Received, ReceivedBits, ReceivedSymbols
from semantic.dvst import endpoint
from studies.run.cache import load_encoded

endpoint.PRESETS = ("tiny", *endpoint.PRESETS)
encoded, _ = load_encoded(Path(sys.argv[1]))
streams = {}
for stream in encoded.streams:
    if isinstance(stream, BitStream):
        streams[stream.name] = ReceivedBits(stream.name, dict(enumerate(stream.packets)))
    else:
        noise = np.full_like(stream.latents, 1e-9)
        streams[stream.name] = ReceivedSymbols(stream.name, stream.latents, noise)
scheme = endpoint.Dvst(preset="tiny", weights=sys.argv[2], audio="none")
np.save(sys.argv[3], scheme.decode(Received(encoded.setup, streams)).frames)
"""


def test_other_processes_see_the_same(
    scheme: Dvst, encoded: Encoded, tiny: str, tiny_weights: Path, tmp_path: Path
) -> None:
    """Bit for bit, from what was sent alone, and with another number of threads."""
    save_encoded(encoded, 0.0, tmp_path / "sent.npz")
    runs = []
    for threads in ("1", "2"):
        seen = tmp_path / f"{threads}.npy"
        files = [str(tmp_path / "sent.npz"), str(tiny_weights), str(seen)]
        counts = {f"TF_NUM_{kind}OP_THREADS": threads for kind in ("INTER", "INTRA")}
        environment = {**os.environ, **counts}
        command = [sys.executable, "-c", tiny + DECODE, *files]
        runs.append((subprocess.Popen(command, env=environment), seen))
    here = scheme.decode(arrive(encoded)).frames
    for process, seen in runs:
        assert process.wait() == 0
        assert np.array_equal(np.load(seen), here)


def test_nothing_but_sound_arrives(scheme: Dvst, clip: Clip, encoded: Encoded) -> None:
    seen = scheme.decode(arrive(encoded, lost=("side",)))
    assert seen.frames.shape == clip.frames.shape
    assert (seen.frames == GREY).all()
    assert np.array_equal(seen.audio, scheme.decode(arrive(encoded)).audio)
    nothing = scheme.decode(Received(encoded.setup, {}))
    assert (nothing.frames == GREY).all()
    assert not nothing.audio.any()
    assert nothing.audio.shape == clip.audio.shape


def test_lost_frames_repeat_the_last_good_one(scheme: Dvst, encoded: Encoded) -> None:
    whole, received = scheme.decode(arrive(encoded)).frames, arrive(encoded)
    packets = received.streams["side"].packets
    assert len(packets) == 4
    for lost, kept in ((0, 4), (2, 0)):
        rest = {index: data for index, data in packets.items() if index != lost}
        streams = {**received.streams, "side": ReceivedBits("side", rest)}
        seen = scheme.decode(Received(encoded.setup, streams)).frames
        assert np.array_equal(seen[kept : kept + 3], whole[kept : kept + 3])
        gone = seen[:4] if lost == 0 else seen[4:]
        assert (gone == (GREY if lost == 0 else whole[3])).all()


def test_sound_goes_along_if_asked(tiny_weights: Path, clip: Clip) -> None:
    mute = Dvst(preset="tiny", weights=str(tiny_weights), audio="none")
    one = Clip(clip.frames[:1], clip.fps, clip.audio, clip.sample_rate)
    for scheme, film in ((mute, one), (mute, Clip(one.frames, one.fps))):
        encoded = scheme.encode(film)
        assert [stream.name for stream in encoded.streams] == ["side", "video"]
        seen = scheme.decode(arrive(encoded))
        assert not seen.has_audio
        assert seen.frames.shape == one.frames.shape


@pytest.mark.parametrize("size", [(1, 1), (29, 42), (32, 48)])
def test_one_frame_of_any_size(scheme: Dvst, moving: Moving, size: tuple[int, int]) -> None:
    clip = Clip(moving(1, *size), Fraction(25))
    seen = scheme.decode(arrive(scheme.encode(clip)))
    assert seen.frames.shape == (1, *size, 3)


def test_black_frames(scheme: Dvst) -> None:
    clip = Clip(np.zeros((3, 32, 48, 3), np.uint8), Fraction(25))
    for csi in (None, Csi(0.0), Csi(20.0)):
        encoded = scheme.encode(clip, csi)
        seen = scheme.decode(arrive(encoded)).frames
        assert seen.shape == clip.frames.shape
        assert seen.mean() < 0.5 * GREY


def test_encoder_follows_the_csi(scheme: Dvst, clip: Clip, encoded: Encoded) -> None:
    film = Clip(clip.frames[:2], clip.fps)
    low, high, none, five = (
        scheme.encode(film, csi) for csi in (Csi(0.0), Csi(20.0), None, Csi(5.0))
    )
    assert low.streams[1].latents.size > high.streams[1].latents.size
    assert low.streams[0].mcs.modulation == "qpsk"
    assert high.streams[0].mcs != low.streams[0].mcs
    assert none.streams[0] == five.streams[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"eta": "0"}, "'eta' must be between"),
        ({"eta": "nan"}, "'eta' must be a number"),
        ({"eta": "9"}, "'eta' must be between"),
        ({"gop": "0"}, "'gop' must be between"),
        ({"gop": "2.5"}, "gop"),
        ({"uses_per_pixel": "0"}, "'uses_per_pixel' must be between"),
        ({"audio": "opus"}, "'audio'"),
        ({"preset": "papr"}, "did you mean 'paper'"),
        ({"without": "rat"}, "did you mean 'rate'"),
        ({"link": "modulation=qsk", "uses_per_pixel": "0.1"}, "did you mean 'qpsk'"),
        ({"link": "modulatio=qpsk", "uses_per_pixel": "0.1"}, "modulatio"),
        ({"etaa": "1"}, "did you mean 'eta'"),
    ],
)
def test_wrong_options(options: dict[str, str], message: str) -> None:
    with pytest.raises(LinksimError, match=message) as error:
        build(Dvst, options, "scheme 'dvst'")
    assert "\n" not in str(error.value)


def test_what_cannot_be_sent(scheme: Dvst, clip: Clip, tmp_path: Path) -> None:
    with pytest.raises(LinksimError, match="video"):
        scheme.encode(Clip(audio=clip.audio, sample_rate=clip.sample_rate))
    with pytest.raises(LinksimError, match="no such weights; train them with 'linksim train dvst'"):
        Dvst(preset="tiny", weights=str(tmp_path / "none.npz")).encode(clip)
    (tmp_path / "other.npz").write_bytes(b"weights")
    with pytest.raises(LinksimError, match="not a file of weights"):
        Dvst(preset="tiny", weights=str(tmp_path / "other.npz")).encode(clip)
    with pytest.raises(LinksimError, match="another preset of the video codec"):
        Dvst(preset="compact", weights=scheme.weights).encode(clip)
