"""Equalisers by name; a new one is one module of this package."""

from linksim.phy.equalisers.equaliser import Equaliser
from linksim.registry import Registry

EQUALISERS: Registry[Equaliser] = Registry(
    "equalizer", Equaliser, "linksim.phy.equalisers", "linksim.equalisers"
)
"""Every equaliser by its name."""

__all__ = ["EQUALISERS", "Equaliser"]
