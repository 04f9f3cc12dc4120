"""Interference of paths later than the cyclic prefix, from a power delay profile."""

import importlib.util
import json
from pathlib import Path

import numpy as np

from linksim.phy.pilots import NORMAL_PREFIX


def late_interference(powers: np.ndarray, delays: np.ndarray, subcarrier_spacing: float) -> float:
    """Return the power that symbols and subcarriers leave on one another, over that of all paths.

    Of a path that is later than the prefix by a share e of the useful symbol, e (1 - e) is lost to
    other subcarriers, and e comes from the symbol before.

    Parameters
    ----------
    powers, delays : np.ndarray
        float, of one shape; powers in any unit, delays in s.
    subcarrier_spacing : float
        Subcarrier spacing in Hz.
    """
    late = np.clip(delays * subcarrier_spacing - NORMAL_PREFIX, 0.0, 1.0)
    return float(np.sum(powers * late * (2.0 - late)) / np.sum(powers))


def sionnas_profile(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return powers, linear, and delays over the delay spread of a model, as ``TDL-A``."""
    spec = importlib.util.find_spec("sionna")
    folders = (spec.submodule_search_locations if spec else None) or ()
    (file,) = (Path(f) / "phy/channel/tr38901/models" / f"{name}.json" for f in folders)
    table = json.loads(file.read_text())
    return 10.0 ** (np.array(table["powers"]) / 10.0), np.array(table["delays"])
