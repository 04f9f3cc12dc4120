"""Values over more or fewer analogue symbols than there are values, each over several fades.

::

    values ─repeat─▶ interleave ─▶ symbols ── link ──▶ deinterleave ─sum by noise─▶ values'
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from linksim.streams.interleaving import spread


@dataclass(frozen=True)
class Spreading:
    """Groups of values, each group over its own number of symbols, all interleaved together.

    Within a group every value is sent equally often, the first ones once more, or, where
    there are too few symbols, the first ones alone. What is sent of a group gets the same
    gain however often it is repeated: in noise alone a copy is worth its energy, over fades it
    is diversity as well. Neighbours and copies land 0.38 of the whole apart, so the latency is
    that of the whole.

    Parameters
    ----------
    groups : tuple of (int, int)
        Values and symbols of each group, neither of them 0.
    """

    groups: tuple[tuple[int, int], ...]

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Return the symbols, float64, [symbols], of values, float, [values], group by group.

        Values of unit power give symbols of unit power.
        """
        symbols = np.empty(len(self._value))
        symbols[self._order] = self._gain * values[self._value]
        return symbols

    def combine(
        self, symbols: np.ndarray, noise_variance: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Combine the copies of each value by their noise (maximum ratio).

        Parameters
        ----------
        symbols, noise_variance : np.ndarray
            float, shape [symbols]; as received, and the noise of each.

        Returns
        -------
        matched, precision : np.ndarray
            float64, shape [values]. ``matched / precision`` is the least-squares estimate and
            ``1 / precision`` its variance; both are 0 for a value that was not sent.
        """
        noise = np.maximum(noise_variance.astype(np.float64), np.finfo(np.float32).tiny)
        weight = self._gain / noise[self._order]
        count = len(self._copies)
        matched = np.bincount(self._value, weight * symbols[self._order], count)
        return matched, np.bincount(self._value, weight * self._gain, count)

    @cached_property
    def _copies(self) -> np.ndarray:
        """How often each value is sent, int64, [values]."""
        return np.concatenate([_evenly(count, symbols) for count, symbols in self.groups])

    @cached_property
    def _value(self) -> np.ndarray:
        """Which value each symbol carries before interleaving, int64, [symbols]."""
        return np.repeat(np.arange(len(self._copies)), self._copies)

    @cached_property
    def _gain(self) -> np.ndarray:
        """By how much each symbol's value is multiplied, float64, [symbols]."""
        energy = [np.full(count, max(symbols / count, 1.0)) for count, symbols in self.groups]
        return np.sqrt(np.concatenate(energy)[self._value] / self._copies[self._value])

    @cached_property
    def _order(self) -> np.ndarray:
        """Where each symbol goes, int64, [symbols]: in steps of the golden ratio of the whole."""
        return spread(len(self._value))


def _evenly(count: int, symbols: int) -> np.ndarray:
    each, more = divmod(symbols, count)
    return each + (np.arange(count) < more)
