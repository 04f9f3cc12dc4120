"""Least-squares estimates at the pilots, interpolated by Sionna's nearest and linear rules."""

from __future__ import annotations

import typing

from linksim.phy.estimators.estimator import Estimator

if typing.TYPE_CHECKING:
    from linksim.phy.channels import Channel
    from linksim.phy.estimation import Interpolator
    from linksim.phy.grid import Grid


class NearestPilot(Estimator):
    """The estimate of the nearest pilot for each resource element."""

    name = "ls-nearest"

    def interpolators(self, grid: Grid, channel: Channel) -> list[Interpolator]:
        """Return the rule for each stream; statistics of `channel` tell its error alone."""
        from sionna.phy.ofdm import NearestNeighborInterpolator

        from linksim.phy.estimation import fixed_interpolators

        return fixed_interpolators(NearestNeighborInterpolator, grid, channel)


class LinearInterpolation(Estimator):
    """Straight lines between pilots, over frequency and then over time."""

    name = "ls-linear"

    def interpolators(self, grid: Grid, channel: Channel) -> list[Interpolator]:
        """Return the rule for each stream; statistics of `channel` tell its error alone."""
        from sionna.phy.ofdm import LinearInterpolator

        from linksim.phy.estimation import fixed_interpolators

        return fixed_interpolators(LinearInterpolator, grid, channel)


NEAREST = NearestPilot()
LINEAR = LinearInterpolation()
