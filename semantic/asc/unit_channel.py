"""The channel that units of a call are trained through: each over some channel realisations."""

import math
from typing import Any

import numpy as np
from keras import ops

from semantic.training.channel import MIN_POWER_GAIN, TrainingChannel

PERIODS = 3
"""Periods of time, a frame each, in which parts of a frame's latents are sent."""

REALISATIONS = 4
"""Channel realisations within a period."""

KEPT = 0.7
"""Correlation of the slow fading from one period to the next: J0 at 3 km/h, 3.5 GHz and 20 ms."""


class UnitChannel(TrainingChannel):
    """Units at equal energy, each in three periods of fading, with perfect equalisation.

    Fading is part slow, common to a period and correlated with those before, and part its own. The
    shares are drawn for each row: from slow flat fading to many channel realisations a unit.
    """

    def call(self, latents: Any, snr_db: Any, energy: Any = None, sent: Any = None) -> Any:
        """Send a batch, each row through a channel realisation of its own.

        Input
        -----
        latents : float32, [batch, frames, n]
            n even, frames and n known when traced.
        snr_db : float32, [batch]
            Mean Es/N0 in dB.
        energy : float32, [batch, frames]
            Es of each unit.

        Output
        ------
        latents, noise_variance : float32, [batch, frames, n]
            Equalised, and the effective noise variance of each, in the units of the input.
        """
        batch, (frames, n) = ops.shape(latents)[0], latents.shape[1:]
        pairs = ops.reshape(latents, (-1, frames, n // 2, 2))
        snr = ops.reshape(10.0 ** (0.1 * snr_db), (-1, 1, 1))
        half_n0 = 0.5 * energy[..., None] / snr * ops.ones((1, 1, n // 2))
        if self.kind == "rayleigh":
            gain = self._gains(batch, frames, n // 2)
            half_n0 = half_n0 / ops.maximum(gain, MIN_POWER_GAIN)
        noise = ops.sqrt(half_n0)[..., None] * self._normal((batch, frames, n // 2, 2))
        received = ops.reshape(pairs + noise, (-1, frames, n))
        return received, ops.repeat(half_n0, 2, axis=2)

    def _gains(self, batch: Any, frames: int, pairs: int) -> Any:
        """Return the power gain of each pair: float32, [batch, frames, pairs]."""
        periods = frames + PERIODS - 1
        share = 0.5 + 0.5 * ops.tanh(2.0 * self._normal((batch, 1, 1, 1)))
        age = np.subtract.outer(np.arange(periods), np.arange(periods))
        memory = np.where(age >= 0, KEPT ** np.abs(age), 0.0) * math.sqrt(1.0 - KEPT**2)
        memory[:, 0] = KEPT ** np.arange(periods)
        slow = ops.einsum(
            "ts,bsc->btc", memory.astype(np.float32), self._normal((batch, periods, 2))
        )
        own = self._normal((batch, periods, REALISATIONS, 2))
        h = ops.sqrt(share) * slow[:, :, None] + ops.sqrt(1.0 - share) * own
        gains = ops.reshape(0.5 * ops.sum(ops.square(h), axis=-1), (-1, periods * REALISATIONS))
        pair = np.arange(pairs)
        place = (
            np.arange(frames)[:, None] + pair % PERIODS
        ) * REALISATIONS + pair // PERIODS % REALISATIONS
        return ops.take(gains, place, axis=1)
