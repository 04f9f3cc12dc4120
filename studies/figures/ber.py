"""Closed forms and bounds to draw beside simulated error rates."""

from collections.abc import Callable

import numpy as np

from linksim.link.config import LinkConfig
from linksim.link.outage import outage
from linksim.link.theory import bicm_limit_db
from linksim.phy.channels.models.flat import Awgn, Rayleigh
from linksim.phy.modulations import MODULATIONS

OUTAGE, FINITE, BICM = "outage bound", "finite length", "BICM capacity"
POINTS = 40
"""SNRs at which a bound is computed; between them its logarithm is a straight line."""


def theory_curves(
    config: LinkConfig, snr_db: np.ndarray, *, coded: bool
) -> list[tuple[str, np.ndarray]]:
    """Return the closed form, or the bounds, that are known of a link.

    Parameters
    ----------
    config : LinkConfig
        The link.
    snr_db : np.ndarray
        float, [n]; Es/N0 in dB, rising.
    coded : bool
        Return bounds on the block error rate, else the exact bit error rate with perfect CSI.

    Returns
    -------
    list of tuple
        Name of each curve and its rates, float, [n].
    """
    from linksim.link.experiments.error_rate import theory_ber

    if not coded:
        exact = theory_ber(config, snr_db)
        return [("closed form", exact)] if np.isfinite(exact).all() else []
    return outage_curves(config, snr_db)


def outage_curves(config: LinkConfig, snr_db: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Return what no code can beat in Rayleigh block fading, and what one of its length may reach.

    The second only where a block sees several channel realisations: over one they are the same but
    for a few hundredths of a decibel.
    """
    channel = config.channel_model
    if not isinstance(channel, Rayleigh) or config.streams > 1 or channel.memory_slots != 1:
        return []
    if not channel.pilots_inform:
        return []
    block, slots = config.code_block(), config.interleave_slots
    order = MODULATIONS[config.modulation].bits
    rate = order * block.info_bits / block.coded_bits
    of = {"slots": slots, "branches": channel.rx_antennas}
    curves = [(OUTAGE, _sparse(snr_db, lambda snr: outage(rate, snr, **of)))]
    if slots > 1:
        symbols = block.coded_bits // order // slots
        finite = _sparse(snr_db, lambda snr: outage(rate, snr, symbols=symbols, **of))
        curves.append((FINITE, finite))
    return curves


def capacity_limit_db(config: LinkConfig) -> float | None:
    """Return the Es/N0 in dB at which the BICM capacity of a link's modulation is its rate.

    A bound where every block sees the whole of the channel, which it does without fading, and in
    fading that is new for each resource element.
    """
    channel, kind = config.channel_model, MODULATIONS[config.modulation]
    each = isinstance(channel, Rayleigh) and channel.siso and not channel.pilots_inform
    if not kind.is_square_qam or not (each or isinstance(channel, Awgn)):
        return None
    return bicm_limit_db(config.modulation, kind.bits * config.code_rate, fading=each)


def _sparse(snr_db: np.ndarray, curve: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    points = np.linspace(snr_db[0], snr_db[-1], min(POINTS, snr_db.size))
    rates = np.maximum(curve(10.0 ** (points / 10.0)), 1e-12)
    return 10.0 ** np.interp(snr_db, points, np.log10(rates))
