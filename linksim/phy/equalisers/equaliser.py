"""The contract of an equaliser."""

from __future__ import annotations

import typing
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

if typing.TYPE_CHECKING:
    import tensorflow as tf
    from sionna.phy.mimo import StreamManagement
    from sionna.phy.ofdm import ResourceGrid

    Equalise = Callable[[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


class Equaliser(ABC):
    """A way to get from received resource elements to the symbols of each stream."""

    name: ClassVar[str]
    """Name in a link's configuration."""

    @abstractmethod
    def build(self, grid: ResourceGrid, streams: StreamManagement) -> Equalise:
        """Return the equaliser of a resource grid.

        Returns
        -------
        callable
            Takes y, complex64 [slots, 1, rx antennas, symbols, subcarriers]; the channel's
            estimate, complex64 [slots, 1, rx antennas, 1, streams, symbols, subcarriers], and its
            error variance, float32 that broadcasts to it; N0, float32 scalar or [slots]. Gives
            unbiased symbols, complex64 [slots, 1, streams, data elements], and the effective noise
            variance of each, float32.
        """
