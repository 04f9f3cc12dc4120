"""Modulations by name; a new one is one module of this package."""

from linksim.phy.modulations.modulation import Modulation
from linksim.registry import Registry

MODULATIONS: Registry[Modulation] = Registry(
    "modulation", Modulation, "linksim.phy.modulations", "linksim.modulations"
)
"""Every modulation by its name."""

__all__ = ["MODULATIONS", "Modulation"]
