"""What the transmitter makes of fed-back channel state."""

import math

from linksim.adaptation import fastest_within
from linksim.endpoint import Csi, Mcs
from linksim.theory import ergodic_capacity_rayleigh

SNR_WITHOUT_CSI = 5.0
"""What the SNR is taken for, in dB, where nothing was fed back."""

SNR_RANGE = (0.0, 20.0)
"""In which the codec was trained, in dB."""

REFERENCE_SNR = 10.0
"""At which eta and precision are what the options say, in dB."""

SIDE_SHARE_OF_CAPACITY = 0.36
"""Most that side information carries of what the channel could, so that hardly any is lost."""


def known_snr_db(csi: Csi | None) -> float:
    """Return the mean Es/N0 in dB that the codec goes by."""
    snr = SNR_WITHOUT_CSI if csi is None or math.isnan(csi.snr_db) else csi.snr_db
    return min(max(snr, SNR_RANGE[0]), SNR_RANGE[1])


def side_mcs(snr_db: float) -> Mcs:
    """Return the fastest scheme that leaves enough of the ergodic capacity unused."""
    return fastest_within(SIDE_SHARE_OF_CAPACITY * _capacity(snr_db))


def adapted_eta(eta: float, snr_db: float) -> float:
    """Return reals per bit for a channel: the fewer bits a use can carry, the more reals."""
    return eta * _capacity(REFERENCE_SNR) / _capacity(snr_db)


def adapted_precision(precision: float, snr_db: float) -> float:
    """Return how finely hyper-latents are quantised: the cheaper their bits, the finer."""
    return precision * (_capacity(snr_db) / _capacity(REFERENCE_SNR)) ** 0.7


def _capacity(snr_db: float) -> float:
    return float(ergodic_capacity_rayleigh(10.0 ** (snr_db / 10.0)))
