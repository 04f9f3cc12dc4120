"""Wiener filters for known second-order statistics of the channel (LMMSE)."""

from __future__ import annotations

import typing

from linksim.phy.estimators.estimator import Estimator

if typing.TYPE_CHECKING:
    from linksim.phy.channels import Channel
    from linksim.phy.estimation import Interpolator
    from linksim.phy.grid import Grid


class Lmmse(Estimator):
    """A two-dimensional Wiener filter over time and frequency together."""

    name = "lmmse"
    loss_db = 0.0

    def interpolators(self, grid: Grid, channel: Channel) -> list[Interpolator]:
        """Return a filter for each stream, by the statistics of `channel`."""
        from linksim.phy.wiener import LmmseInterpolator, wiener_interpolators

        return wiener_interpolators(LmmseInterpolator, grid, channel)


class TwoPassLmmse(Estimator):
    """Wiener filters over frequency, then over time."""

    name = "lmmse-f-t"
    loss_db = 0.0

    def interpolators(self, grid: Grid, channel: Channel) -> list[Interpolator]:
        """Return a filter for each stream, by the statistics of `channel`."""
        from linksim.phy.wiener import TwoPassInterpolator, wiener_interpolators

        return wiener_interpolators(TwoPassInterpolator, grid, channel)


LMMSE = Lmmse()
TWO_PASS = TwoPassLmmse()
