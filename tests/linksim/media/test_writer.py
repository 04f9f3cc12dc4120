import resource
from fractions import Fraction

import av
import numpy as np
import pytest

from linksim.errors import LinksimError
from linksim.media import Clip, read, write
from linksim.media.sources import load_clip, media_suffix


def test_mp4_round_trip(tmp_path, make_clip):
    clip = make_clip(count=30, seconds=1.2)
    write(clip, tmp_path / "a.mp4")
    back = read(tmp_path / "a.mp4")
    assert back.frames.shape == clip.frames.shape
    assert back.fps == clip.fps
    error = np.mean((back.frames.astype(float) - clip.frames) ** 2)
    assert 10 * np.log10(255**2 / error) > 30  # the texture is mostly colour, which 4:2:0 halves
    n = len(clip.audio)
    assert np.corrcoef(clip.audio, back.audio[:n])[0, 1] > 0.99  # one sample of shift fails
    with av.open(str(tmp_path / "a.mp4")) as file:
        assert file.streams.video[0].codec_context.name == "h264"
        assert file.streams.video[0].codec_context.pix_fmt == "yuv420p"
        assert file.streams.audio[0].codec_context.name == "aac"


def test_odd_sizes_are_padded_and_colours_kept(tmp_path):
    frames = np.empty((5, 47, 63, 3), np.uint8)
    frames[:] = (200, 40, 90)
    write(Clip(frames, Fraction(30_000, 1001)), tmp_path / "a.mp4")
    back = read(tmp_path / "a.mp4")
    assert back.frames.shape == (5, 48, 64, 3)
    assert back.fps == Fraction(30_000, 1001)
    assert np.abs(back.frames.astype(int) - (200, 40, 90)).max() <= 3


def test_odd_file_names(tmp_path, small_clip):
    path = tmp_path / "a:b %03d é.mp4"
    write(small_clip, path)
    assert read(path).name == path.name


def test_wav_round_trip_is_exact_for_pcm(tmp_path):
    pcm = np.random.default_rng(0).integers(-32768, 32768, 5000)
    audio = (pcm / 32768).astype(np.float32)
    write(Clip(audio=audio), tmp_path / "a.wav")
    np.testing.assert_array_equal(read(tmp_path / "a.wav").audio, audio)


def test_text_round_trip(tmp_path):
    clip = Clip(name="said.txt", text="Bin blue – at F2, now.")
    write(clip, tmp_path / "said.txt")
    assert read(tmp_path / "said.txt").fingerprint() == clip.fingerprint()
    (tmp_path / "lines.TXT").write_text("  two\n\nlines\t")
    assert read(tmp_path / "lines.TXT").text == "two lines"


def test_write_refuses_what_it_cannot_do(tmp_path, small_clip):
    with pytest.raises(LinksimError, match=r"\.mp4, \.png, \.wav or \.txt"):
        write(small_clip, tmp_path / "a.avi")
    with pytest.raises(LinksimError, match="has no video stream"):
        write(Clip(audio=small_clip.audio), tmp_path / "a.mp4")
    with pytest.raises(LinksimError, match="has no text"):
        write(small_clip, tmp_path / "a.txt")
    with pytest.raises(LinksimError, match="cannot be written"):
        write(small_clip, tmp_path / "nowhere" / "a.mp4")


@pytest.mark.parametrize("name", ["a.mp4", "a.wav"])
def test_failed_write_leaves_the_old_file(tmp_path, small_clip, name):
    (tmp_path / name).write_bytes(b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, limits[1]))
    try:
        with pytest.raises(LinksimError, match=f"{name}: cannot be written"):
            write(small_clip, tmp_path / name)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == b"old"


def test_a_picture_comes_back_without_loss(tmp_path, make_clip):
    picture = make_clip(count=1).frames
    write(Clip(picture, Fraction(25)), tmp_path / "a.png")
    back = read(tmp_path / "a.png")
    assert np.array_equal(back.frames, picture)
    assert media_suffix(back) == ".png"
    assert media_suffix(make_clip(count=2)) == ".mp4"


def test_photographs_are_clips_of_one_picture():
    pytest.importorskip("skimage")
    clip = load_clip("builtin:astronaut")
    assert clip.frames.shape == (1, 512, 512, 3)
    assert not clip.has_audio
    assert clip.name == "astronaut"
