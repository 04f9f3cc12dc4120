"""A convolution that sees only what comes before."""

from typing import Any

import numpy as np
from keras import layers, ops


class MaskedConv2D(layers.Layer):
    """A convolution over the positions above, and over those to the left in the same row.

    Van den Oord et al., "Conditional image generation with PixelCNN decoders", NIPS 2016, mask A.

    Input
    -----
    float32, [batch, h, w, inputs]

    Output
    ------
    float32, [batch, h, w, outputs]
        At each position independent of that position and of those after it in raster order.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int = 5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernel = self.add_weight(
            shape=(kernel, kernel, inputs, outputs), initializer="glorot_uniform", name="kernel"
        )
        self.bias = self.add_weight(shape=(outputs,), initializer="zeros", name="bias")
        mask = np.zeros((kernel * kernel, 1, 1), np.float32)
        mask[: kernel * kernel // 2] = 1.0
        self._mask = mask.reshape(kernel, kernel, 1, 1)

    def call(self, x: Any) -> Any:
        """See the class."""
        kernel = self.kernel * self._mask
        return ops.conv(x, kernel, padding="same", data_format="channels_last") + self.bias
