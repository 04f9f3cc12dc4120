"""Prefetched batches are those of their step."""

import threading

import pytest

from semantic.training.prefetch import Prefetch


def test_gives_each_step_its_batch_in_any_order():
    batch = Prefetch(lambda step: step * step)
    assert [batch(step) for step in (0, 1, 2, 7, 3, 3)] == [0, 1, 4, 49, 9, 9]


def test_makes_the_next_batch_before_it_is_asked_for():
    made = threading.Event()

    def batch(step: int) -> int:
        if step == 1:
            made.set()
        return step

    Prefetch(batch)(0)
    assert made.wait(5)


def test_an_error_is_that_of_its_step():
    def batch(step: int) -> int:
        if step == 2:
            raise ValueError("step 2")
        return step

    ahead = Prefetch(batch)
    assert ahead(0) == 0
    assert ahead(1) == 1
    with pytest.raises(ValueError, match="step 2"):
        ahead(2)
