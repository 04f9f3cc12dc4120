"""The resource grid: numerology and pilots (TS 38.211, 4.2 and 4.3, normal cyclic prefix)."""

from dataclasses import dataclass
from functools import cached_property

import tensorflow as tf
from sionna.phy.channel import subcarrier_frequencies
from sionna.phy.ofdm import ResourceGrid

from linksim.link_config import PILOT_SYMBOLS, SYMBOLS_PER_SLOT, slot_duration


@dataclass(frozen=True)
class Grid:
    """One slot of 14 OFDM symbols for one transmit stream.

    ::

        symbol   0 1 P 3 4 5 6 7 8 9 10 P 12 13      P: unit-energy pilots on every subcarrier

    Parameters
    ----------
    subcarriers : int
        Subcarriers, all of them used.
    subcarrier_spacing : float
        In Hz.
    """

    subcarriers: int
    subcarrier_spacing: float

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
    def sionna(self) -> ResourceGrid:
        """The same slot as a Sionna resource grid."""
        return ResourceGrid(
            num_ofdm_symbols=SYMBOLS_PER_SLOT,
            fft_size=self.subcarriers,
            subcarrier_spacing=self.subcarrier_spacing,
            pilot_pattern="kronecker",
            pilot_ofdm_symbol_indices=list(PILOT_SYMBOLS),
        )
