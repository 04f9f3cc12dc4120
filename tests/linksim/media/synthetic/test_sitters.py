import numpy as np
import pytest

from linksim.media.faces.mesh import LOWER_LIP, UPPER_LIP, face_mesh
from linksim.media.faces.networks import installed

pytestmark = pytest.mark.skipif(not installed(), reason="needs linksim[clip]")


def test_sitters_differ_and_can_be_made_again() -> None:
    from linksim.media.synthetic.sitters import sitter

    one, again, other = (sitter(np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(one.photograph, again.photograph)
    assert np.array_equal(one.mesh, again.mesh)
    assert np.abs(one.mesh - other.mesh).max() > 3
    assert np.abs(one.photograph.astype(int) - other.photograph).mean() > 5


def test_nothing_far_from_the_face_is_reshaped() -> None:
    from linksim.media.synthetic.sitter import astronaut
    from linksim.media.synthetic.sitters import reshaped

    plain, shaped = astronaut(), reshaped(astronaut(), np.random.default_rng(0))
    assert np.array_equal(plain.photograph[400:], shaped.photograph[400:])
    assert not np.array_equal(plain.photograph[60:180], shaped.photograph[60:180])


@pytest.mark.parametrize("seed", range(4))
def test_the_mesh_is_where_the_face_is(seed: int) -> None:
    """As the network finds it that knows nothing of how the picture was made."""
    from linksim.media.synthetic.painting import paint
    from linksim.media.synthetic.sitter import FACE_CENTRE, FACE_SIDE, astronaut
    from linksim.media.synthetic.sitters import recoloured, reshaped

    rng = np.random.default_rng(seed)
    shaped = reshaped(astronaut(), rng)
    for made in (recoloured(shaped, rng), paint(shaped, rng)):
        found = face_mesh(made.photograph, FACE_CENTRE, FACE_SIDE)
        lips = [*UPPER_LIP, *LOWER_LIP]
        away = np.linalg.norm((found - made.mesh)[lips, :2], axis=1).mean()
        assert away < 0.05 * np.ptp(made.mesh[:, 1])


def test_a_painting_has_nothing_of_the_photograph() -> None:
    from linksim.media.synthetic.painting import paint
    from linksim.media.synthetic.sitter import Sitter, astronaut

    plain = astronaut()
    black = Sitter(np.zeros_like(plain.photograph), plain.mesh)
    one, other = (paint(s, np.random.default_rng(1)) for s in (plain, black))
    assert np.array_equal(one.photograph, other.photograph)
