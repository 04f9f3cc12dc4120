"""Second-order statistics of a channel, learnt by simulation."""

import numpy as np

from linksim.phy.channels import Channel
from linksim.phy.grid import Grid
from linksim.seeding import seed_sionna

DRAWS = 4096
"""Slots drawn from a channel, times pairs of antennas."""

ELEMENTS = 2**24
"""Resource elements drawn at most, which bounds the time that a wide grid takes."""

BATCH_ELEMENTS = 2**21
"""Resource elements drawn at once; bounds memory."""


def channel_covariance(channel: Channel, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Return the time and the frequency covariance of a channel, by simulation.

    Returns
    -------
    tuple of np.ndarray
        complex128, [symbols, symbols] and [subcarriers, subcarriers]; of unit mean power.
    """
    seed_sionna(20_221)
    pairs = channel.rx_antennas * channel.tx_antennas
    symbols, subcarriers = grid.shape
    elements = symbols * subcarriers * pairs
    draws = max(1, min(DRAWS // pairs, ELEMENTS // elements))
    size = max(1, BATCH_ELEMENTS // max(elements, channel.slot_size(grid) * pairs))
    time = np.zeros([symbols, symbols], complex)
    frequency = np.zeros([subcarriers, subcarriers], complex)
    for first in range(0, draws, size):
        h = channel.sample(min(size, draws - first), 1, grid).numpy().astype(np.complex128)
        h = h.reshape(-1, symbols, subcarriers)
        by_time = h.transpose(1, 0, 2).reshape(symbols, -1)
        by_frequency = h.transpose(2, 0, 1).reshape(subcarriers, -1)
        time += by_time @ by_time.conj().T
        frequency += by_frequency @ by_frequency.conj().T
    power = np.trace(time).real / symbols
    return time / power, frequency * (subcarriers / np.trace(frequency).real)
