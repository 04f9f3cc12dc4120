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


def ber_rician(modulation: str, snr: np.ndarray | float, k_factor: float) -> np.ndarray:
    """Return the bit error rate of Gray-mapped square QAM in flat Rician fading, by quadrature.

    The AWGN expression averaged term by term over |h|^2, known at the receiver, with
    erfc(sqrt(a g)) / 2 = 1/pi * integral over 0 to pi/2 of exp(-a g / sin^2 t) and the moment
    generating function of |h|^2 (Simon and Alouini, 2005, eqs. 4.2 and 2.17).

    Parameters
    ----------
    modulation : str
        Name of a square QAM; for others there is no closed form, and NaN is returned.
    snr : array_like
        Mean Es/N0, linear.
    k_factor : float
        Power of the fixed path over that of the scatter, linear.
    """
    nodes, weights = np.polynomial.legendre.leggauss(200)
    sine = np.sin(np.pi / 4 * (nodes + 1.0)) ** 2

    def term(a: np.ndarray) -> np.ndarray:
        s = a[..., np.newaxis] / sine
        part = 1.0 + k_factor + s
        return (1.0 + k_factor) / part * np.exp(-k_factor * s / part) @ weights / 4.0

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


def bicm_capacity(modulation: str, snr: np.ndarray | float) -> np.ndarray:
    """Return the capacity of bit-interleaved coded modulation in AWGN, in bits per channel use.

    The mutual information of each bit of a label and the received symbol, added up (Caire, Taricco
    and Biglieri, "Bit-interleaved coded modulation", IEEE Trans. Inf. Theory 44(3), 1998, eq. 11):
    what a receiver of logits can reach with this constellation. By Gauss-Hermite quadrature over
    the two dimensions of square QAM.

    Parameters
    ----------
    modulation : str
        Name of a square QAM; for others NaN is returned.
    snr : array_like
        Es/N0, linear.
    """
    values = np.asarray(snr, float)
    kind = MODULATIONS[modulation]
    if not kind.is_square_qam:
        return np.full_like(values, np.nan)
    half = kind.bits // 2
    count = np.arange(2**half)
    points = (2.0 * count - count.size + 1) * np.sqrt(1.5 / (4.0**half - 1.0))
    labels = (count ^ (count >> 1))[:, np.newaxis] >> np.arange(half) & 1
    nodes, weights = np.polynomial.hermite.hermgauss(64)
    total = np.zeros_like(values)
    for place, at in np.ndenumerate(values):
        received = points[:, np.newaxis] + nodes / np.sqrt(at)
        metric = -at * (received[..., np.newaxis] - points) ** 2  # [sent, node, assumed]
        every = special.logsumexp(metric, axis=2)
        for bit in labels.T:
            same = bit[:, np.newaxis] == bit
            right = special.logsumexp(metric, axis=2, b=same[:, np.newaxis, :])
            lost = (every - right) @ weights / np.sqrt(np.pi)
            total[place] += 2.0 * (1.0 - lost.mean() / np.log(2.0))
    return total


def ergodic_bicm_rayleigh(modulation: str, snr: np.ndarray | float) -> np.ndarray:
    """Return E[bicm_capacity(|h|^2 snr)], h ~ CN(0, 1) known at the receiver, new each symbol."""
    nodes, weights = np.polynomial.legendre.leggauss(96)
    gains = -np.log((1.0 - nodes) / 2.0)  # of quantiles, so that the density is uniform
    told = bicm_capacity(modulation, np.asarray(snr, float)[..., np.newaxis] * gains)
    return told @ weights / 2.0


def bicm_limit_db(modulation: str, rate: float, *, fading: bool = False) -> float:
    """Return the mean Es/N0 in dB at which the BICM capacity is a rate in bits per channel use.

    Parameters
    ----------
    modulation : str
        Name of a square QAM.
    rate : float
        Information bits per channel use, fewer than the bits of a symbol.
    fading : bool
        Whether Rayleigh fading is new for each symbol, in place of none.
    """
    capacity = ergodic_bicm_rayleigh if fading else bicm_capacity
    return optimize.brentq(
        lambda snr_db: float(capacity(modulation, 10.0 ** (snr_db / 10.0))) - rate, -30.0, 80.0
    )


def ergodic_limit_db(rate: float) -> float:
    """Return the mean Es/N0 in dB at which the ergodic Rayleigh capacity equals a rate.

    No code that is interleaved over ever so many channel realisations works below it; one over few
    may, in the share of blocks that meet good ones: see `linksim.link.outage`.

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
