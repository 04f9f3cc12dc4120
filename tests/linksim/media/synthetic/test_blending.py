"""Faces of two portraits in one."""

from pathlib import Path

import numpy as np
import pytest

from linksim.errors import LinksimError
from linksim.media.faces.mesh import find_mesh
from linksim.media.faces.networks import installed
from linksim.media.synthetic.blending import blended
from linksim.media.synthetic.heads import speaking_head
from linksim.media.synthetic.sitter import astronaut
from linksim.media.synthetic.sitters import sitter

pytestmark = pytest.mark.skipif(not installed(), reason="needs linksim[clip]")


@pytest.fixture(scope="module")
def portraits(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two made-up faces, one of them smaller and elsewhere in its picture."""
    import cv2

    folder, files = tmp_path_factory.mktemp("portraits"), []
    for number, (side, shift) in enumerate(((512, 0), (384, 20))):
        picture = sitter(np.random.default_rng(number)).photograph
        small = np.roll(cv2.resize(picture, (side, side)), shift, axis=1)
        files.append(folder / f"{number}.png")
        cv2.imwrite(str(files[-1]), small[..., ::-1])
    return files


def test_a_blend_stands_where_the_photograph_has_its_face(portraits: list[Path]) -> None:
    one = blended(portraits, np.random.default_rng(0))
    goal = astronaut().mesh[:, :2]
    width = np.ptp(goal[:, 0])
    assert np.linalg.norm(one.mesh[:, :2] - goal, axis=1).mean() < 0.08 * width
    found = find_mesh(one.photograph)
    assert found is not None
    assert np.linalg.norm(found[:, :2] - one.mesh[:, :2], axis=1).mean() < 0.04 * width


def test_a_blend_is_neither_of_the_two_and_is_repeatable(portraits: list[Path]) -> None:
    one, again = (blended(portraits, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(one.photograph, again.photograph)
    other = blended(portraits, np.random.default_rng(4))
    x, y = one.mesh[2, :2].astype(int)
    face = np.s_[y - 30 : y + 30, x - 30 : x + 30]
    assert np.abs(one.photograph[face].astype(int) - other.photograph[face]).mean() > 2


def test_heads_of_portraits_speak(portraits: list[Path]) -> None:
    head = speaking_head(0, 0, 1.0, portraits)
    assert head.clip.frames.shape == (25, 288, 288, 3)
    assert find_mesh(head.clip.frames[0]) is not None


def test_pictures_without_faces_get_one_line(tmp_path: Path, portraits: list[Path]) -> None:
    import cv2

    grey = tmp_path / "grey.png"
    cv2.imwrite(str(grey), np.full((300, 300, 3), 128, np.uint8))
    with pytest.raises(LinksimError, match="1 of 2 portraits show a face; 2 are needed"):
        blended([grey, portraits[0]], np.random.default_rng(0))
    with pytest.raises(LinksimError, match="absent"):
        blended([tmp_path / "absent.png", portraits[0]], np.random.default_rng(0))
