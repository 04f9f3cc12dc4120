"""A zoo of files that people have, read as the ``ffmpeg`` program reads them.

Pictures are compared in size, orientation and value; clicks in time, from the first picture on;
both in length. The files are made here, a second long and small.
"""

import shutil
import subprocess
from fractions import Fraction

import av
import numpy as np
import pytest

from linksim.media import read

pytestmark = pytest.mark.skipif(
    not (shutil.which("ffmpeg") and shutil.which("ffprobe")),
    reason="the ffmpeg program, which is compared with, is not installed",
)

CLICK = "if(lt(mod(t+0.75,0.25)*48000,24),0.8,0)"  # of half a millisecond, four a second
VIDEO = "testsrc2=d=1:r=25:s=96x64"
RATE = 16_000


def ffmpeg(*args: object) -> bytes:
    done = subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, args)],
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-500:]
    return done.stdout


def sound(channels=1, codec="", depth="", gap=""):
    """Return arguments that make clicks, the same in all channels."""
    source = f"aevalsrc='{'|'.join([CLICK] * channels)}':d=1:s=48000"
    chosen = ["-c:a", codec] if codec else []
    return ["-f", "lavfi", "-i", source], [*chosen, *(["-sample_fmt", depth] if depth else []),
                                           *(["-af", gap] if gap else [])]  # fmt: skip


def pixels_of(path, shape, filters=()):
    """Return the first pictures of a file as the program shows them."""
    chain = ["-vf", ",".join(filters)] if filters else []
    raw = ffmpeg("-i", path, "-map", "0:v:0", *chain, "-fps_mode", "passthrough",
                 "-f", "rawvideo", "-pix_fmt", "rgb24", "-")  # fmt: skip
    assert len(raw) % np.prod(shape) == 0
    return np.frombuffer(raw, np.uint8).reshape(-1, *shape)


def times_of(path, stream="v:0"):
    """Return when the program shows each picture, or plays each frame of sound, in s."""
    lines = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", stream, "-show_entries", "frame=pts_time",
         "-of", "csv=p=0", str(path)], capture_output=True, check=True, text=True,
    ).stdout.split()  # fmt: skip
    return [float(line.strip(",")) for line in lines]


def samples_of(path, start):
    """Return the sound as the program plays it from a time on."""
    chain = f"pan=mono|c0=c0,aresample={RATE}:async=1:min_hard_comp=0.008:first_pts=0"
    raw = ffmpeg("-copyts", "-i", path, "-map", "0:a:0", "-af", chain, "-f", "f32le", "-")
    return np.frombuffer(raw, np.float32)[round(start * RATE) :]


def clicks(audio):
    """Return when clicks begin, in ms."""
    loud = np.flatnonzero(np.abs(audio) > 0.4 * np.abs(audio).max())
    return 1000 / RATE * loud[np.diff(loud, prepend=-RATE) > RATE / 20]


def check_sound(path, clip, count=4):
    """Compare clicks from the first picture on, or else from the first sample."""
    expected = samples_of(path, times_of(path, "v:0" if clip.has_video else "a:0")[0])
    got = clicks(clip.audio)
    assert abs(len(got) - count) <= 1
    np.testing.assert_allclose(got, clicks(expected), atol=1.0)
    assert abs(len(clip.audio) - len(expected)) <= RATE / 1000


def check_pictures(path, clip, filters=()):
    """Compare each picture with the frame that is shown at its time."""
    expected = pixels_of(path, clip.frames.shape[1:], filters)
    times = np.array(times_of(path))
    at = np.round((times - times[0]) * float(clip.fps)).astype(int)
    assert len(set(at)) == len(expected)
    assert len(clip.frames) == at[-1] + 1
    assert np.abs(clip.frames[at].astype(int) - expected).mean() < 2


@pytest.mark.parametrize("channels", [1, 2, 6, 8, 9, 16])
def test_layouts(tmp_path, channels):
    source, how = sound(channels, "pcm_s16le")
    ffmpeg(*source, *how, tmp_path / "a.wav")
    check_sound(tmp_path / "a.wav", read(tmp_path / "a.wav"))


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.flac", "flac"), ("a.m4a", "aac"), ("a.opus", "libopus"), ("a.mka", "libvorbis")],
)
@pytest.mark.parametrize("channels", [1, 8])
def test_coded_sound(tmp_path, name, codec, channels):
    source, how = sound(channels, codec)
    ffmpeg(*source, *how, tmp_path / name)
    check_sound(tmp_path / name, read(tmp_path / name))


@pytest.mark.parametrize("depth", ["u8", "s16le", "s24le", "s32le", "f32le", "f64le"])
def test_depths(tmp_path, depth):
    source, how = sound(2, f"pcm_{depth}")
    ffmpeg(*source, *how, tmp_path / "a.wav")
    check_sound(tmp_path / "a.wav", read(tmp_path / "a.wav"))


@pytest.mark.parametrize("name", ["a.mkv", "a.nut"])
@pytest.mark.parametrize("gap", [(0.3, 0.7), (0.55, 0.6)])
def test_gaps_in_sound(tmp_path, name, gap):
    left_out = f"asetnsamples=240,aselect=not(between(t\\,{gap[0]}\\,{gap[1]}))"
    source, how = sound(1, "pcm_s16le", gap=left_out)
    ffmpeg("-f", "lavfi", "-i", VIDEO, *source, "-c:v", "mpeg4", *how, tmp_path / name)
    clip = read(tmp_path / name)
    check_sound(tmp_path / name, clip, count=3 if gap[0] == 0.3 else 4)
    assert clips_end(clip) == pytest.approx(1.0, abs=0.01)


def clips_end(clip):
    return len(clip.audio) / clip.sample_rate


@pytest.mark.parametrize(
    ("name", "video", "audio"),
    [("a.mp4", "libx264", "aac"), ("a.mkv", "libx264", "libopus"), ("a.webm", "libvpx", "libopus"),
     ("a.mp4", "libx264", "libopus"), ("a.avi", "mpeg4", "libmp3lame"), ("a.ts", "libx264", "aac"),
     ("a.mpg", "mpeg1video", "mp2"), ("a.mov", "mpeg4", "pcm_s24le"),
     ("parts.mp4", "libx264", "libopus")],
)  # fmt: skip
def test_sound_beside_video(tmp_path, name, video, audio):
    path = tmp_path / name
    source, how = sound(2, audio)
    parts = ["-movflags", "frag_keyframe+empty_moov"] if name == "parts.mp4" else []
    ffmpeg("-f", "lavfi", "-i", VIDEO, *source, "-c:v", video, "-q:v", 2, *how, *parts, path)
    clip = read(path)
    assert clip.fps == 25
    check_sound(path, clip)
    check_pictures(path, clip)


def remux(source, path, matrix):
    """Copy a video and give it a display matrix."""
    with av.open(str(source)) as old, av.open(str(path), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        a, b, c, d = (65536 * value for value in matrix)
        stream.set_display_matrix([a, b, 0, c, d, 0, 0, 0, 1 << 30])
        for packet in old.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)


@pytest.mark.parametrize(
    "matrix",
    [(0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0), (-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0)],
)
def test_rotation_and_mirror(tmp_path, matrix):
    ffmpeg("-f", "lavfi", "-i", VIDEO, "-c:v", "mpeg4", "-q:v", 2, tmp_path / "straight.mp4")
    remux(tmp_path / "straight.mp4", tmp_path / "a.mp4", matrix)
    clip = read(tmp_path / "a.mp4")
    assert clip.frames.shape[1:3] == ((64, 96) if matrix[0] else (96, 64))
    check_pictures(tmp_path / "a.mp4", clip)


@pytest.mark.parametrize("aspect", ["16/11", "8/9", "1/2"])
def test_aspect(tmp_path, aspect):
    path = tmp_path / "a.mkv"
    ffmpeg("-f", "lavfi", "-i", f"{VIDEO},setsar={aspect}", "-c:v", "mpeg4", "-q:v", 2, path)
    clip = read(path)
    assert clip.frames.shape[1:3] == (64, int(96 * Fraction(aspect)))
    check_pictures(path, clip, ["format=rgb24", "scale=iw*sar:ih"])


@pytest.mark.parametrize("first", ["tff", "bff"])
def test_interlaced(tmp_path, first):
    path = tmp_path / "a.mkv"
    fields = (
        f"testsrc2=d=1:r=50:s=96x64,tinterlace=interleave_{'top' if first == 'tff' else 'bottom'}"
    )
    ffmpeg("-f", "lavfi", "-i", fields, "-flags", "+ilme+ildct", "-top", int(first == "tff"),
           "-c:v", "mpeg2video", "-q:v", 2, path)  # fmt: skip
    check_pictures(path, read(path), ["bwdif=mode=send_frame"])


def test_variable_rate(tmp_path):
    """No picture of the fast half is lost, and each stands at its time."""
    path = tmp_path / "a.mkv"
    slower = "testsrc2=d=1:r=30:s=96x64,select=lt(t\\,0.5)+not(mod(n\\,3))"
    ffmpeg("-f", "lavfi", "-i", slower, "-fps_mode", "vfr", "-c:v", "mpeg4", "-q:v", 2, path)
    clip = read(path)
    assert clip.fps == 30
    assert len(times_of(path)) == 20
    check_pictures(path, clip)


@pytest.mark.parametrize(
    "pixels", ["yuv420p10le", "yuv422p10le", "yuv444p12le", "gray", "yuvj420p"]
)
def test_depths_of_pictures(tmp_path, pixels):
    path = tmp_path / "a.mkv"
    ffmpeg("-f", "lavfi", "-i", VIDEO, "-c:v", "ffv1" if "j" not in pixels else "mjpeg",
           "-q:v", 2, "-pix_fmt", pixels, path)  # fmt: skip
    check_pictures(path, read(path))


def test_subtitles_beside(tmp_path):
    (tmp_path / "a.srt").write_text("1\n00:00:00,000 --> 00:00:00,900\nHello\n")
    source, how = sound(1, "aac")
    path = tmp_path / "a.mkv"
    ffmpeg("-f", "lavfi", "-i", VIDEO, *source, "-i", tmp_path / "a.srt", "-c:v", "mpeg4",
           "-q:v", 2, *how, "-map", 2, "-map", 1, "-map", 0, path)  # fmt: skip
    clip = read(path)
    check_sound(path, clip)
    check_pictures(path, clip)


def test_cover_beside_sound(tmp_path):
    ffmpeg("-f", "lavfi", "-i", VIDEO, "-frames:v", 1, tmp_path / "cover.png")
    source, how = sound(2, "aac")
    ffmpeg(*source, "-i", tmp_path / "cover.png", "-map", 0, "-map", 1, *how, "-c:v", "copy",
           "-disposition:v:0", "attached_pic", tmp_path / "a.m4a")  # fmt: skip
    clip = read(tmp_path / "a.m4a")
    assert not clip.has_video
    check_sound(tmp_path / "a.m4a", clip)


@pytest.mark.parametrize(
    "name", ["-i.wav", "a:b.wav", "50%d of 'it'.wav", "naïve 音.wav", "a\\b?#*.wav", "http:x.wav"]
)
def test_odd_names(tmp_path, name):
    source, how = sound(1, "pcm_s16le")
    ffmpeg(*source, *how, tmp_path / "a.wav")
    (tmp_path / "a.wav").rename(tmp_path / name)
    assert len(clicks(read(tmp_path / name).audio)) == 4


@pytest.mark.parametrize("size", ["97x65", "1x1", "1280x8"])
def test_odd_sizes(tmp_path, size):
    path = tmp_path / "a.mkv"
    source = f"nullsrc=d=0.2:r=25:s={size},geq=r=2*X:g=3*Y:b=50*N"
    ffmpeg("-f", "lavfi", "-i", source, "-c:v", "ffv1", "-pix_fmt", "bgr0", path)
    clip = read(path)
    assert clip.frames.shape == (5, *map(int, size.split("x")[::-1]), 3)
    check_pictures(path, clip)
