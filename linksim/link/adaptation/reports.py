"""Reports on the channel, slot by slot, as the transmitter has them."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import tensorflow as tf

from linksim.link.batches import batch_slots
from linksim.link.config import LinkConfig
from linksim.link.feedback import CsiFeedback
from linksim.link.harq_link import BATCH_SLOTS
from linksim.phy.channels.realisation import ChannelRealisation
from linksim.seeding import derive_seed, seed_sionna

TRACE_S = 0.02
"""Time from one entry of a trace to the next, in s."""

AVERAGED_SLOTS = 64
"""Reports of which an entry is the average."""

AGE_QUANTILE = 0.9
"""Quantile of what reports promised too much before the first block; the offset starts with it."""


class Reports:
    """CSI that the transmitter has at the start of each slot.

    Reference signals are there in every slot, whatever else is sent.

    Parameters
    ----------
    config : LinkConfig
        Its feedback and the size of its slots are used.
    measure_snr : callable
        Compiled `OfdmTransceiver.measure_snr`.
    no : tf.Tensor
        Noise variance N0.
    seed : int
        Seed of noise and of lost reports.
    fading : ChannelRealisation
        The channel realisation.
    first : int
        Slot of `fading` from which on reference signals are sent.
    """

    def __init__(
        self,
        config: LinkConfig,
        measure_snr: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
        no: tf.Tensor,
        seed: int,
        fading: ChannelRealisation,
        first: int,
    ) -> None:
        self._measure, self._no, self._seed = measure_snr, no, seed
        self._fading, self._first = fading, first
        self._feedback = CsiFeedback.of(config)
        self._batch = batch_slots(config, BATCH_SLOTS)
        self._measured = np.zeros(0, np.float32)
        self._known = self._measured
        self._responses = lru_cache(maxsize=2)(self._draw)

    def at(self, slot: int) -> float:
        """Return the last report that has come, in dB; NaN if there is none."""
        while slot - self._first >= len(self._known):
            part = len(self._measured) // self._batch
            seed_sionna(derive_seed(self._seed, "sounding", part))
            more = self._measure(self._responses(part), self._no).numpy()
            self._measured = np.concatenate([self._measured, more])
            self._known = self._feedback.reports(self._measured, derive_seed(self._seed, "reports"))
        return float(self._known[slot - self._first])

    def trace(
        self, duration_s: float, slot_s: float, first: int
    ) -> tuple[tuple[float, float], ...]:
        """Return averages of the last reports at times of a clip that begins in slot `first`.

        Returns
        -------
        tuple of (float, float)
            Time in s from the start of the clip, and dB; NaN where no report has come.
        """
        step = max(1, round(TRACE_S / slot_s))
        entries = []
        for slot in range(0, round(duration_s / slot_s), step):
            last = first + slot
            held = [
                self.at(s) for s in range(max(self._first, last - AVERAGED_SLOTS + 1), last + 1)
            ]
            entries.append((slot * slot_s, self._feedback.average(np.array(held)).snr_db))
        return tuple(entries)

    def excess_db(self, slot: int) -> float:
        """Return by how much reports held until a slot exceeded those that came in their place.

        At least 0, and 0 if there were none. What the transmitter holds in slot t is of slot
        t - delay; what slot t was like it knows at t + delay.
        """
        held = np.array([self.at(s) for s in range(self._first, slot + 1)])
        delay = self._feedback.delay_slots
        excess = held[: len(held) - delay] - held[delay:]
        known = excess[~np.isnan(excess)]
        return max(0.0, float(np.quantile(known, AGE_QUANTILE))) if known.size else 0.0

    def response(self, slot: int) -> tf.Tensor:
        """Return the frequency response of a slot, as `ChannelRealisation.slots` does."""
        part, place = divmod(slot - self._first, self._batch)
        return self._responses(part)[place : place + 1]

    def _draw(self, part: int) -> tf.Tensor:
        return self._fading.slots(self._first + part * self._batch, self._batch)
