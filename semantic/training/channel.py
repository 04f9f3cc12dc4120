"""The channel that learned endpoints are trained through, differentiable on any backend."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from keras import ops

from linksim.errors import unknown

KINDS = ("rayleigh", "awgn")
SLOT_SYMBOLS = 864
"""Data symbols of one slot of the default link: 72 subcarriers times 12 OFDM symbols."""

MIN_POWER_GAIN = 1e-6
"""Least power gain: deeper fading is taken as this deep, so that noise stays finite in float32."""


@contextmanager
def fixed_randomness(channel: Any, state: Sequence[int]) -> Iterator[None]:
    """Have a channel draw from a state of its own, and then go on as it would have."""
    before, channel.random_state = channel.random_state, np.array(state, np.uint32)
    yield
    channel.random_state = before


class TrainingChannel(keras.layers.Layer):
    """Flat block fading with white noise and perfect equalisation, two reals a channel use.

    ::

        x ── pair to I/Q ─▶ y = h·x + n ─▶ x̂ = y / h = x + n / h ─▶ unpair ─▶ x̂, N0 / (2 |h|²)

    Equation (4) of the paper, and what `linksim.link.symbol_link.SymbolLink` does to latents with
    perfect channel knowledge: h is drawn for every slot, E|h|² = 1, and the SNR is Es/N0
    averaged over fading.

    Parameters
    ----------
    kind : str
        ``"rayleigh"``, or ``"awgn"`` with h = 1.
    block_symbols : int
        Complex symbols over which h stays the same.
    seed : int
        Seed of fading and noise.

    Raises
    ------
    LinksimError
        If there is no such kind.
    """

    def __init__(
        self,
        *,
        kind: str = "rayleigh",
        block_symbols: int = SLOT_SYMBOLS,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        if kind not in KINDS:
            raise unknown("training channel", kind, KINDS)
        super().__init__(**kwargs)
        self.kind = kind
        self.block_symbols = block_symbols
        self.seed = seed
        self._seeds = keras.random.SeedGenerator(seed)

    def call(
        self, latents: Any, snr_db: Any, energy: Any = None, sent: Any = None
    ) -> tuple[Any, Any]:
        """Send a batch, each row through a channel realisation of its own.

        Input
        -----
        latents : float32, [batch, n]
            n even and known when traced.
        snr_db : float32, [batch]
            Mean Es/N0 in dB.
        energy : float32, [batch], optional
            Es, the mean energy of a symbol; measured where it is not given.
        sent : float32, [batch], optional
            Share of the latents that is really sent, evenly strewn among them; a block of fading
            covers as many more. All, where it is not given.

        Output
        ------
        latents : float32, [batch, n]
            Equalised, in the units of the input.
        noise_variance : float32, [batch, n]
            Effective noise variance of each, in those units squared.
        """
        batch, n = ops.shape(latents)[0], latents.shape[1]
        symbols = n // 2
        if energy is None:
            energy = 2.0 * ops.mean(ops.square(latents), axis=1)
        # Half of N0 falls on each of the two reals.
        half_n0 = ops.expand_dims(0.5 * energy * 10.0 ** (-snr_db / 10.0), 1)
        i, q = latents[:, 0::2], latents[:, 1::2]
        noise = ops.sqrt(half_n0)[..., None] * self._normal((batch, symbols, 2))
        if self.kind == "rayleigh":
            blocks = math.ceil(symbols / self.block_symbols)
            h = self._normal((batch, blocks, 2)) * math.sqrt(0.5)
            if sent is None:
                h = ops.repeat(h, self.block_symbols, axis=1)[:, :symbols]
            else:
                block = np.arange(symbols, dtype=np.float32) / self.block_symbols * sent[:, None]
                h = ops.take_along_axis(h, ops.cast(block, "int32")[..., None], axis=1)
            gain = ops.maximum(ops.sum(ops.square(h), axis=-1), MIN_POWER_GAIN)
            h_i, h_q, n_i, n_q = h[..., 0], h[..., 1], noise[..., 0], noise[..., 1]
            i = i + (n_i * h_i + n_q * h_q) / gain
            q = q + (n_q * h_i - n_i * h_q) / gain
        else:
            gain = ops.ones((batch, symbols))
            i, q = i + noise[..., 0], q + noise[..., 1]
        received = ops.reshape(ops.stack([i, q], axis=-1), (batch, n))
        return received, ops.repeat(half_n0 / gain, 2, axis=1)

    @property
    def random_state(self) -> np.ndarray:
        """The state of the generator, so that it can be put back."""
        return np.array(ops.convert_to_numpy(self._seeds.state))

    @random_state.setter
    def random_state(self, state: np.ndarray) -> None:
        self._seeds.state.assign(state)

    def _normal(self, shape: tuple[Any, ...]) -> Any:
        return keras.random.normal(shape, seed=self._seeds)
