"""Compiled graphs of the link."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of tensors that XLA compiles for each of its shapes.

    AutoGraph, which rewrites Python's own ``if`` and ``for`` for tensors, is off: neither Sionna's
    blocks nor ours need it, and reading the source of all that they call takes a third of the time
    until a link first runs.
    """
    graph: Callable[..., Any] = tf.function(function, jit_compile=True, autograph=False)
    return graph
