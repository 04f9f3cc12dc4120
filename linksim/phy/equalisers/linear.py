"""The linear equalisers, as Sionna has them."""

from __future__ import annotations

import typing

from linksim.phy.equalisers.equaliser import Equaliser

if typing.TYPE_CHECKING:
    from sionna.phy.mimo import StreamManagement
    from sionna.phy.ofdm import ResourceGrid

    from linksim.phy.equalisers.equaliser import Equalise


class ZeroForcing(Equaliser):
    """Zero forcing: streams are taken apart without a remainder, noise is amplified."""

    name = "zf"

    def build(self, grid: ResourceGrid, streams: StreamManagement) -> Equalise:
        """Return Sionna's equaliser of a resource grid."""
        from sionna.phy.ofdm import ZFEqualizer

        return ZFEqualizer(grid, streams)


class LinearMmse(Equaliser):
    """Linear minimum mean-square error, made unbiased."""

    name = "lmmse"

    def build(self, grid: ResourceGrid, streams: StreamManagement) -> Equalise:
        """Return Sionna's equaliser of a resource grid."""
        from sionna.phy.ofdm import LMMSEEqualizer

        return LMMSEEqualizer(grid, streams)


ZERO_FORCING = ZeroForcing()
LINEAR_MMSE = LinearMmse()
