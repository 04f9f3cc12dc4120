"""Batches made by other threads while the model trains on the one before."""

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Batch = TypeVar("Batch")

MOST_THREADS = 8
"""Greatest number of threads: more wait for one another, as some work holds Python's lock."""


class Prefetch(Generic[Batch]):
    """The batches of the next steps, made before they are asked for.

    On an accelerator a step takes less time than its batch. The batches are the same as without.

    Parameters
    ----------
    batch : callable
        Returns the batch of a step, which depends on nothing else; threads call it at once.
    """

    def __init__(self, batch: Callable[[int], Batch]) -> None:
        self._batch = batch
        threads = max(1, min(MOST_THREADS, (os.cpu_count() or 1) // 2))
        self._pool = ThreadPoolExecutor(threads)
        self._next = range(threads)
        self._made: dict[int, Future[Batch]] = {}

    def __call__(self, step: int) -> Batch:
        """Return the batch of a step, and have those of the next ones made."""
        wanted = {step, *(step + 1 + i for i in self._next)}
        self._made = {s: f for s, f in self._made.items() if s in wanted}
        for each in sorted(wanted - self._made.keys()):
            self._made[each] = self._pool.submit(self._batch, each)
        return self._made.pop(step).result()
