"""A grid of frames on which no picture is lost."""

from fractions import Fraction

import numpy as np
import pytest

from linksim.media.frame_grid import grid_rate, shown

NTSC = Fraction(30_000, 1001)


def stamps(steps):
    return [Fraction(0), *np.cumsum([Fraction(step) for step in steps])]


def lost(times, rate):
    return len(times) - len(set(shown(times, rate).tolist()))


@pytest.mark.parametrize("rate", [Fraction(25), NTSC, Fraction(1, 10), Fraction(1000)])
def test_a_constant_rate_is_kept(rate):
    times = [i / rate for i in range(50)]
    assert grid_rate(times, rate) == rate
    np.testing.assert_array_equal(shown(times, rate), np.arange(50))


@pytest.mark.parametrize("fast", [Fraction(30), NTSC, Fraction(60), Fraction(24_000, 1001)])
@pytest.mark.parametrize("tick", [Fraction(1, 90_000), Fraction(1, 1000)])
def test_the_rate_is_the_highest_that_is_held(fast, tick):
    """Half a film in the light and half of it in the dark, with stamps rounded to a tick."""
    exact = stamps([1 / fast] * 60 + [2 / fast] * 60 + [1 / fast] * 60)
    times = [round(time / tick) * tick for time in exact]
    announced = 180 / times[-1]  # as containers state it: the mean
    assert grid_rate(times, announced) == fast
    assert lost(times, fast) == 0


def test_stamps_that_jitter_lose_no_picture():
    rng = np.random.default_rng(0)
    exact = stamps([Fraction(1, 30)] * 90 + [Fraction(1, 15)] * 45)
    times = [t + Fraction(int(rng.integers(-4000, 4001)), 10**6) for t in exact]
    rate = grid_rate(times, 135 / times[-1])
    assert rate == pytest.approx(30, rel=0.01)
    assert lost(times, rate) <= 1


def test_pictures_that_are_left_out_do_not_change_the_rate():
    times = [Fraction(i, 25) for i in range(100) if i not in (40, 41, 70)]
    assert grid_rate(times, Fraction(97, 4)) == 25


def test_a_pause_of_half_an_hour_has_a_rate():
    assert grid_rate(stamps([2000]), Fraction(25)) == Fraction(1, 2000)
    assert grid_rate(stamps([2000, 2000]), Fraction(1000)) == Fraction(1, 2000)


def test_one_picture_and_pictures_of_one_time_have_the_announced_rate():
    assert grid_rate([Fraction(3)], NTSC) == NTSC
    assert grid_rate([Fraction(0)] * 5, NTSC) == NTSC
