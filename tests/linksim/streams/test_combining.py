"""Maximum-ratio combining against its formula, copy by copy."""

import numpy as np
import pytest

from linksim.streams.combining import combine


@pytest.mark.parametrize("gained", [False, True])
def test_copies_are_weighed_by_gain_over_noise(gained: bool) -> None:
    rng = np.random.default_rng(0)
    value = rng.integers(0, 5, 40)
    received, noise = rng.normal(size=40), rng.uniform(0.1, 9, 40)
    gain = rng.uniform(0.5, 2, 40) if gained else np.ones(40)
    options = {"gain": gain} if gained else {}
    matched, precision = combine(received, noise, value, count=7, **options)
    for i in range(7):
        mine = value == i
        assert matched[i] == pytest.approx(np.sum((gain * received / noise)[mine]))
        assert precision[i] == pytest.approx(np.sum((gain**2 / noise)[mine]))
    assert not matched[5:].any()
    assert not precision[5:].any()


def test_no_noise_is_no_division_by_zero() -> None:
    matched, precision = combine(np.array([2.0]), np.zeros(1), np.zeros(1, int))
    assert matched / precision == pytest.approx(2.0)
