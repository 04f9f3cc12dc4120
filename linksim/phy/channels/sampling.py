"""A check of channels from outside of linksim: the shape and the randomness of samples."""

import numpy as np
import tensorflow as tf

from linksim.errors import LinksimError
from linksim.phy.channels.channel import Channel
from linksim.phy.grid import Grid

SLOTS = 2


def check_sampling(channel: Channel, grid: Grid) -> None:
    """Check that a channel's samples have the shape they must, and are random in a graph too.

    A compiled graph keeps what NumPy drew while it was traced: every batch would meet the same
    realisation.

    Raises
    ------
    LinksimError
        If the shape or the type is another, a value is no number, or a graph draws nothing anew.
    """
    name = f"channel {type(channel).__qualname__}"
    antennas = () if channel.siso else (channel.rx_antennas, channel.tx_antennas)
    wanted = (SLOTS, *antennas, *grid.shape)
    first, second = (tf.convert_to_tensor(channel.sample(1, SLOTS, grid)) for _ in range(2))
    if tuple(first.shape) != wanted or first.dtype != tf.complex64:
        raise LinksimError(
            f"{name}: sample must give complex64 of shape {list(wanted)} for {SLOTS} slots, not "
            f"{first.dtype.name} of shape {first.shape.as_list()}"
        )
    if not np.isfinite(first.numpy()).all():
        raise LinksimError(f"{name}: sample gives NaN or infinity")
    if np.array_equal(first, second):
        return  # nothing is random
    draw = tf.function(lambda: channel.sample(1, SLOTS, grid))
    if np.array_equal(draw(), draw()):
        raise LinksimError(
            f"{name}: sample draws outside of TensorFlow's graph, so all batches would meet one "
            "realisation; draw from sionna.phy.config.tf_rng"
        )
