"""Long and large clips are refused by what they state, and by what they turn out to be."""

import subprocess
import sys
import wave
from fractions import Fraction

import av
import numpy as np
import pytest
from scipy.io import wavfile

from linksim.errors import LinksimError
from linksim.media import limits, read
from linksim.media.sources import load_clip


def film(path, times, size=16, codec="ffv1"):
    """Write a grey picture at each of the times in ms."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=25)
        stream.width = stream.height = size
        stream.pix_fmt = "bgr0" if codec == "ffv1" else "yuv420p"
        if codec == "ffv1":
            stream.codec_context.time_base = Fraction(1, 1000)
        for i, time in enumerate(times):
            pixels = np.full((size, size, 3), i, np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def hours(path, seconds):
    """Write a WAV file of silence that takes no place on the disk."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.setnframes(seconds * 16_000)
        file.writeframesraw(b"")
        file._datawritten = seconds * 32_000
        file._file.seek(44 + seconds * 32_000 - 1)
        file._file.write(b"\0")


def test_ten_hours_of_sound_are_refused_unread(tmp_path, monkeypatch):
    hours(tmp_path / "a.wav", 36_000)
    monkeypatch.setattr("linksim.media.reader.read_sound", None)
    with pytest.raises(LinksimError, match=r"a\.wav: lasts 36000 s .* above the limit of 600 s"):
        read(tmp_path / "a.wav")


def test_sound_at_1_hz_is_as_long_as_it_lasts(tmp_path):
    wavfile.write(tmp_path / "a.wav", 1, np.zeros(3000, np.uint8))
    with pytest.raises(LinksimError, match=r"lasts 3000 s .*--longest"):
        read(tmp_path / "a.wav")


def test_what_is_read_of_a_long_clip_counts(tmp_path):
    hours(tmp_path / "a.wav", 610)
    assert len(read(tmp_path / "a.wav", max_seconds=2).audio) == 32_000
    assert read(tmp_path / "a.wav", longest=610).duration == 610


def test_a_stream_that_states_no_length_is_refused_where_it_gets_too_long(tmp_path):
    film(tmp_path / "a.ts", range(0, 2000, 40), codec="mpeg2video")
    assert len(read(tmp_path / "a.ts").frames) == 50
    with pytest.raises(LinksimError, match=r"a\.ts: lasts 1 s or more"):
        read(tmp_path / "a.ts", longest=1.0)


def test_a_pause_of_half_an_hour(tmp_path):
    film(tmp_path / "a.mkv", [0, 2_000_000])
    with pytest.raises(LinksimError, match=r"lasts 2000 s"):
        read(tmp_path / "a.mkv")
    clip = read(tmp_path / "a.mkv", longest=3000)
    assert (len(clip.frames), clip.fps) == (2, Fraction(1, 2000))
    film(tmp_path / "b.mkv", [*range(0, 400, 40), 2_000_000])
    assert len(read(tmp_path / "b.mkv", longest=3000).frames) == 50_001


def test_memory_is_said_before_it_is_taken(tmp_path, monkeypatch):
    film(tmp_path / "a.mp4", range(0, 4000, 40), size=64)
    monkeypatch.setattr(limits, "free_memory", lambda: 2**20)
    message = r"a\.mp4: 100 pictures of 64x64 take 0\.00114 GiB of memory where 0\.000977 GiB are"
    with pytest.raises(LinksimError, match=message) as error:
        read(tmp_path / "a.mp4")
    assert "cut or shrink it, e.g. ffmpeg -i IN -t 10" in str(error.value)
    assert "damaged" not in str(error.value)


def test_pictures_that_nobody_announced_are_counted(tmp_path, monkeypatch):
    """Ten pictures within 9 ms, then 500 s of nothing: half a million frames of the grid."""
    film(tmp_path / "a.mkv", [*range(10), 500_000], size=64)
    monkeypatch.setattr(limits, "free_memory", lambda: 2**30)
    with pytest.raises(LinksimError, match=r"500000 pictures of 64x64 take 5\.7\d GiB"):
        read(tmp_path / "a.mkv")


def test_blocks_are_given_back_while_they_are_laid_out(tmp_path):
    """Reading takes little more than the clip does: 180 MiB, where a copy would make it 360."""
    film(tmp_path / "a.mkv", range(0, 40 * 120, 40), size=700)
    script = f"""
import resource
from linksim.media import read
import av, cv2, scipy
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
read({str(tmp_path / "a.mkv")!r}, max_seconds=0.2)
before = peak()
frames = read({str(tmp_path / "a.mkv")!r}).frames
print(frames.nbytes / 2**20, peak() - before, [int(f[0, 0, 0]) for f in frames])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    size, taken, *values = eval(done.stdout.replace(" ", ",", 2))
    assert values == [list(range(120))]
    assert taken < 1.5 * size


@pytest.mark.skipif(sys.platform != "linux", reason="limits of address space are Linux's")
def test_memory_that_runs_out_is_not_damage(tmp_path):
    film(tmp_path / "a.mkv", range(0, 40 * 60, 40), size=1000)
    script = f"""
import resource
import av, numpy
from linksim.errors import LinksimError
from linksim.media import read
read({str(tmp_path / "a.mkv")!r}, max_seconds=0.1)
pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * 4096 + 2**27, -1))
try:
    read({str(tmp_path / "a.mkv")!r})
except LinksimError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "memory" in done.stdout
    assert "damaged" not in done.stdout


@pytest.mark.parametrize("longest", [0, -1, float("nan")])
def test_the_limit_is_positive(tmp_path, longest):
    wavfile.write(tmp_path / "a.wav", 16_000, np.zeros(100, np.int16))
    with pytest.raises(LinksimError, match="longest must be positive"):
        read(tmp_path / "a.wav", longest=longest)


def test_clips_by_name_have_the_limit(tmp_path):
    wavfile.write(tmp_path / "a.wav", 8000, np.zeros(16_000, np.int16))
    with pytest.raises(LinksimError, match="above the limit of 1 s"):
        load_clip(str(tmp_path / "a.wav"), 1.0)


@pytest.mark.skipif(sys.platform != "linux", reason="limits of address space are Linux's")
def test_half_of_the_address_space_is_free_for_a_clip():
    script = """
import resource
from linksim.media.limits import free_memory
pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (4096 * pages + 2**30, -1))
print(free_memory() / 2**30)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert float(done.stdout) == pytest.approx(0.5, abs=0.01)
