"""The channel as it is, known to the receiver without error."""

from __future__ import annotations

import typing

from linksim.phy.estimators.estimator import Estimator

if typing.TYPE_CHECKING:
    from linksim.phy.channels import Channel
    from linksim.phy.estimation import Interpolator
    from linksim.phy.grid import Grid


class Perfect(Estimator):
    """Perfect channel knowledge, for closed forms and upper limits."""

    name = "perfect"
    needs_pilots = False
    loss_db = 0.0

    def interpolators(self, grid: Grid, channel: Channel) -> list[Interpolator]:
        """Return none: there is nothing to interpolate."""
        return []


PERFECT = Perfect()
