"""One realisation of a channel over time, addressed by slot number."""

from functools import lru_cache

import tensorflow as tf

from linksim.phy.channels import Channel
from linksim.phy.grid import Grid
from linksim.seeding import derive_seed, seed_sionna


class ChannelRealisation:
    """One channel realisation, indexed by slot number, shared by all streams.

    Each burst has a seed of its own, so a slot has one frequency response, whatever was drawn
    before: CSI measurement, feedback and every stream of a transmission see the same channel.

    Parameters
    ----------
    channel : Channel
        The model.
    grid : Grid
        The resource grid of a slot.
    seed : int
        Seed of this realisation.
    """

    def __init__(self, channel: Channel, grid: Grid, seed: int) -> None:
        self._channel, self._grid, self._seed = channel, grid, seed
        self._burst = lru_cache(maxsize=2)(self._draw)

    def slots(self, first: int, count: int) -> tf.Tensor:
        """Return the frequency responses of consecutive slots.

        Output
        ------
        tf.complex64, [count, …], as `Channel.sample` gives it
        """
        length = burst_slots(self._channel)
        runs = []
        while count > 0:
            burst, offset = divmod(first, length)
            run = self._burst(burst)[offset : offset + count]
            runs.append(run)
            first, count = first + run.shape[0], count - run.shape[0]
        return tf.concat(runs, axis=0)

    def _draw(self, burst: int) -> tf.Tensor:
        seed_sionna(derive_seed(self._seed, burst))
        return self._channel.sample(1, burst_slots(self._channel), self._grid)


def burst_slots(channel: Channel) -> int:
    """Return the length of a burst: as its class has it, and whole coherence times."""
    memory = channel.memory_slots or channel.burst_slots
    return -(-channel.burst_slots // memory) * memory
