"""Choose a modulation and coding scheme from fed-back channel state."""

from math import isnan, log2

from linksim.endpoint import Csi
from linksim.phy.coding.mcs import CQI_TABLE, Mcs
from linksim.phy.modulations import MODULATIONS

GAP_DB = 3.0
"""Distance from Shannon's limit, in dB, at which a scheme is taken to work."""


def spectral_efficiency(mcs: Mcs) -> float:
    """Return the information bits per data resource element of a scheme."""
    return MODULATIONS[mcs.modulation].bits * mcs.code_rate


def needed_snr(mcs: Mcs) -> float:
    """Return the SNR in AWGN, linear, at which a scheme is taken to work."""
    return 10.0 ** (GAP_DB / 10.0) * (2.0 ** spectral_efficiency(mcs) - 1.0)


def select_mcs(csi: Csi | None) -> Mcs:
    """Return the fastest scheme of `CQI_TABLE` that the channel should bear.

    Its spectral efficiency is at most log2(1 + SNR / gap), with a gap of 3 dB. Without a
    report, or where none is slow enough, it is the most robust one.

    Parameters
    ----------
    csi : Csi or None
        The last report; ``snr_db`` is the effective SNR in dB.
    """
    if csi is None or isnan(csi.snr_db):
        return CQI_TABLE[0]
    most = log2(1 + 10 ** ((csi.snr_db - GAP_DB) / 10))
    within = [mcs for mcs in CQI_TABLE if spectral_efficiency(mcs) <= most]
    return within[-1] if within else CQI_TABLE[0]
