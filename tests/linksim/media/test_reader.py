import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from scipy.io import wavfile

from linksim.errors import LinksimError
from linksim.media import read, write

GRID = Path(__file__).parents[4] / "shared/media/grid/bbaf2n.mpg"


def record(path: Path, *, times_ms=(), tone_start_ms=None, rate=48_000, audio_codec="flac"):
    """Write grey pictures (value 10 i) at the given times, and 1 s of a 440 Hz tone."""
    with av.open(str(path), "w") as out:
        video = audio = None
        if times_ms:
            video = out.add_stream("libx264", rate=25, options={"crf": "1"})
            video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
            video.codec_context.time_base = Fraction(1, 1000)
        if tone_start_ms is not None:
            audio = out.add_stream(audio_codec, rate=rate, layout="mono")
            audio.codec_context.format = "s16"
        for i, pts in enumerate(times_ms):
            pixels = np.full((48, 64, 3), 10 * i, np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = pts, Fraction(1, 1000)
            out.mux(video.encode(frame))
        if audio is not None:
            frame = av.AudioFrame.from_ndarray(tone(rate)[None], format="s16", layout="mono")
            frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
            frame.pts = tone_start_ms * rate // 1000
            out.mux(audio.encode(frame))
        for stream in filter(None, (video, audio)):
            out.mux(stream.encode(None))


def tone(rate: int) -> np.ndarray:
    return (16_000 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)).astype(np.int16)


def test_pcm_is_read_exactly(tmp_path):
    samples = np.array([0, 1, -1, 32767, -32768, 1234], np.int16)
    wavfile.write(tmp_path / "a.wav", 16_000, samples)
    clip = read(tmp_path / "a.wav")
    assert clip.audio.dtype == np.float32
    np.testing.assert_array_equal(clip.audio, samples / np.float32(32768))
    assert (clip.has_video, clip.fps, clip.name) == (False, None, "a.wav")


def test_mono_is_the_mean_of_the_channels(tmp_path):
    left, right = np.full(100, 8192, np.int16), np.full(100, 24576, np.int16)
    wavfile.write(tmp_path / "a.wav", 16_000, np.stack([left, right], 1))
    np.testing.assert_array_equal(read(tmp_path / "a.wav").audio, np.float32(0.5))


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_resampling_keeps_time_level_and_length(tmp_path, rate):
    wavfile.write(tmp_path / "a.wav", rate, tone(rate))
    clip = read(tmp_path / "a.wav")
    assert abs(len(clip.audio) - 16_000) <= 1
    expected = 16_000 / 32768 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    inner = slice(200, 15_800)
    np.testing.assert_allclose(clip.audio[inner], expected[inner], atol=2e-3)


def test_float_and_24_bit_wav(tmp_path):
    x = np.linspace(-1, 1, 5000)
    wavfile.write(tmp_path / "f.wav", 16_000, (2 * x).astype(np.float32))
    np.testing.assert_allclose(read(tmp_path / "f.wav").audio, np.clip(2 * x, -1, 1), atol=1e-6)
    with wave.open(str(tmp_path / "i.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(3)
        file.setframerate(16_000)
        pcm = np.round(x * (2**23 - 1)).astype("<i4")
        file.writeframes(pcm.view(np.uint8).reshape(-1, 4)[:, :3].tobytes())
    np.testing.assert_allclose(read(tmp_path / "i.wav").audio, x, atol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_samples_that_are_not_finite_are_refused(tmp_path, bad, rate):
    samples = np.zeros(20_000, np.float32)
    samples[9000] = bad
    wavfile.write(tmp_path / "a.wav", rate, samples)
    with pytest.raises(LinksimError, match=r"a\.wav: its audio holds NaN"):
        read(tmp_path / "a.wav")


def test_video_alone_at_an_ntsc_rate_is_read_frame_by_frame(tmp_path):
    record(tmp_path / "v.mkv", times_ms=[round(i * 1001 / 30) for i in range(20)])
    clip = read(tmp_path / "v.mkv")
    assert clip.frames.shape == (20, 48, 64, 3)
    assert abs(clip.fps - Fraction(30_000, 1001)) < Fraction(1, 100)
    assert not clip.has_audio
    np.testing.assert_allclose(clip.frames[:, 20, 20, 0], 10 * np.arange(20), atol=3)


def test_variable_frame_rate_is_placed_by_time(tmp_path):
    record(tmp_path / "v.mkv", times_ms=[0, 100, 200, 600, 700, 800])
    clip = read(tmp_path / "v.mkv")
    assert clip.fps == 10  # the rate of all but one step
    expected = [0, 10, 20, 20, 20, 20, 30, 40, 50]
    np.testing.assert_allclose(clip.frames[:, 20, 20, 0], expected, atol=3)


@pytest.mark.parametrize(("video_ms", "tone_ms"), [(0, 200), (300, 100), (0, 0)])
def test_time_zero_is_the_first_picture(tmp_path, video_ms, tone_ms):
    record(
        tmp_path / "av.mkv",
        times_ms=[video_ms + 40 * i for i in range(20)],
        tone_start_ms=tone_ms,
        rate=16_000,
    )
    audio = read(tmp_path / "av.mkv").audio
    shift = (tone_ms - video_ms) * 16
    expected = tone(16_000) / np.float32(32768)
    expected = np.pad(expected, (shift, 0)) if shift > 0 else expected[-shift:]
    np.testing.assert_array_equal(audio, expected)


def test_audio_that_never_meets_the_video_is_refused(tmp_path):
    times = [40 * i for i in range(20)]
    record(tmp_path / "av.mkv", times_ms=times, tone_start_ms=5000, rate=16_000)
    with pytest.raises(LinksimError, match="do not overlap in time"):
        read(tmp_path / "av.mkv")


def test_max_seconds(tmp_path):
    record(tmp_path / "av.mkv", times_ms=[40 * i for i in range(20)], tone_start_ms=0)
    clip = read(tmp_path / "av.mkv", max_seconds=0.4)
    assert (len(clip.frames), len(clip.audio)) == (10, 6400)
    with pytest.raises(LinksimError, match="max_seconds must be positive"):
        read(tmp_path / "av.mkv", max_seconds=0)


def test_cover_art_is_not_video(tmp_path):
    with av.open(str(tmp_path / "a.mp3"), "w") as out:
        audio = out.add_stream("libmp3lame", rate=16_000, layout="mono")
        cover = out.add_stream("png", rate=25)
        cover.width = cover.height = 16
        cover.pix_fmt = "rgb24"
        cover.disposition = av.stream.Disposition.attached_pic
        picture = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")
        out.mux(cover.encode(picture))
        out.mux(cover.encode(None))
        frame = av.AudioFrame.from_ndarray(tone(16_000)[None], format="s16", layout="mono")
        frame.sample_rate = 16_000
        for f in av.AudioResampler(format="s16p", rate=16_000).resample(frame):
            out.mux(audio.encode(f))
        out.mux(audio.encode(None))
    clip = read(tmp_path / "a.mp3")
    assert clip.has_audio
    assert not clip.has_video


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.mp4", b"", "is empty"),
        ("noise.mp4", np.random.default_rng(0).bytes(50_000), "not a media file"),
        ("zeros.wav", bytes(5000), "not a media file"),
        ("notes.nfo", b"hello\n" * 100, "text file"),
    ],
)
def test_what_is_no_media_is_refused(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LinksimError, match=message) as error:
        read(tmp_path / name)
    assert name in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_file_and_directory(tmp_path):
    with pytest.raises(LinksimError, match=r"nope\.mp4: no such file"):
        read(tmp_path / "nope.mp4")
    with pytest.raises(LinksimError, match="is a directory"):
        read(tmp_path)


@pytest.mark.parametrize("ending", ["mp4", "wav", "mkv", "flac"])
@pytest.mark.parametrize("kept", [0.3, 0.8])
def test_truncated_files_are_refused(tmp_path, make_clip, ending, kept):
    path = tmp_path / f"a.{ending}"
    if ending in ("mp4", "wav"):
        write(make_clip(count=50, seconds=2.0), path)
    else:
        video = [40 * i for i in range(20)] if ending == "mkv" else ()
        record(path, times_ms=video, tone_start_ms=0)
    whole = path.read_bytes()
    read(path)
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(LinksimError, match=r"truncated|cut off"):
        read(path)


@pytest.mark.parametrize("kind", ["mpeg", "vob"])  # MPEG-1 and MPEG-2 program streams
@pytest.mark.parametrize("cut", [1, 300, 5000, 30_000])
def test_program_stream_cut_inside_a_packet_is_refused(tmp_path, kind, cut):
    path = tmp_path / "a.mpg"
    noise = np.random.default_rng(1).integers(0, 256, (6, 96, 128, 3), np.uint8)
    with av.open(str(path), "w", format=kind) as out:
        video = out.add_stream("mpeg1video" if kind == "mpeg" else "mpeg2video", rate=25)
        video.width, video.height, video.pix_fmt = 128, 96, "yuv420p"
        video.bit_rate = 4_000_000
        for pixels in noise:
            out.mux(video.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        out.mux(video.encode(None))
    whole = path.read_bytes().removesuffix(b"\0\0\1\xb9")  # the end code may be missing
    path.write_bytes(whole)
    assert len(read(path).frames) == 6
    path.write_bytes(whole[:-cut])
    with pytest.raises(LinksimError, match="truncated, its last packet lacks"):
        read(path)


@pytest.mark.parametrize("kept", [0.02, 0.5, 0.9])
def test_mp4_without_its_index_is_refused(tmp_path, kept):
    record(tmp_path / "a.mp4", times_ms=[40 * i for i in range(20)])  # the index comes last
    whole = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(LinksimError, match="cut off before its index"):
        read(tmp_path / "a.mp4")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b" \n", "holds no words"), (b"caf\xe9", "is not text in UTF-8"), (b"", "is empty")],
)
def test_what_is_no_text_is_refused(tmp_path, content, message):
    (tmp_path / "said.txt").write_bytes(content)
    with pytest.raises(LinksimError, match=rf"said\.txt: {message}"):
        read(tmp_path / "said.txt")


@pytest.mark.shared
def test_real_clip():
    if not GRID.exists():
        pytest.skip("the GRID clips are not here")
    clip = read(GRID)
    assert clip.frames.shape == (75, 288, 360, 3)
    assert clip.fps == 25
    assert len(clip.audio) == 47_648  # 114 frames of 1152 at 44.1 kHz
