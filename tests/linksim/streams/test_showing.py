"""What is shown when: pictures in time, late and lost."""

import numpy as np

from linksim.endpoint import ReceivedBits
from linksim.streams.showing import GREY, frames_late, show


def shown(numbers: list[int], late: dict[int, int], count: int = 6) -> tuple[list[int], str]:
    pictures = ((n, np.full((2, 2, 3), n, np.uint8)) for n in numbers)
    frames, origins = show(pictures, late, (count, 2, 2))
    return frames[:, 0, 0, 0].tolist(), "".join(origin[0] for origin in origins)


def test_each_is_shown_at_its_time_and_held_until_the_next() -> None:
    assert shown([0, 1, 3], {}) == ([0, 1, 1, 3, 3, 3], "sshshh")
    assert shown([2], {}, 4) == ([GREY, GREY, 2, 2], "hhsh")
    assert shown([], {}, 2) == ([GREY, GREY], "hh")


def test_a_late_one_is_shown_from_when_it_is_there_unless_a_newer_one_is() -> None:
    assert shown([0, 1, 4], {1: 2}) == ([0, 0, 0, 1, 4, 4], "shhhsh")
    assert shown([0, 1, 2], {1: 2}) == ([0, 0, 2, 2, 2, 2], "shshhh")
    assert shown([0, 1], {0: 9, 1: 9}) == ([GREY] * 6, "hhhhhh")


def test_lateness_is_in_whole_frames() -> None:
    late = {3: 0.04, 4: 0.041, 5: 1e-4}
    stream = ReceivedBits("side", {}, dict.fromkeys(late, b""), late)
    assert frames_late(stream, 25.0) == {3: 1, 4: 2, 5: 1}
    assert frames_late(None, 25.0) == {}
