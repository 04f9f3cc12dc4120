"""Channel state fed back to the transmitter: measured, quantised, delayed, maybe lost."""

from dataclasses import dataclass

import numpy as np

from linksim.endpoint import Csi
from linksim.link.config import LinkConfig

LOWEST_DB, HIGHEST_DB = -10.0, 30.0
"""Range of a report; measurements beyond it are clipped."""

TIE_DB = 1e-6
"""Offset in dB that moves up a mean that lies on the grid, but for rounding errors."""


@dataclass(frozen=True, kw_only=True)
class CsiFeedback:
    """A report a slot on the SNR that the receiver measured from its pilots.

    Parameters
    ----------
    bits : int
        Bits of a report: a uniform quantiser in dB with 2**bits levels from -10 to 30 dB.
    delay_slots : int
        A measurement of slot t is known to the transmitter from slot t + delay on.
    loss : float
        Probability that a report is lost; the transmitter then keeps the one before.
    """

    bits: int
    delay_slots: int
    loss: float

    @classmethod
    def of(cls, config: LinkConfig) -> "CsiFeedback":
        """Take the feedback fields of a link."""
        return cls(
            bits=config.feedback_bits,
            delay_slots=config.feedback_delay_slots,
            loss=config.feedback_loss,
        )

    def quantise(self, snr_db: np.ndarray) -> np.ndarray:
        """Round to the nearest level, in dB; NaN stays NaN."""
        index = np.round((np.asarray(snr_db, float) - LOWEST_DB) / self._step)
        return LOWEST_DB + np.clip(index, 0, 2**self.bits - 1) * self._step

    @property
    def _step(self) -> float:
        return (HIGHEST_DB - LOWEST_DB) / (2**self.bits - 1)

    def reports(self, snr: np.ndarray, seed: int) -> np.ndarray:
        """Return what the transmitter knows in each slot.

        Parameters
        ----------
        snr : np.ndarray
            float, [slots]; measured SNR, linear; NaN where nothing was measured.
        seed : int
            Decides which reports are lost.

        Returns
        -------
        np.ndarray
            float64, [slots]; dB; NaN until the first report has come.
        """
        slots = len(snr)
        with np.errstate(divide="ignore"):
            quantised = self.quantise(10.0 * np.log10(np.asarray(snr, float)))
        arrives = np.random.default_rng(seed).random(slots) >= self.loss
        arrives &= ~np.isnan(quantised)
        newest = np.maximum.accumulate(np.where(arrives, np.arange(slots), -1))
        known = np.full(slots, -1)
        known[self.delay_slots :] = newest[: max(0, slots - self.delay_slots)]
        return np.where(known >= 0, quantised[known], np.nan)

    def average(self, reports_db: np.ndarray) -> Csi:
        """Condense reports into one: their mean in linear scale, down to the quantiser's grid.

        Like a CQI (TS 38.214, clause 5.2.2.1), it promises no more than was measured: a scheme
        chosen by more would lose whole frames.
        """
        known = reports_db[~np.isnan(reports_db)]
        if not known.size:
            return Csi(snr_db=float("nan"))
        mean = 10.0 * np.log10(np.mean(10.0 ** (known / 10.0)))
        return Csi(snr_db=float(self.quantise(mean - self._step / 2 + TIE_DB)))
