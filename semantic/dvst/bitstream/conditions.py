"""Conditions that the transmitter derives from fed-back channel state."""

from linksim.link.theory import ergodic_capacity_rayleigh

SNR_RANGE = (0.0, 20.0)
"""Range of the SNR in which the codec was trained, in dB."""

ETA = 0.8
"""Reals per bit at `REFERENCE_SNR`, if nothing else is asked for."""

REFERENCE_SNR = 10.0
"""SNR in dB at which eta and precision are what the options say."""


def trained_snr_db(snr_db: float) -> float:
    """Return the nearest SNR that the codec was trained for."""
    return min(max(snr_db, SNR_RANGE[0]), SNR_RANGE[1])


def adapted_eta(eta: float, snr_db: float) -> float:
    """Return reals per bit for a channel: the fewer bits a channel use holds, the more reals."""
    return eta * _capacity(REFERENCE_SNR) / _capacity(snr_db)


def adapted_precision(precision: float, snr_db: float) -> float:
    """Return how finely hyper-latents are quantised: the cheaper their bits, the finer."""
    return precision * (_capacity(snr_db) / _capacity(REFERENCE_SNR)) ** 0.7


def spared(eta: float, snr_db: float) -> float:
    """Return times how many of `LatentSizes.spared` the transmitter spares.

    Who spends more reals a bit than is usual for the channel has some for lesser changes too.
    """
    return (adapted_eta(ETA, snr_db) / eta) ** 1.5


def _capacity(snr_db: float) -> float:
    return float(ergodic_capacity_rayleigh(10.0 ** (snr_db / 10.0)))
