"""Closed forms to draw beside simulated curves. SNR is Es/N0 per resource element, linear."""

import numpy as np
from scipy import optimize, special

from linksim.phy.modulations import MODULATIONS


def ber_awgn(modulation: str, snr: np.ndarray | float) -> np.ndarray:
    """Return the exact bit error rate of Gray-mapped square QAM in AWGN.

    Cho and Yoon, "On the general BER expression of one- and two-dimensional amplitude
    modulations", IEEE Trans. Commun. 50(7), 2002, eqs. (14) and (16).

    Parameters
    ----------
    modulation : str
        Name of a square QAM; for others there is no closed form, and NaN is returned.
    snr : array_like
        Es/N0, linear.
    """
    return _sum_terms(modulation, snr, lambda a: 0.5 * special.erfc(np.sqrt(a)))


def ber_rayleigh(modulation: str, snr: np.ndarray | float, branches: int = 1) -> np.ndarray:
    """Return the exact bit error rate of Gray-mapped square QAM in flat Rayleigh fading.

    The AWGN expression averaged term by term over the sum of |h|^2 ~ Exp(1) of independent
    branches, known at the receiver and combined at maximum ratio. With one branch
    E[erfc(sqrt(a |h|^2))] = 1 - sqrt(a / (1 + a)); with more, Proakis, Digital Communications,
    eq. (14.4-15) (Simon and Alouini, 2005, sec. 5.1).

    Parameters
    ----------
    modulation : str
        Name of a square QAM; for others there is no closed form, and NaN is returned.
    snr : array_like
        Mean Es/N0 of one branch, linear.
    branches : int
        Receive antennas; or, where a zero-forcing receiver takes S streams apart with R
        antennas, the R - S + 1 that are left to each (Winters, Salz and Gitlin, 1994).
    """

    def term(a: np.ndarray) -> np.ndarray:
        mean = np.sqrt(a / (1.0 + a))
        tail = sum(
            special.comb(branches - 1 + i, i) * ((1.0 + mean) / 2) ** i for i in range(branches)
        )
        return ((1.0 - mean) / 2) ** branches * tail

    return _sum_terms(modulation, snr, term)


def _sum_terms(modulation: str, snr: np.ndarray | float, term: object) -> np.ndarray:
    """Sum w_i * term((2i+1)^2 * 3 snr / (2 (M - 1))) over the decision distances i."""
    kind = MODULATIONS[modulation]
    if not kind.is_square_qam:
        return np.full_like(np.asarray(snr, float), np.nan)
    order = kind.bits
    levels = 2 ** (order // 2)
    scale = 3.0 * np.asarray(snr, float) / (2.0 * (2**order - 1))
    total = np.zeros_like(scale)
    for k in range(1, order // 2 + 1):
        step = 2 ** (k - 1)
        for i in range(int((1 - 2.0**-k) * levels)):
            sign = (-1) ** (i * step // levels)
            weight = step - np.floor(i * step / levels + 0.5)
            total += sign * weight * 2.0 / levels * term((2 * i + 1) ** 2 * scale)  # type: ignore[operator]
    return total / (order // 2)


def outage_rayleigh(rate: float, snr: np.ndarray | float) -> np.ndarray:
    """Return P(log2(1 + |h|^2 snr) < rate) in flat Rayleigh fading.

    A lower bound on the block error rate when one block sees one channel
    realisation (Ozarow, Shamai and Wyner, 1994).

    Parameters
    ----------
    rate : float
        Information bits per channel use.
    snr : array_like
        Mean Es/N0, linear.
    """
    return -np.expm1(-(2.0**rate - 1.0) / np.asarray(snr, float))


def ergodic_capacity_rayleigh(snr: np.ndarray | float) -> np.ndarray:
    """Return E[log2(1 + |h|^2 snr)] in bits per channel use, h ~ CN(0, 1) known at the receiver.

    exp(x) E1(x) / ln 2 with x = 1/snr (Alouini and Goldsmith, 1999, eq. 34); the product is
    Tricomi's U(1, 1, x), which does not overflow.
    """
    return special.hyperu(1.0, 1.0, 1.0 / np.asarray(snr, float)) / np.log(2.0)


def ergodic_limit_db(rate: float) -> float:
    """Return the mean Es/N0 in dB at which the ergodic Rayleigh capacity equals a rate.

    No code that is interleaved over ever so many channel realisations works below it.

    Parameters
    ----------
    rate : float
        Information bits per channel use, from 0.01 to 20.
    """
    return optimize.brentq(
        lambda snr_db: float(ergodic_capacity_rayleigh(10.0 ** (snr_db / 10.0))) - rate, -30.0, 80.0
    )


def awgn_capacity(snr: np.ndarray | float) -> np.ndarray:
    """Return log2(1 + snr) in bits per channel use (Shannon, 1948)."""
    return np.log2(1.0 + np.asarray(snr, float))
