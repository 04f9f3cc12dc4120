"""The resource grid: numerology and pilots (TS 38.211, 4.2 and 4.3, normal cyclic prefix)."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import tensorflow as tf
from sionna.phy.channel import subcarrier_frequencies
from sionna.phy.mapping import QAMSource
from sionna.phy.ofdm import PilotPattern, ResourceGrid

from linksim.phy.pilots import SYMBOLS_PER_SLOT, PilotLayout, slot_duration


@dataclass(frozen=True)
class Grid:
    """One slot of 14 OFDM symbols.

    ::

        symbol   0 1 P 3 4 5 6 7 8 9 10 P 12 13      P: unit-energy pilots

    Parameters
    ----------
    subcarriers : int
        Subcarriers, all of them used.
    subcarrier_spacing : float
        Subcarrier spacing in Hz.
    layout : PilotLayout
        Layout of the pilots.
    """

    subcarriers: int
    subcarrier_spacing: float
    layout: PilotLayout = field(default_factory=PilotLayout)

    @property
    def shape(self) -> tuple[int, int]:
        """(OFDM symbols, subcarriers) of a slot."""
        return SYMBOLS_PER_SLOT, self.subcarriers

    @property
    def symbol_duration(self) -> float:
        """Mean OFDM symbol duration in s, cyclic prefix included (14 symbols in 15/spacing)."""
        return 15.0 / (SYMBOLS_PER_SLOT * self.subcarrier_spacing)

    @property
    def slot_duration(self) -> float:
        """Duration of a slot in s."""
        return slot_duration(self.subcarrier_spacing)

    @cached_property
    def frequencies(self) -> tf.Tensor:
        """Baseband subcarrier frequencies in Hz, shape [subcarriers]."""
        with tf.init_scope():  # a graph may be the first to ask, and must not keep it
            return subcarrier_frequencies(self.subcarriers, self.subcarrier_spacing)

    @cached_property
    def pilots(self) -> np.ndarray:
        """Pilots of each stream, complex64, [streams, pilot symbols, subcarriers with pilots].

        Random QPSK of unit energy on the stream's own subcarriers, and 0 on those of others.
        """
        layout = self.layout
        teeth = layout.subcarriers(self.subcarriers)
        with tf.init_scope():
            drawn = QAMSource(2, seed=0)([1, 1, len(layout.symbols), teeth.size]).numpy()[0, 0]
        owner = np.arange(teeth.size) % layout.streams
        return np.where(owner == np.arange(layout.streams)[:, None, None], drawn, 0)

    @cached_property
    def sionna(self) -> ResourceGrid:
        """The same slot as a Sionna resource grid."""
        streams = self.layout.streams
        mask = np.zeros([1, streams, *self.shape], bool)
        teeth = self.layout.subcarriers(self.subcarriers)
        mask[:, :, np.array(self.layout.symbols)[:, None], teeth] = True
        return ResourceGrid(
            num_ofdm_symbols=SYMBOLS_PER_SLOT,
            fft_size=self.subcarriers,
            subcarrier_spacing=self.subcarrier_spacing,
            num_tx=1,
            num_streams_per_tx=streams,
            pilot_pattern=PilotPattern(mask, self.pilots.reshape(1, streams, -1)),
        )
