"""Random numbers of the tests of the video codec."""

from collections.abc import Iterator

import numpy as np
import pytest


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator; the weights that layers start from are drawn alike each time, too."""
    import keras

    keras.utils.set_random_seed(0)
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def tiny_is_a_preset() -> Iterator[None]:
    """The smallest network, as a preset of scheme ``dvst``."""
    from semantic.dvst import endpoint

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(endpoint, "PRESETS", ("tiny", *endpoint.PRESETS))
        yield
