"""Closed forms and bounds to draw beside simulated error rates."""

import numpy as np

from linksim.link.config import LinkConfig
from linksim.link.theory import ergodic_limit_db, outage_rayleigh
from linksim.phy.modulations import MODULATIONS


def theory_curve(
    config: LinkConfig, snr_db: np.ndarray, *, coded: bool
) -> tuple[str, np.ndarray] | None:
    """Return the closed form or the bound that is known of a link; None if none is.

    Parameters
    ----------
    config : LinkConfig
        The link.
    snr_db : np.ndarray
        float, [n]; Es/N0 in dB.
    coded : bool
        Return the outage bound on the block error rate, else the exact bit error rate with perfect
        CSI.

    Returns
    -------
    label : str
        Name of the curve.
    rate : np.ndarray
        float, [n].
    """
    from linksim.link.experiments.error_rate import theory_ber

    if not coded:
        exact = theory_ber(config, snr_db)
        return ("closed form", exact) if np.isfinite(exact).all() else None
    if config.channel != "rayleigh" or config.interleave_slots > 1:
        return None
    efficiency = MODULATIONS[config.modulation].bits * config.code_rate
    return "outage bound", outage_rayleigh(efficiency, 10.0 ** (snr_db / 10.0))


def capacity_limit_db(config: LinkConfig) -> float | None:
    """Return the Es/N0 in dB at which the ergodic capacity is the rate of an interleaved link."""
    if config.channel != "rayleigh" or config.interleave_slots == 1:
        return None
    return ergodic_limit_db(MODULATIONS[config.modulation].bits * config.code_rate)
