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
    run : int, optional
        Slots over which a recorded channel is continuous, as far as its records last; without it
        for one segment.
    """

    def __init__(self, channel: Channel, grid: Grid, seed: int, run: int | None = None) -> None:
        self._channel, self._grid, self._seed = channel, grid, seed
        self._length = _segment_slots(channel, grid)
        self._run = None
        if run is not None and channel.recorded:
            self._run = channel.run_slots(run, grid.slot_duration)
            self._length = min(self._length, self._run)
        self._segment = lru_cache(maxsize=2)(self._draw)

    def slots(self, first: int, count: int) -> tf.Tensor:
        """Return the frequency responses of consecutive slots.

        Output
        ------
        tf.complex64, [count, …], as `Channel.sample` gives it
        """
        runs = []
        while count > 0:
            burst, place = divmod(first, self._run) if self._run else (0, first)
            segment, offset = divmod(place, self._length)
            some = self._segment(burst, segment)[offset : offset + count]
            runs.append(some)
            first, count = first + some.shape[0], count - some.shape[0]
        return tf.concat(runs, axis=0)

    def _draw(self, burst: int, segment: int) -> tf.Tensor:
        first, slots = segment * self._length, self._length
        if self._channel.endless:
            seed_sionna(self._seed)
            return self._channel.resume(first, slots, self._grid)
        if self._run:
            seed_sionna(derive_seed(self._seed, burst))
            slots = min(slots, self._run - first)
            return self._channel.resume(first, slots, self._grid, self._run)
        seed_sionna(derive_seed(self._seed, segment))
        return self._channel.sample(1, slots, self._grid)


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
