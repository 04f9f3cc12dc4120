"""Random numbers of the tests of the video codec."""

import numpy as np
import pytest


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator; the weights that layers start from are drawn alike each time, too."""
    import keras

    keras.utils.set_random_seed(0)
    return np.random.default_rng(0)
