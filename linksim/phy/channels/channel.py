"""The contract of a channel: a fading process, sampled on the resource elements of a grid."""

import typing
from abc import ABC, abstractmethod
from typing import ClassVar

from linksim.options import check_range

if typing.TYPE_CHECKING:
    import tensorflow as tf

    from linksim.phy.grid import Grid


MAX_ANTENNAS = 16
"""Most antennas of one side."""


WHOLE_TRANSMISSION = 2**31
"""Coherence time in slots of what stays for as long as a transmission lasts."""


class Channel(ABC):
    """A fading process, sampled on the resource elements of a grid."""

    name: ClassVar[str] = ""
    positional: ClassVar[str] = ""
    """The option that may stand first without its key, as in ``cir:FILE``."""

    burst_slots: ClassVar[int] = 512
    """Least number of slots over which a `ChannelRealisation` that is not endless is continuous."""

    endless: ClassVar[bool] = False
    """Whether a burst may be resumed after any number of slots; then `resume` is there."""

    recorded: ClassVar[bool] = False
    """Whether realisations were recorded, of some length each; then `resume` takes a `run`."""

    rx_antennas: int = 1
    tx_antennas: int = 1
    """A class with arrays has options or properties of these names."""

    @property
    def siso(self) -> bool:
        """Whether each side has one antenna."""
        return self.rx_antennas == self.tx_antennas == 1

    @property
    def pilots_inform(self) -> bool:
        """Whether pilots tell anything of the fading of the data beside them."""
        return True

    @property
    def flat(self) -> bool:
        """Whether h is the same on all resource elements of a slot."""
        return False

    def interference(self, subcarrier_spacing: float) -> float:
        """Return what paths beyond the cyclic prefix leave on others, over the channel's power."""
        return 0.0

    @property
    def memory_slots(self) -> int | None:
        """Coherence time in slots; None if all those of a burst are correlated."""
        return 1

    def check_grid(self, slot_duration: float) -> None:  # noqa: B027
        """Raise `LinksimError` where the channel cannot be sampled for slots of so many s."""

    def check_call(self, seconds: float) -> None:  # noqa: B027
        """Raise `LinksimError` where the channel does not last for a call of so many s."""

    @abstractmethod
    def sample(self, bursts: int, slots: int, grid: "Grid") -> "tf.Tensor":
        """Draw from Sionna's random generator.

        Output
        ------
        tf.complex64, shape [bursts * slots, symbols per slot, subcarriers]
            Frequency response; the slots of a burst follow one another. With more than one
            antenna the shape is [bursts * slots, rx_antennas, tx_antennas, symbols per slot,
            subcarriers], with E|h|^2 = 1 for each pair.
        """

    def run_slots(self, slots: int, slot_duration: float) -> int:
        """Return the length of what is continuous in a burst of so many slots."""
        return self.memory_slots or slots

    def resume(self, first: int, slots: int, grid: "Grid", run: int | None = None) -> "tf.Tensor":
        """Return slots of one burst from slot `first` on, as `sample` gives them.

        The same seed before each call makes it the same burst; it has `run` slots where the
        channel is recorded.
        """
        raise NotImplementedError

    def slot_size(self, grid: "Grid") -> int:
        """Return the complex numbers that a slot takes while it is drawn, of a pair of antennas."""
        symbols, subcarriers = grid.shape
        return symbols * subcarriers

    def _within(self, field: str, low: float, high: float) -> None:
        check_range(f"channel '{self.name}': {field}", getattr(self, field), low, high)

    def _check_antennas(self) -> None:
        self._within("rx_antennas", 1, MAX_ANTENNAS)
        self._within("tx_antennas", 1, MAX_ANTENNAS)
