"""The interleaver: a permutation that parts neighbours."""

import numpy as np
import pytest

from linksim.streams.interleaving import interleaver


@pytest.mark.parametrize("n", [1, 2, 3, 125, 125 * 128, 1999])
def test_it_is_a_permutation(n: int) -> None:
    assert np.array_equal(np.sort(interleaver(n)), np.arange(n))


def test_it_parts_neighbours() -> None:
    positions = np.sort(interleaver(16_000)[4000:4128])
    assert np.diff(positions).max() < 300  # 128 of 16,000: 125 apart on average
