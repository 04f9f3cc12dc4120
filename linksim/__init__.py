"""linksim: simulate wireless links whose endpoints are classical or learned codecs.

::

    import linksim as ls

    link = ls.Link(channel="tdl-a:speed=3", modulation="16qam")
    result = ls.sweep(link, estimator=["ls-linear", "lmmse"], snr_db=range(0, 21, 5))
    result.plot("bler", theory=True)

Names are loaded when they are first asked for, so that importing this takes no TensorFlow.
"""

import importlib
from typing import Any

__version__ = "0.4.0"

_PLACES = {
    "CHANNELS": "linksim.phy.channels",
    "Channel": "linksim.phy.channels",
    "Clip": "linksim.media",
    "ENDPOINTS": "linksim.endpoint",
    "Endpoint": "linksim.endpoint",
    "LinksimError": "linksim.errors",
    "METRICS": "linksim.metrics",
    "Metric": "linksim.metrics",
    "StopRule": "linksim.montecarlo",
    "Study": "studies.api.study",
    "SweepResult": "studies.api.result",
    "ber": "studies.api.sweep",
    "read": "linksim.media",
    "send": "studies.api.send",
    "sweep": "studies.api.sweep",
    "transmit": "studies.api.send",
    "write": "linksim.media",
}
"""Public names, and the modules that they stand in."""

__all__ = ["Link", "__version__", *sorted(_PLACES)]


def __getattr__(name: str) -> Any:
    """Load a public name."""
    if name == "Link":
        return importlib.import_module("linksim.link.config").LinkConfig
    if name not in _PLACES:
        raise AttributeError(f"module 'linksim' has no attribute '{name}'")
    return getattr(importlib.import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
