"""Channel codes by name; a new one is one module of this package."""

from linksim.phy.coding.codes.code import Code, Codec
from linksim.registry import Registry

CODES: Registry[Code] = Registry("code", Code, "linksim.phy.coding.codes", "linksim.codes")
"""Every channel code by its name."""

__all__ = ["CODES", "Code", "Codec"]
