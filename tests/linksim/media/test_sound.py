"""Sound as files hold it: layouts, depths and gaps."""

import subprocess
import sys
from fractions import Fraction
from types import SimpleNamespace

import av
import numpy as np
import pytest
from scipy.io import wavfile

from linksim.errors import LinksimError
from linksim.media import read
from linksim.media.container import open_media
from linksim.media.sound import _in_time, _Mixer


@pytest.mark.parametrize("channels", [1, 2, 3, 6, 7, 8, 9, 12, 16])
def test_mono_is_the_mean_of_any_number_of_channels(tmp_path, channels):
    levels = 1000 * np.arange(1, channels + 1, dtype=np.int16)
    wavfile.write(tmp_path / "a.wav", 16_000, np.tile(levels, (2000, 1)))
    audio = read(tmp_path / "a.wav").audio
    assert len(audio) == 2000
    np.testing.assert_allclose(audio, levels.mean() / 32768, rtol=1e-6)


@pytest.mark.parametrize("ending", ["flac", "m4a", "opus", "mka"])
def test_eight_planes_of_sound_do_not_end_the_process(tmp_path, ending):
    """Decoders that give a plane a channel: the process ended by a signal from eight on."""
    path = tmp_path / f"a.{ending}"
    write = f"""
import av, numpy as np
with av.open({str(path)!r}, "w") as out:
    codec = {{"flac": "flac", "m4a": "aac", "opus": "libopus", "mka": "ac3"}}[{ending!r}]
    layout = "5.1" if codec == "ac3" else "7.1"
    stream = out.add_stream(codec, rate=48_000, layout=layout)
    count = stream.layout.nb_channels
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(24_000) / 48_000)
    packed = np.repeat(tone, count).astype(np.float32)[None]
    frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
    frame.sample_rate = 48_000
    wanted = av.AudioResampler(format=stream.format.name, layout=layout, rate=48_000)
    for ready in wanted.resample(frame):
        out.mux(stream.encode(ready))
    out.mux(stream.encode(None))
"""
    read_back = f"""
from linksim.media import read
audio = read({str(path)!r}).audio
print(len(audio), audio[2000:6000].std())
"""
    subprocess.run([sys.executable, "-c", write], check=True)
    done = subprocess.run([sys.executable, "-c", read_back], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-300:]
    length, level = map(float, done.stdout.split())
    assert abs(length - 8000) < 700  # the codec's own padding
    # AAC keeps no 440 Hz in the channel of low frequencies.
    assert level == pytest.approx((7 / 8 if ending == "m4a" else 1) * 0.5 / np.sqrt(2), rel=0.03)


def test_a_format_that_changes_in_the_stream_is_mixed_on(tmp_path):
    mixer, got = _Mixer(), []
    for name, count in (("a.wav", 2), ("b.wav", 10), ("c.wav", 2)):
        levels = 1024 * np.arange(1, count + 1, dtype=np.int16)
        wavfile.write(tmp_path / name, 8_000, np.tile(levels, (100, 1)))
        with open_media(tmp_path / name) as container:
            got += [mixer.mono(frame)[0] * 32 for frame in container.decode(audio=0)]
    np.testing.assert_allclose(got, [1.5, 5.5, 1.5])


def frames(times_ms, samples=160, rate=8000):
    """Return frames of 20 ms at the given times."""
    return [
        SimpleNamespace(pts=t, time_base=Fraction(1, 1000), samples=samples, sample_rate=rate)
        for t in times_ms
    ]


def silence(times_ms):
    return [late for _, _, late in _in_time(frames(times_ms))]


@pytest.mark.parametrize(
    ("times_ms", "late"),
    [
        ([0, 20, 40, 60], [0, 0, 0, 0]),
        ([500, 520, 620, 640], [0, 0, 640, 0]),  # 80 ms are missing
        ([0, 20, 60, 100, 120], [0, 0, 160, 160, 0]),  # a frame of 20 ms is, and another
        ([0, 21, 39, 61, 80], [0, 0, 0, 0, 0]),  # stamps that jitter
        ([0, 20, 50, 60, 80], [0, 0, 0, 0, 0]),  # one that is wrong, as decoders of Vorbis give
        ([0, 20, 40, 70], [0, 0, 0, 0]),
        ([0, 20, 40, 1060], [0, 0, 0, 8000]),
        ([0, 20, 20, 40, 60], [0, 0, -160, 0, 0]),  # a frame that plays twice
        ([None, None, 140, 160], [0, 0, 800, 0]),
    ],
)
def test_gaps_between_time_stamps(times_ms, late):
    assert silence(times_ms) == late


def test_a_clock_that_drifts_is_followed():
    """Stamps that gain 1 ms in 20: no frame is ever 10 ms from its place."""
    end = 0
    for i, (_, time, late) in enumerate(_in_time(frames([21 * i for i in range(400)]))):
        assert abs(float(time) - 0.021 * i) < 0.010
        end += 160 + late
    assert end / 8000 == pytest.approx(0.021 * 400, abs=0.02)


def written(path, pieces, rate=16_000, codec="pcm_s16le"):
    """Write pieces of sound, each from its sample on."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=rate, layout="mono")
        for start, samples in pieces:
            frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


@pytest.mark.parametrize("ending", ["mkv", "nut"])
def test_what_comes_after_a_gap_comes_when_it_is_due(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    pieces = np.random.default_rng(0).integers(-9000, 9000, (4, 1600), np.int16)
    starts = (0, 1600, 14_400, 16_000)  # 0.7 s are missing
    written(path, list(zip(starts, pieces, strict=True)))
    expected = np.zeros(17_600, np.float32)
    for start, piece in zip(starts, pieces, strict=True):
        expected[start : start + 1600] = piece / 32768
    np.testing.assert_allclose(read(path).audio, expected, atol=1e-6)
    early = read(path, max_seconds=0.5).audio
    np.testing.assert_allclose(early, expected[:8000], atol=1e-6)


def test_a_gap_that_is_not_read_is_not_too_long(tmp_path):
    tone = np.full(16_000, 3000, np.int16)
    written(tmp_path / "a.mkv", [(0, tone), (2000 * 16_000, tone), (2001 * 16_000, tone)])
    assert len(read(tmp_path / "a.mkv", max_seconds=2.0).audio) == 32_000
    with pytest.raises(LinksimError, match="lasts 2002 s or more"):
        read(tmp_path / "a.mkv")


def test_sound_that_goes_back_in_time_is_refused(tmp_path):
    """Two recordings behind one another in one file."""
    tone = (9000 * np.sin(np.arange(80_000) / 9)).astype(np.int16)
    written(tmp_path / "a.ts", [(0, tone)], codec="mp2")
    twice = 2 * (tmp_path / "a.ts").read_bytes()
    (tmp_path / "a.ts").write_bytes(twice)
    with pytest.raises(LinksimError, match=r"goes back in time after 5\.\d+ s; write it anew"):
        read(tmp_path / "a.ts")


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ogg"])
def test_opus_is_heard_when_it_was_said(tmp_path, ending):
    """Its decoder starts 6.5 ms early, which is not heard."""
    path, rate = tmp_path / f"a.{ending}", 48_000
    said = np.zeros(rate, np.int16)
    said[24_000:24_048] = 20_000
    with av.open(str(path), "w") as out:
        video = None if ending == "ogg" else out.add_stream("mpeg4", rate=25)
        sound = out.add_stream("libopus", rate=rate, layout="mono")
        if video is not None:
            video.width = video.height = 16
            video.pix_fmt = "yuv420p"
        for i in range(25):
            if video is not None:
                picture = np.full((16, 16, 3), 10 * i, np.uint8)
                out.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            piece = said[None, 1920 * i :][:, :1920].copy()
            frame = av.AudioFrame.from_ndarray(piece, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = rate, 1920 * i, Fraction(1, rate)
            out.mux(sound.encode(frame))
        for stream in filter(None, (video, sound)):
            out.mux(stream.encode(None))
    audio = np.abs(read(path).audio)
    assert np.flatnonzero(audio > 0.5 * audio.max())[0] / 16 == pytest.approx(500, abs=1)
