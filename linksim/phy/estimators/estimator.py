"""The contract of a channel estimator."""

from __future__ import annotations

import typing
from abc import ABC, abstractmethod
from typing import ClassVar

if typing.TYPE_CHECKING:
    from linksim.phy.channels import Channel
    from linksim.phy.estimation import Interpolator
    from linksim.phy.grid import Grid


class Estimator(ABC):
    """A way to get from least-squares estimates at the pilots to the whole slot.

    ::

        y at pilots ──÷ p──▶ h_LS ──interpolator──▶ h_hat, error variance
    """

    name: ClassVar[str]
    """Name in a link's configuration."""

    needs_pilots: ClassVar[bool] = True
    """Whether the estimate is of pilots; if not, the receiver knows the channel itself."""

    loss_db: ClassVar[float] = 4.0
    """Es/N0 in dB that a code over many slots needs above what it needs with perfect knowledge; by
    default that of straight lines between pilots."""

    @abstractmethod
    def interpolators(self, grid: Grid, channel: Channel) -> list[Interpolator]:
        """Return an interpolator for each stream; none where `needs_pilots` is false.

        Parameters
        ----------
        grid : Grid
            Resource grid of a slot, with its pilots.
        channel : Channel
            The model whose second-order statistics an estimator may know.
        """
