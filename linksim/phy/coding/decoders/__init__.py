"""LDPC decoders by name; a new one is one module of this package."""

from linksim.phy.coding.decoders.decoder import Decoder
from linksim.registry import Registry

DECODERS: Registry[Decoder] = Registry(
    "decoder", Decoder, "linksim.phy.coding.decoders", "linksim.decoders"
)
"""Every decoder of 5G LDPC by its name."""

__all__ = ["DECODERS", "Decoder"]
