"""Arrays and weights that tests of the video codec's layers draw."""

import keras
import numpy as np
from keras import ops


def array(x: object) -> np.ndarray:
    return ops.convert_to_numpy(x)


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.normal(size=shape).astype(np.float32)


def shake(layer: keras.layers.Layer, rng: np.random.Generator, by: float = 0.3) -> None:
    """Move weights from where they start, so that biases and tables matter too."""
    for v in layer.trainable_variables:
        v.assign(v + by * rng.normal(size=v.shape))
