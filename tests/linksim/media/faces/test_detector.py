"""Faces are found small, and leaning."""

from importlib.util import find_spec

import cv2
import numpy as np
import pytest

from linksim.media.faces.detector import LEAST, TILES, find_faces, least_face
from linksim.media.faces.mesh import OUTER_EYES, find_mesh, upright_mesh
from linksim.media.faces.networks import installed
from linksim.media.faces.pose import head_pose
from linksim.media.synthetic.expression import Expression
from linksim.media.synthetic.portrait import Portrait, Pose

needs_extra = pytest.mark.skipif(
    not installed() or find_spec("skimage") is None, reason="needs linksim[clip]"
)


@pytest.fixture(scope="module")
def head():
    return Portrait().render(Expression(0.2, 0, 0), Pose(0, 0, 0))


@pytest.fixture(scope="module")
def room():
    """A blurred and noisy picture of no one, uint8 [720, 1280, 3]."""
    rng = np.random.default_rng(0)
    coarse = rng.normal(120, 40, (18, 32, 3)).astype(np.float32)
    smooth = cv2.resize(coarse, (1280, 720), interpolation=cv2.INTER_CUBIC)
    return np.clip(smooth + rng.normal(0, 8, smooth.shape), 0, 255).astype(np.uint8)


def leaning(head, degrees):
    """Turn a picture clockwise in a wider one."""
    wide = cv2.copyMakeBorder(head, 150, 150, 150, 150, cv2.BORDER_REPLICATE)
    height, width = wide.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1)
    return cv2.warpAffine(wide, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)


def lean(mesh):
    left, right = mesh[list(OUTER_EYES), :2]
    return np.degrees(np.arctan2(*(right - left)[::-1]))


@needs_extra
@pytest.mark.parametrize("share", [0.2, 0.07, 0.04])
def test_small_faces_are_found_where_they_are(head, room, share):
    """Down to a seventh of a quarter of the longer side; the whole alone shows none below 0.14."""
    mesh, size = find_mesh(head), find_faces(head)[0, 2]
    scale = share * 1280 / size
    small = cv2.resize(head, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    place = np.array([620, 330]) if share < 0.1 else np.array([100, 20])
    picture = room.copy()
    picture[place[1] :, place[0] :][: len(small), : small.shape[1]] = small
    assert len(find_faces(picture)) == 1
    error = find_mesh(picture)[:, :2] - (scale * mesh[:, :2] + place)
    assert np.abs(error).max() < 0.1 * share * 1280


@needs_extra
def test_nobody_is_seen_where_nobody_is(room):
    assert len(find_faces(room)) == 0
    assert find_mesh(room) is None


@pytest.mark.parametrize(
    ("shape", "tiles"), [((96, 96), 1), ((288, 360), 2), ((720, 1280), 4), ((1920, 1080), 4)]
)
def test_the_least_face_is_that_of_the_smallest_tile(shape, tiles):
    assert tiles in TILES
    assert least_face(np.zeros((*shape, 3), np.uint8)) == round(LEAST * max(shape) / tiles)


@needs_extra
@pytest.mark.parametrize("degrees", [-40, 15, 25, 40, 60])
def test_a_roll_is_measured_as_it_is(head, degrees):
    """The network alone measures 10 to 12 degrees from 20 to 50 on."""
    straight, turned = leaning(head, 0), leaning(head, degrees)
    assert lean(find_mesh(turned)) - lean(find_mesh(straight)) == pytest.approx(degrees, abs=1.5)
    face = find_faces(turned)[0]
    assert np.degrees(face[3]) == pytest.approx(degrees, abs=12)  # the eyes, roughly
    assert lean(upright_mesh(turned, face)) - lean(find_mesh(straight)) == pytest.approx(
        degrees, abs=1.5
    )


@needs_extra
def test_a_head_that_leans_at_once_is_followed(head):
    poses = head_pose(np.stack([leaning(head, degrees) for degrees in (0, 75, 0)]))
    np.testing.assert_allclose(poses[:, 2], [0, 75, 0], atol=2)
