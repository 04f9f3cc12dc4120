"""What is asked of a GPU beside all other tests, which use one where there is one."""

import numpy as np
import pytest
import tensorflow as tf

from linksim.link.bit_link import BitLink
from linksim.link.config import LinkConfig
from linksim.link.transceiver import OfdmTransceiver

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not tf.config.list_physical_devices("GPU"), reason="there is no GPU"),
]


@pytest.mark.parametrize("compiled", [False, True])
def test_products_are_not_rounded(compiled: bool) -> None:
    a = np.random.default_rng(0).normal(size=(128, 128)).astype(np.float32)
    product = tf.function(tf.matmul, jit_compile=compiled)(a, a).numpy()
    np.testing.assert_allclose(product, a.astype(np.float64) @ a, atol=1e-4)


@pytest.mark.parametrize("decoder", ["min-sum", "boxplus"])
def test_blocks_are_decoded_where_they_are(decoder: str) -> None:
    config = LinkConfig(decoder=decoder)
    link = BitLink(config, OfdmTransceiver(config))
    decoded, passed = link._decode(tf.fill([64, link.block.coded_bits], -4.0))
    assert "GPU" in decoded.device
    assert "GPU" in passed.device
    assert passed.numpy().all()


def test_a_seed_is_one_result() -> None:
    config = LinkConfig(channel="tdl-a", estimator="lmmse")
    first, second = (
        BitLink(config, OfdmTransceiver(config)).measure(10.0, 3, 256) for _ in range(2)
    )
    assert first.bits.errors > 0
    assert first == second
