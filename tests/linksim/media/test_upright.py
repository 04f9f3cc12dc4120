"""Pictures are seen as their file says: turned, mirrored, with square pixels, without a comb."""

import struct
import subprocess
import sys
import zlib
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from linksim.media import read

MATRICES = [(1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0),
            (-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0)]  # fmt: skip


def film(path, pictures, matrix=None, aspect=None, interlaced=False):
    """Write pictures, uint8 [T, H, W, 3], without loss."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264rgb" if not interlaced else "libx264", rate=25)
        stream.height, stream.width = pictures.shape[1:3]
        stream.pix_fmt = "yuv444p" if interlaced else "rgb24"
        stream.options = {"qp": "0"}
        if interlaced:
            stream.options = {"qp": "0", "x264-params": "bff=1"}
        if matrix:
            a, b, c, d = (65536 * value for value in matrix)
            stream.set_display_matrix([a, b, 0, c, d, 0, 0, 0, 1 << 30])
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        for pixels in pictures:
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


@pytest.mark.parametrize("matrix", MATRICES)
def test_pixels_go_where_the_display_matrix_sends_them(tmp_path, matrix):
    pixels = np.random.default_rng(0).integers(0, 256, (24, 40, 3), np.uint8)
    film(tmp_path / "a.mp4", pixels[None], matrix)
    a, b, c, d = matrix
    y, x = np.mgrid[:24, :40]
    across, down = a * x + c * y, b * x + d * y
    shape = (40, 24, 3) if a == 0 else (24, 40, 3)
    expected = np.zeros(shape, np.uint8)
    expected[down - down.min(), across - across.min()] = pixels
    got = read(tmp_path / "a.mp4").frames
    assert got.shape == (1, *shape)
    assert np.abs(got[0].astype(int) - expected).max() <= 2


@pytest.mark.parametrize(
    ("aspect", "width"),
    [(Fraction(4, 3), 64), (Fraction(8, 9), 42), (Fraction(16, 11), 69), (Fraction(1), 48)],
)
def test_pixels_become_square(tmp_path, aspect, width):
    """A circle that was squeezed into the file is one again."""
    y, x = np.mgrid[:48, :48]
    disc = np.hypot((x - 23.5) * float(aspect), y - 23.5) < 16
    pixels = np.repeat(255 * disc[..., None], 3, -1).astype(np.uint8)
    film(tmp_path / "a.mkv", pixels[None], aspect=aspect)
    got = read(tmp_path / "a.mkv").frames[0, ..., 1] > 127
    assert got.shape == (48, width)
    assert abs(int(got.any(0).sum()) - int(got.any(1).sum())) <= 2


def test_a_phone_held_upright_has_square_pixels_across_its_turn(tmp_path):
    pixels = np.zeros((1, 24, 40, 3), np.uint8)
    film(tmp_path / "a.mp4", pixels, matrix=(0, 1, -1, 0), aspect=Fraction(2))
    assert read(tmp_path / "a.mp4").frames.shape == (1, 80, 24, 3)


def _exif(orientation):
    return struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, 0x112, 3, 1, orientation, 0, 0)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_stand_as_their_camera_was_held(tmp_path, orientation):
    """The Exif block of a JPEG is data beside the picture of which PyAV does not know the type."""
    pixels = np.zeros((48, 80, 3), np.uint8)
    pixels[:16, :16] = 255
    jpeg = cv2.imencode(".jpg", pixels)[1].tobytes()
    exif = b"Exif\0\0" + _exif(orientation)
    block = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    (tmp_path / "a.jpg").write_bytes(jpeg[:2] + block + jpeg[2:])
    (got,) = read(tmp_path / "a.jpg").frames
    expected = cv2.imread(str(tmp_path / "a.jpg"))
    assert got.shape == expected.shape
    assert np.abs(got.astype(int) - expected).mean() < 2


@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, 3), (8, 1)])
def test_a_turned_picture_with_a_colour_profile_ends_no_process(tmp_path, orientation, turns):
    pixels = np.random.default_rng(1).integers(0, 256, (24, 40, 3), np.uint8)
    png = cv2.imencode(".png", pixels[..., ::-1])[1].tobytes()
    chunks = _chunk(b"iCCP", b"a name\0\0" + zlib.compress(bytes(128)))
    chunks += _chunk(b"eXIf", _exif(orientation))
    (tmp_path / "a.png").write_bytes(png[:33] + chunks + png[33:])  # after its header
    code = f"from linksim.media import read; print(read({str(tmp_path / 'a.png')!r}).frames.sum())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == pixels.sum(dtype=int)
    assert np.array_equal(read(tmp_path / "a.png").frames[0], np.rot90(pixels, turns))


def _chunk(kind, data):
    checked = kind + data
    return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))


def test_interlaced_pictures_have_no_comb(tmp_path):
    """A bar that moves from field to field: in each frame its edge is straight."""
    fields = np.full((40, 64, 96, 3), 32, np.uint8)
    for i, field in enumerate(fields):
        field[:, 2 * i : 2 * i + 12] = 220
    woven = fields[1::2].copy()  # the lower field is the first, as the encoder marks it
    woven[:, 1::2] = fields[::2, 1::2]
    film(tmp_path / "a.mkv", woven, interlaced=True)
    got = read(tmp_path / "a.mkv").frames[..., 1].astype(int)
    assert len(got) == len(woven)
    comb = np.abs(np.diff(woven[2:-2, 8:-8, :, 1].astype(int), axis=1)).mean()
    assert np.abs(np.diff(got[2:-2, 8:-8], axis=1)).mean() < 0.1 * comb
    np.testing.assert_allclose(got[:, 1::2], fields[::2, 1::2, :, 1], atol=4)
