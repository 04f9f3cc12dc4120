"""Stated intervals of block error rates hold the rate often enough, on channels that last.

Blocks are synthetic: one has arrived once log2(1 + SNR |h|^2), summed over its transmissions, is
enough. Slots follow one another as those of `Link.transmit` do, from slot 68 on.
"""

import numpy as np
import pytest

from linksim.link.results import StreamResult, cluster_slots, clusters_of, lost_blocks

FIRST_SLOT, ROUND_TRIP = 68, 4
REPETITIONS = 300


def _gains(rng: np.random.Generator, memory: int, slots: int) -> np.ndarray:
    """Return log2(1 + SNR |h|^2) of each repetition and slot; h is new at multiples of memory."""
    gain = rng.exponential(size=(REPETITIONS, -(-slots // memory)))
    return np.log2(1.0 + 4.0 * np.repeat(gain, memory, axis=1))


def _send(
    rng: np.random.Generator, told: np.ndarray, start: np.ndarray, blocks: int, harq: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Send blocks in stop-and-wait processes; return what arrived, first slots and the end."""
    every = np.arange(REPETITIONS)
    ok = np.zeros((REPETITIONS, blocks + 1), bool)  # the last stands for none
    first = np.zeros((REPETITIONS, blocks + 1), int)
    sum_of = np.zeros((ROUND_TRIP, REPETITIONS))
    block = np.full((ROUND_TRIP, REPETITIONS), blocks)
    attempts = np.full((ROUND_TRIP, REPETITIONS), harq)
    fresh, slot, end = np.zeros(REPETITIONS, int), start.copy(), start.copy()
    turn = 0
    while (fresh < blocks).any() or (attempts < harq).any():
        new = ok[every, block[turn]] | (attempts[turn] == harq)
        block[turn] = np.where(new, np.minimum(fresh, blocks), block[turn])
        first[every[new], block[turn][new]] = slot[new]
        fresh += new
        attempts[turn] = np.where(new, 1, attempts[turn] + 1)
        sum_of[turn] = np.where(new, 0.0, sum_of[turn]) + told[every, slot]
        heard = sum_of[turn] + 0.15 * rng.normal(size=REPETITIONS) > 1.0 + 0.8 * (harq > 1)
        idle = block[turn] == blocks
        ok[every, block[turn]] |= heard
        attempts[turn][idle | ok[every, block[turn]]] = harq
        end = np.where(idle, end, slot + 1)
        slot, turn = slot + 1, (turn + 1) % ROUND_TRIP
    return ok[:, :blocks], first[:, :blocks], end


@pytest.mark.parametrize("memory", [1, 7, 50, 68, 200])
@pytest.mark.parametrize("harq", [1, 3])
@pytest.mark.parametrize("streams", [1, 2])
def test_intervals_cover_on_channels_that_last(memory: int, harq: int, streams: int) -> None:
    rng = np.random.default_rng([memory, harq, streams])
    blocks = 480 // streams
    told = _gains(rng, memory, FIRST_SLOT + 4 * harq * blocks * streams)
    sent, start = [], np.full(REPETITIONS, FIRST_SLOT)
    for _ in range(streams):
        ok, first, start = _send(rng, told, start, blocks, harq)
        sent.append((ok, first))
    lost = 1.0 - np.mean([ok.mean() for ok, _ in sent])
    slots = cluster_slots(memory, 1)
    held = 0
    for repetition in range(REPETITIONS):
        tally = lost_blocks(
            StreamResult(None, None, None, ok[repetition], clusters_of(first[repetition], 1, slots))
            for ok, first in sent
        )
        assert tally.trials == blocks * streams
        low, high = tally.interval(0.95)
        held += low <= lost <= high
    assert 0.005 < lost < 0.6
    assert held >= 0.93 * REPETITIONS, held / REPETITIONS
