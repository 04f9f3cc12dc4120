"""Laplace likelihoods of whole numbers, and rounding that can be trained."""

import math
from typing import Any

import keras
from keras import ops

MIN_SCALE = 0.02
"""Smallest scale; a narrower density would cost nothing less and overflow."""


def laplace_bits(x: Any, location: Any, scale: Any) -> Any:
    """Return -log2 of the probability that a Laplace variable falls within x ± 1/2.

    In the logarithm throughout, so that however unlikely x is, a gradient leads back.

    Input
    -----
    x, location, scale : float32, any shapes that broadcast
        Scale at least `MIN_SCALE`.

    Output
    ------
    float32, in bits
    """
    distance = ops.abs(x - location)
    far = ops.maximum(distance - 0.5, 0.0)
    tail = math.log(0.5) + ops.log1p(-ops.exp(-1.0 / scale)) - far / scale
    near = ops.minimum(distance, 0.5)
    core = ops.log1p(-0.5 * (ops.exp((near - 0.5) / scale) + ops.exp(-(near + 0.5) / scale)))
    return ops.where(distance < 0.5, core, tail) / -math.log(2.0)


def positive(x: Any) -> Any:
    """Return a scale from any number."""
    return MIN_SCALE + ops.softplus(x)


def quantise(x: Any, seeds: keras.random.SeedGenerator, *, training: bool | None) -> Any:
    """Round; in training add noise instead, uniform in ± 1/2, which has a gradient.

    Ballé, Laparra and Simoncelli, "End-to-end optimized image compression", ICLR 2017.
    """
    if training:
        return x + keras.random.uniform(ops.shape(x), -0.5, 0.5, seed=seeds)
    return ops.round(x)
