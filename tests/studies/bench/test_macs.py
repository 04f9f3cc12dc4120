"""Multiply-accumulates against those counted by hand."""

from typing import Any

import pytest
import tensorflow as tf
from keras import layers

from linksim.errors import LinksimError
from studies.bench.networks.macs import macs, mark

PICTURE = tf.TensorSpec((2, 12, 10, 6))


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (layers.Conv2D(8, 3, strides=2, padding="same"), 2 * (6 * 5 * 8) * (3 * 3 * 6)),
        (layers.Conv2D(8, (5, 3), padding="valid"), 2 * (8 * 8 * 8) * (5 * 3 * 6)),
        (layers.DepthwiseConv2D(3, depth_multiplier=2), 2 * (10 * 8 * 12) * (3 * 3)),
        (layers.Conv2DTranspose(4, 3, strides=2, padding="same"), 2 * (12 * 10 * 6) * (3 * 3 * 4)),
        (layers.Dense(7), 2 * (12 * 10) * (6 * 7)),
        (layers.EinsumDense("bhwc,cd->bhwd", (None, 10, 7)), 2 * (12 * 10) * (6 * 7)),
        (layers.AveragePooling2D(2), 0),
    ],
)
def test_layers(layer: layers.Layer, expected: int) -> None:
    assert macs(layer, PICTURE).total() == expected


def test_convolutions_of_sound() -> None:
    sound = tf.TensorSpec((1, 100, 4))
    assert macs(layers.Conv1D(6, 8, strides=4), sound).total() == 24 * 6 * 8 * 4
    transposed = layers.Conv1DTranspose(6, 8, strides=4)
    assert macs(transposed, sound).total() == 100 * 4 * 8 * 6


@pytest.mark.parametrize(
    ("product", "shapes", "expected"),
    [
        (tf.matmul, [(5, 3), (3, 7)], 5 * 3 * 7),
        (lambda a, b: tf.matmul(a, b, transpose_a=True), [(3, 5), (3, 7)], 5 * 3 * 7),
        (lambda a, b: tf.matmul(a, b, transpose_b=True), [(2, 4, 5, 3), (2, 4, 7, 3)], 8 * 105),
        (lambda a, b: tf.matmul(a, b, transpose_a=True), [(2, 3, 5), (2, 3, 7)], 2 * 105),
        (lambda a, b: tf.einsum("hij,kjh->kih", a, b), [(2, 5, 3), (7, 3, 2)], 2 * 105),
    ],
)
def test_products(product: Any, shapes: list[tuple[int, ...]], expected: int) -> None:
    assert macs(product, *(tf.TensorSpec(shape) for shape in shapes)).total() == expected


def test_what_no_output_needs_is_left_out() -> None:
    first, second = layers.Dense(3), layers.Dense(5)
    assert macs(lambda x: (first(x), second(x))[1], PICTURE) == macs(second, PICTURE)


def test_marks() -> None:
    class Part(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.outer = layers.Dense(6), layers.Dense(6)

        def call(self, x: Any) -> Any:
            return self.outer(self.inner(x))

        def back(self, x: Any) -> Any:
            return self.outer(x)

    part, rest = Part(), layers.Dense(2)
    mark(part, "call", "a_part")
    mark(part, "back", "back")
    mark(part.inner, "call", "inner")
    once = 2 * 12 * 10 * 6 * 6
    counts = macs(lambda x: rest(part.back(part(part(x)))), PICTURE)
    assert counts == {"a_part": 2 * once, "inner": 2 * once, "back": once, "": once // 3}


def test_groups() -> None:
    kernel = tf.zeros((3, 3, 2, 9))  # of which each third of the filters sees a third of the map
    grouped = macs(lambda x: tf.nn.conv2d(x, kernel, 2, "VALID"), PICTURE)
    assert grouped.total() == 2 * (5 * 4 * 9) * (3 * 3 * 2)


@pytest.mark.parametrize(
    ("function", "shape", "message"),
    [
        (lambda x: tf.map_fn(lambda y: tf.matmul(y, y), x), (2, 3, 3), "operation .*While"),
        (
            lambda x: tf.nn.conv3d(x, tf.ones((1, 1, 1, 2, 2)), [1] * 5, "SAME"),
            (1, 3, 3, 3, 2),
            "3D",
        ),
        (lambda x: tf.matmul(x, x), (None, 3, 3), "not all its sizes are known"),
        (lambda x: tf.einsum("...ij,...jk->...ik", x, x), (2, 3, 3), "not all its sizes are known"),
    ],
)
def test_what_cannot_be_counted(function: Any, shape: tuple[int | None, ...], message: str) -> None:
    with pytest.raises(LinksimError, match=message):
        macs(function, tf.TensorSpec(shape))
