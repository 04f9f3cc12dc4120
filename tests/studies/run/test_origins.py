import numpy as np
import pytest

from linksim.errors import LinksimError
from linksim.media import Clip
from studies.run.origins import in_words, runs_of, strip

ORIGINS = ("sent", "sent", "generated", "generated", "generated", "held", "sent")


def test_runs_and_words() -> None:
    runs = runs_of(ORIGINS)
    assert runs == [("sent", 2), ("generated", 3), ("held", 1), ("sent", 1)]
    assert in_words(runs) == "3 sent, 3 generated, 1 held"
    assert in_words([]) == ""


def test_strip_shows_each_run_and_nothing_where_all_is_sent() -> None:
    drawn = strip(runs_of(ORIGINS))
    assert drawn.count("<rect") == 4
    assert 'viewBox="0 0 7 1"' in drawn
    assert strip([("sent", 75)]) == strip([]) == ""


@pytest.mark.parametrize("origins", [("sent",), ("sent", "lost")])
def test_a_clip_has_one_known_origin_a_frame(origins: tuple[str, ...]) -> None:
    from fractions import Fraction

    frames = np.zeros((2, 8, 8, 3), np.uint8)
    assert Clip(frames, Fraction(25), origins=("sent", "held")).origins[1] == "held"
    with pytest.raises(LinksimError, match="origins must be one of"):
        Clip(frames, Fraction(25), origins=origins)
