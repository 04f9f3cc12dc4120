"""Soft demapping against Sionna's, which sums over all points."""

import numpy as np
import pytest
import tensorflow as tf
from sionna.phy.mapping import Demapper

from linksim.phy.demapping import QamDemapper


@pytest.mark.parametrize("bits_per_symbol", [2, 4, 6, 8])
def test_it_is_sionnas_app_demapper(bits_per_symbol: int) -> None:
    rng = np.random.default_rng(bits_per_symbol)
    shape = (5, 200)
    symbols = (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)
    # From hopeless to almost no noise, where likelihoods underflow unless they are scaled.
    variance = np.geomspace(1e-3, 10.0, np.prod(shape)).reshape(shape).astype(np.float32)
    ours = QamDemapper(bits_per_symbol)(tf.constant(symbols), tf.constant(variance)).numpy()
    theirs = Demapper("app", "qam", bits_per_symbol)(symbols, variance).numpy()
    assert ours.shape == (5, 200 * bits_per_symbol)
    np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=1e-3)
