"""What a network is worth: the loss without it, and nothing changed afterwards."""

import keras
import numpy as np
import pytest
from keras import ops

from semantic.training.ablation import ablated


def sum_of_two(scale: float) -> dict[str, list[keras.layers.Layer]]:
    """Two layers, of which one does nothing."""
    useful, idle = keras.layers.Dense(1), keras.layers.Dense(1)
    for layer, value in ((useful, scale), (idle, 0.0)):
        layer.build((None, 1))
        layer.kernel.assign([[value]])
    return {"useful": [useful], "idle": [idle]}


def test_cost_of_each_network() -> None:
    trained, start = sum_of_two(2.0), sum_of_two(0.0)
    x = np.ones((1, 1), np.float32)

    def loss() -> float:
        y = sum(part[0](x) for part in trained.values())
        return float(ops.convert_to_numpy((3.0 - y) ** 2)[0, 0])

    useful, idle = ablated("codec", trained, start, loss)
    assert (useful.trained, useful.untrained, useful.cost) == pytest.approx((1.0, 9.0, 8.0))
    assert idle.cost == 0.0
    assert loss() == 1.0


def test_weights_come_back_after_an_error() -> None:
    trained, start = sum_of_two(2.0), sum_of_two(0.0)
    losses = [1.0]
    with pytest.raises(IndexError):
        next(ablated("codec", trained, start, lambda: losses.pop()))
    assert float(trained["useful"][0].kernel[0, 0]) == 2.0
