"""One realisation of a channel over time, addressed by slot number."""

from functools import lru_cache

import tensorflow as tf

from linksim.phy.channels import Channel
from linksim.phy.grid import Grid
from linksim.seeding import derive_seed, seed_sionna

SEGMENT = 2**23
"""Complex numbers that are drawn at once, at most where continuity allows it; bounds memory."""


class ChannelRealisation:
    """One channel realisation, indexed by slot number, shared by all streams.

    Each segment is drawn from a seed of its own, or resumed from one seed where the channel is
    endless. So a slot has one response, whatever was drawn before: CSI measurement, feedback and
    every stream of a transmission see the same channel, for as long as it lasts.

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
        self._length = _segment_slots(channel, grid)
        self._segment = lru_cache(maxsize=2)(self._draw)

    def slots(self, first: int, count: int) -> tf.Tensor:
        """Return the frequency responses of consecutive slots.

        Output
        ------
        tf.complex64, [count, …], as `Channel.sample` gives it
        """
        runs = []
        while count > 0:
            segment, offset = divmod(first, self._length)
            run = self._segment(segment)[offset : offset + count]
            runs.append(run)
            first, count = first + run.shape[0], count - run.shape[0]
        return tf.concat(runs, axis=0)

    def _draw(self, segment: int) -> tf.Tensor:
        if self._channel.endless:
            seed_sionna(self._seed)
            return self._channel.resume(segment * self._length, self._length, self._grid)
        seed_sionna(derive_seed(self._seed, segment))
        return self._channel.sample(1, self._length, self._grid)


def burst_slots(channel: Channel) -> int:
    """Return the length of a burst: as its class has it, and whole coherence times."""
    memory = channel.memory_slots or channel.burst_slots
    return -(-channel.burst_slots // memory) * memory


def _segment_slots(channel: Channel, grid: Grid) -> int:
    """Return how many slots are drawn at once: few of a wide grid, and never part of a run."""
    size = channel.slot_size(grid) * channel.rx_antennas * channel.tx_antennas
    most = min(channel.burst_slots, max(1, SEGMENT // size))
    run = 1 if channel.endless else channel.run_slots(channel.burst_slots, grid.slot_duration)
    return -(-most // run) * run
