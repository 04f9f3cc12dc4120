"""Transformer blocks with shifted windows."""

from typing import Any

import numpy as np
from keras import layers, ops


class SwinBlock(layers.Layer):
    """Attention within windows, then two dense layers at each position.

    ::

        x ─┬─ norm ─ shift ─ windows ─▶ attention ─ unshift ─ + ─┬─ norm ─▶ MLP ─ + ─▶ x
           └──────────────────────────────────────────────────┘  └────────────────┘

    Liu et al., "Swin Transformer: hierarchical vision transformer using shifted windows", ICCV
    2021. Maps that are no multiple of the window are padded, and nothing attends to padding;
    maps smaller than a window are one.

    Parameters
    ----------
    width, heads, window : int
        Channels; heads that share them; positions that a window is high and wide.
    shifted : bool
        Whether windows are moved by half of their size.
    expansion : int
        Channels between the dense layers, in units of the width.

    Input
    -----
    float32, [batch, h, w, width]
        h and w known when traced.

    Output
    ------
    float32, [batch, h, w, width]
    """

    def __init__(
        self,
        width: int,
        heads: int,
        window: int,
        *,
        shifted: bool,
        expansion: int = 2,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.heads, self.window, self.shifted = heads, window, shifted
        self.norm = _built(layers.LayerNormalization(epsilon=1e-5), width)
        self.mix = _built(layers.Dense(3 * width), width)
        # A block passes on what it gets until it is trained.
        self.project = _built(layers.Dense(width, kernel_initializer="zeros"), width)
        self.mlp_norm = _built(layers.LayerNormalization(epsilon=1e-5), width)
        self.grow = _built(layers.Dense(expansion * width, activation="gelu"), width)
        self.shrink = _built(layers.Dense(width, kernel_initializer="zeros"), expansion * width)
        self.position_bias = self.add_weight(
            shape=((2 * window - 1) ** 2, heads), initializer="zeros", name="position_bias"
        )

    def call(self, x: Any) -> Any:
        """Return the output that the class describes."""
        x = x + self._attend(self.norm(x))
        return x + self.shrink(self.grow(self.mlp_norm(x)))

    def _shift(self, size: int, positions: int) -> int:
        return size // 2 if self.shifted and size < positions else 0

    def _attend(self, x: Any) -> Any:
        height, width, channels = x.shape[1:]
        size = (min(self.window, height), min(self.window, width))
        shift = self._shift(size[0], height), self._shift(size[1], width)
        padded = tuple(-(-n // s) * s for s, n in zip(size, (height, width), strict=True))
        x = ops.pad(x, [[0, 0], [0, padded[0] - height], [0, padded[1] - width], [0, 0]])
        x = ops.roll(x, (-shift[0], -shift[1]), axis=(1, 2)) if any(shift) else x
        blocks = (padded[0] // size[0], size[0], padded[1] // size[1], size[1])
        inside, each = size[0] * size[1], channels // self.heads
        # batch, windows, positions, three, heads, channels
        x = ops.transpose(ops.reshape(self.mix(x), (-1, *blocks, 3 * channels)), (0, 1, 3, 2, 4, 5))
        x = ops.reshape(x, (-1, blocks[0] * blocks[2], inside, 3, self.heads, each))
        q, k, v = (ops.transpose(x[:, :, :, i], (0, 1, 3, 2, 4)) for i in range(3))
        score = ops.matmul(q * each**-0.5, ops.transpose(k, (0, 1, 2, 4, 3)))
        bias = ops.take(self.position_bias, relative_positions(size, self.window), axis=0)
        score = score + ops.transpose(bias, (2, 0, 1))
        score = score + visibility((height, width), size, shift)[:, None]
        x = ops.transpose(ops.matmul(ops.softmax(score, axis=-1), v), (0, 1, 3, 2, 4))
        x = ops.reshape(x, (-1, blocks[0], blocks[2], *size, channels))
        x = ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, *padded, channels))
        x = ops.roll(x, shift, axis=(1, 2)) if any(shift) else x
        return self.project(x[:, :height, :width])


def relative_positions(size: tuple[int, int], window: int) -> np.ndarray:
    """Return which entry of a bias table each pair of positions takes.

    Parameters
    ----------
    size : tuple of int
        Height and width of a window, at most `window`.
    window : int
        Window that the table, of (2 window - 1)² offsets, was made for.

    Returns
    -------
    np.ndarray
        int32, shape [positions, positions].
    """
    rows, columns = (grid.reshape(-1) for grid in np.indices(size))
    down = rows[:, None] - rows + window - 1
    across = columns[:, None] - columns + window - 1
    return (down * (2 * window - 1) + across).astype(np.int32)


def visibility(shape: tuple[int, int], size: tuple[int, int], shift: tuple[int, int]) -> np.ndarray:
    """Return what is added to attention scores so that strangers do not attend to each other.

    Strangers share a window only because the map was rolled, or are padding.

    Parameters
    ----------
    shape, size, shift : tuple of int
        Height and width of the map; of a window; and by how much the map was rolled.

    Returns
    -------
    np.ndarray
        float32, shape [windows, positions, positions], 0 or -100.
    """
    parts = []
    for n, s, moved in zip(shape, size, shift, strict=True):
        index = np.arange(-(-n // s) * s)
        # Padding is a region of its own, and so is what was rolled to the other end.
        region = np.where(index >= n, 2, 0)
        rolled = np.roll(region, -moved) + (np.arange(len(index)) >= len(index) - moved)
        parts.append(rolled)
    regions = parts[0][:, None] * 8 + parts[1]
    rows, columns = regions.shape[0] // size[0], regions.shape[1] // size[1]
    windows = regions.reshape(rows, size[0], columns, size[1]).transpose(0, 2, 1, 3)
    windows = windows.reshape(rows * columns, -1)
    return np.where(windows[:, :, None] == windows[:, None], 0.0, -100.0).astype(np.float32)


def _built(layer: layers.Layer, inputs: int) -> layers.Layer:
    layer.build((None, None, None, inputs))
    return layer
