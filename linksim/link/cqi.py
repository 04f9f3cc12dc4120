"""Choose a modulation and coding scheme from fed-back channel state."""

from math import isnan, log2

from linksim.endpoint import Csi, Mcs

CQI_TABLE: tuple[Mcs, ...] = tuple(
    Mcs(modulation, rate / 1024)
    for modulation, rate in (
        ("qpsk", 308),
        ("qpsk", 449),
        ("qpsk", 602),
        ("16qam", 378),
        ("16qam", 490),
        ("16qam", 616),
        ("64qam", 466),
        ("64qam", 567),
        ("64qam", 666),
        ("64qam", 772),
        ("64qam", 873),
        ("64qam", 948),
    )
)
"""CQI 4 to 15 of TS 38.214, Table 5.2.2.1-2, most robust first. CQI 1 to 3 have code rates
below 1/5, for which 5G LDPC repeats bits instead of coding."""

GAP_DB = 3.0
"""How far from Shannon's limit a scheme is taken to work."""

_BITS = {"qpsk": 2, "16qam": 4, "64qam": 6}


def spectral_efficiency(mcs: Mcs) -> float:
    """Return the information bits per data resource element of a scheme in `CQI_TABLE`."""
    return _BITS[mcs.modulation] * mcs.code_rate


def select_mcs(csi: Csi | None) -> Mcs:
    """Return the fastest scheme of `CQI_TABLE` that the channel should carry.

    Its spectral efficiency is at most log2(1 + SNR / gap), with a gap of 3 dB. Without a
    report, or where none is slow enough, it is the most robust one.

    Parameters
    ----------
    csi : Csi or None
        The last report; ``snr_db`` is Es/N0 per resource element in dB.
    """
    if csi is None or isnan(csi.snr_db):
        return CQI_TABLE[0]
    most = log2(1 + 10 ** ((csi.snr_db - GAP_DB) / 10))
    within = [mcs for mcs in CQI_TABLE if spectral_efficiency(mcs) <= most]
    return within[-1] if within else CQI_TABLE[0]
