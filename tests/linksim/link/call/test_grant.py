"""Slots of the slot clock that a call may use."""

import pytest

from linksim.errors import LinksimError
from linksim.link.call.grant import Cap, Grant
from linksim.link.config import LinkConfig


def test_a_semi_persistent_grant_has_the_first_slots_of_each_period() -> None:
    grant = Grant.parse("2/10", 1e-3)
    assert [slot for slot in range(30) if grant.has(slot)] == [0, 1, 10, 11, 20, 21]
    assert [grant.turn(slot) for slot in (0, 1, 2, 10, 11, 12, 20)] == [0, 1, 2, 2, 3, 4, 4]
    assert grant.usable(25) == 6
    assert grant.fixed


@pytest.mark.parametrize(
    ("start", "end", "count"),
    [(0.0, 0.010, 2), (0.0005, 0.011, 2), (0.001, 0.012, 3), (0.002, 0.010, 0), (0.02, 0.01, 0)],
)
def test_slots_count_that_lie_wholly_between_two_times(
    start: float, end: float, count: int
) -> None:
    assert Grant.parse("2/10", 1e-3).within(start, end) == count


def test_a_shorter_slot_has_more_of_them_in_a_period() -> None:
    assert Grant.parse("3/2.5", 0.25e-3) == Grant(0.25e-3, 3, 10)


def test_a_cap_holds_on_average_and_lets_a_tenth_of_a_second_be_saved_up() -> None:
    cap = Cap(Grant.parse("as-needed:100", 1e-3))
    used = []
    for slot in range(1000, 3000):
        if cap.room(slot):
            cap.use()
            used.append(slot)
    assert used[:10] == [*range(1000, 1010)]  # saved up while nothing was sent
    assert abs(len(used) - (10 + 200)) <= 2
    assert Grant.parse("as-needed:100", 1e-3).usable(2000) == 200


@pytest.mark.parametrize(
    "text", ["", "2", "0/10", "2/0", "3/2", "1.5/10", "x/10", "2/nan", "-1/10", "1/0.3",
             "as-needed:0", "as-needed:-3", "as-needed:nan", "as-needed:x", "always"]
)  # fmt: skip
def test_what_is_no_grant_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(LinksimError, match=r"^grant") as caught:
        LinkConfig(grant=text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("budget", [-1.0, 0.0, 0.5, float("nan"), float("inf")])
def test_a_budget_below_a_slot_is_refused(budget: float) -> None:
    with pytest.raises(LinksimError, match="delay_budget"):
        LinkConfig(delay_budget=budget)


def test_a_burst_has_no_deadline() -> None:
    with pytest.raises(LinksimError, match="pace"):
        LinkConfig(delay_budget=150, pace="burst")


def test_fields_of_the_clock_count_only_where_they_are_set() -> None:
    assert not {"delay_budget", "pace", "grant"} & LinkConfig().identity().keys()
    assert LinkConfig(delay_budget=150).identity()["delay_budget"] == 150
    assert not LinkConfig().paced
    assert LinkConfig(delay_budget=150).paced
    assert LinkConfig(pace="clock").paced
