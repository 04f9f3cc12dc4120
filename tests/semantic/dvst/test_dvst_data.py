"""Video to train on: what is found, what is drawn, and that a resumed run draws the same."""

import subprocess
import sys
from itertools import pairwise
from time import perf_counter

import cv2
import numpy as np
import pytest

from linksim.errors import LinksimError
from linksim.media import write
from semantic.dvst.training import crops, films
from semantic.dvst.training.crops import Crops
from semantic.dvst.training.films import moving_pictures, photographs
from semantic.training.videos import find_videos, load


def texture(height, width, seed=0):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (height // 4 + 1, width // 4 + 1, 3), dtype=np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def shift(before, after):
    """Measure how far a picture moved: (x, y) in pixels."""
    before, after = (
        cv2.cvtColor(p, cv2.COLOR_RGB2GRAY).astype(np.float32) for p in (before, after)
    )
    return np.array(
        cv2.phaseCorrelate(before, after, cv2.createHanningWindow(before.shape[::-1], 5))[0]
    )


@pytest.fixture
def videos():
    rng = np.random.default_rng(1)
    return [
        rng.integers(0, 255, shape, dtype=np.uint8) for shape in [(9, 60, 90, 3), (5, 48, 48, 3)]
    ]


def test_needs_neither_tensorflow_nor_sionna():
    code = (
        "import sys, semantic.dvst.training.crops\n"
        "print({'tensorflow', 'sionna', 'keras'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_finds_videos_and_reads_them(tmp_path, small_clip):
    (tmp_path / "b").mkdir()
    write(small_clip, tmp_path / "b" / "talk.mp4")
    cv2.imwrite(str(tmp_path / "a.png"), np.full((20, 30, 3), (0, 0, 200), np.uint8))
    np.save(tmp_path / "c.npy", small_clip.frames)
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "notes.txt").write_text("no video")
    found = find_videos([tmp_path])
    assert [f.name for f in found] == ["a.png", "talk.mp4", "c.npy"]
    assert find_videos([tmp_path / "a.png"]) == found[:1]
    assert find_videos([tmp_path], without=["talk", "c.npy"]) == found[:1]
    picture, video, array = load(found, seconds=0.2)
    assert picture.shape == (1, 20, 30, 3)
    assert picture[0, 0, 0].tolist() == [200, 0, 0]  # RGB
    assert video.shape == array.shape == (5, 48, 64, 3)
    assert np.abs(video.astype(int) - array).mean() < 12
    assert load(found[1:2])[0].shape == small_clip.frames.shape


def test_bad_files_get_one_line(tmp_path, small_clip):
    with pytest.raises(LinksimError, match=f"no video in {tmp_path}"):
        find_videos([tmp_path])
    with pytest.raises(LinksimError, match="no such file or folder"):
        find_videos([tmp_path / "nope"])
    bad = tmp_path / "bad.png"
    bad.write_text("no picture")
    with pytest.raises(LinksimError, match=r"bad\.png"):
        load([bad])
    np.save(tmp_path / "bad.npy", np.zeros((4, 5)))
    with pytest.raises(LinksimError, match=r"bad.npy: frames must be uint8 \[T, H, W, 3\]"):
        load([tmp_path / "bad.npy"])
    with pytest.raises(LinksimError, match="video 0: frames must be"):
        Crops([np.zeros((2, 8, 8, 3))], size=8, frames=2)
    with pytest.raises(LinksimError, match="no video"):
        Crops([], size=8, frames=2)
    with pytest.raises(LinksimError, match="weights"):
        Crops([small_clip.frames], size=8, frames=2, weights=[0.0])


def test_crops_depend_on_seed_step_and_place_alone(videos):
    drawn = Crops(videos, size=32, frames=4, seed=3)
    batch = drawn.batch(7, 5)
    assert batch.shape == (5, 4, 32, 32, 3)
    assert batch.dtype == np.uint8
    drawn.batch(8, 2)
    again = Crops(videos, size=32, frames=4, seed=3)
    np.testing.assert_array_equal(again.batch(7, 5), batch)
    np.testing.assert_array_equal(again.batch(7, 2), batch[:2])
    assert not np.array_equal(drawn.batch(8, 5), batch)
    assert not np.array_equal(Crops(videos, size=32, frames=4, seed=4).batch(7, 5), batch)


def test_crops_are_consecutive_frames_both_ways(monkeypatch):
    monkeypatch.setattr(crops, "PANNED", 0.0)
    monkeypatch.setattr(
        crops, "_colours", lambda rng: np.arange(256, dtype=np.uint8)[:, None, None]
    )
    times = np.arange(40, dtype=np.uint8)[:, None, None, None]
    video = np.broadcast_to(times, (40, 40, 50, 3)).copy()
    monkeypatch.setattr(cv2, "LUT", lambda frames, table: frames)
    steps = np.diff(Crops([video], size=16, frames=4).batch(0, 200)[:, :, 0, 0, 0].astype(int))
    assert (steps == steps[:, :1]).all()
    assert set(steps[:, 0]) == {-3, -2, -1, 1, 2, 3}
    assert abs((np.abs(steps[:, 0]) == 1).mean() - crops.STRIDE_SHARES[0]) < 0.07


@pytest.mark.parametrize("shape", [(1, 20, 90, 3), (2, 90, 20, 3), (3, 5, 7, 3), (1, 64, 64, 3)])
def test_small_and_short_videos_are_filled(shape):
    video = np.random.default_rng(0).integers(60, 255, shape, dtype=np.uint8)
    batch = Crops([video], size=64, frames=5).batch(0, 20)
    assert batch.min() > 0
    assert batch.std(axis=(2, 3)).min() > 5


def test_short_videos_play_to_and_fro():
    assert [crops._to_and_fro(t, 3) for t in range(6)] == [0, 1, 2, 1, 0, 1]
    assert [crops._to_and_fro(t, 1) for t in range(3)] == [0, 0, 0]


def test_stills_are_panned_by_steady_sub_pixel_steps():
    batch = Crops([texture(200, 300)[None]], size=96, frames=3).batch(0, 24)
    first, second = (np.array([shift(c[i], c[i + 1]) for c in batch]) for i in range(2))
    assert np.abs(first).max() < films.FASTEST + 0.5
    assert np.abs(first).max() > 2
    assert np.median(np.abs(first - second)) < 0.2
    assert (np.abs(first - np.round(first)) > 0.15).mean() > 0.3


def test_some_of_the_crops_seek_what_changes(monkeypatch):
    monkeypatch.setattr(crops, "PANNED", 0.0)
    video = np.full((30, 320, 320, 3), 90, np.uint8)
    video[20:24, 200:216, 40:56] = np.random.default_rng(0).integers(0, 255, (4, 16, 16, 3))
    batch = Crops([video], size=48, frames=3).batch(0, 300)
    changing = (batch.std(axis=1).max(axis=(1, 2, 3)) > 5).mean()
    # A few of the others meet it by chance.
    assert -0.07 < changing - crops.WHERE_IT_MOVES < 0.2


def test_colours_change_alike_in_all_frames(monkeypatch):
    monkeypatch.setattr(crops, "PANNED", 0.0)
    video = np.full((6, 40, 40, 3), (80, 120, 160), np.uint8)
    batch = Crops([video], size=32, frames=4).batch(0, 50)
    assert np.ptp(batch, axis=(1, 2, 3)).max() == 0
    levels = batch[:, 0, 0, 0].astype(float)
    assert (levels.std(0) > 5).all()
    assert (np.abs(levels.mean(0) - (80, 120, 160)) < 10).all()


def test_large_videos_are_drawn_more_often():
    videos = [np.full((4, n, n, 3), level, np.uint8) for n, level in ((16, 10), (64, 240))]
    share = lambda **given: (Crops(videos, size=8, frames=2, **given).batch(0, 400) > 128).mean()  # noqa: E731
    assert 0.7 < share() < 0.9  # 64 to 16
    assert share(weights=[1, 0]) == 0


def test_a_crop_takes_a_few_milliseconds():
    crops = Crops(
        [texture(720, 1280, seed)[None].repeat(8, 0) for seed in range(2)], size=128, frames=4
    )
    crops.batch(0, 2)
    seconds = []
    for step in range(5):
        start = perf_counter()
        crops.batch(step, 16)
        seconds.append((perf_counter() - start) / 16)
    assert min(seconds) < 5e-3


def test_photographs_come_with_scikit_image(monkeypatch):
    pytest.importorskip("skimage")
    pictures = photographs()
    assert len(pictures) == len(films.PHOTOGRAPHS)
    assert all(
        p.dtype == np.uint8 and p.shape[2] == 3 and min(p.shape[:2]) >= 300 for p in pictures
    )
    assert len(photographs(without=["astronaut"])) == len(pictures) - 1
    monkeypatch.setattr("linksim.media.photographs.find_spec", lambda name: None)
    with pytest.raises(LinksimError, match="skimage"):
        photographs()


def test_moving_pictures_move_smoothly_and_something_passes():
    pictures = [texture(150, 260, seed) for seed in range(3)]
    clips = moving_pictures(pictures, 20, 96, 5)
    assert [c.shape for c in clips] == [(20, 96, 96, 3)] * 3
    assert all(c.dtype == np.uint8 for c in clips)
    for clip, again in zip(clips, moving_pictures(pictures, 20, 96, 5), strict=True):
        np.testing.assert_array_equal(clip, again)
    assert not np.array_equal(clips[0], moving_pictures(pictures, 20, 96, 6)[0])
    moves = np.array([[shift(a, b) for a, b in pairwise(clip)] for clip in clips])
    assert 0.5 < np.median(np.linalg.norm(moves, axis=-1)) < 1.5 * films.FASTEST
    assert np.median(np.abs(np.diff(moves, axis=1))) < 1


def test_cameras_keep_to_their_speed_and_to_the_picture():
    for seed in range(50):
        rng = np.random.default_rng(seed)
        path = films._camera_path(rng, 60, np.array([100.0, 40.0]), 2.0)
        assert np.abs(np.diff(path[:, :2], axis=0)).max() <= 2 * films.FASTEST
        assert (np.abs(path[:, :2]).max(0) < (190, 90)).all()


def test_moving_pictures_do_not_alias():
    # Stripes too fine for the clip must come out grey.
    stripes = np.zeros((600, 600, 3), np.uint8)
    stripes[:, ::2] = 255
    stripes = np.ascontiguousarray(stripes)
    plain = np.full_like(stripes, 127)
    clip = moving_pictures([stripes, plain], 6, 300, 0)[0].astype(float)
    assert clip.std(axis=(1, 2)).max() < 64  # 127 as photographed


@pytest.mark.parametrize(("frames", "size"), [(0, 8), (8, 0)])
def test_no_clip_without_pixels(frames, size):
    with pytest.raises(LinksimError, match="at least 1"):
        moving_pictures([texture(20, 20)], frames, size, 0)
