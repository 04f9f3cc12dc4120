"""Values over more or fewer analogue symbols than there are values, copies far apart.

::

    values ─repeat─▶ interleave ─▶ symbols ── link ──▶ deinterleave ─maximum ratio─▶ values'
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from linksim.streams.combining import combine
from linksim.streams.interleaving import interleaver


@dataclass(frozen=True)
class Repetition:
    """Groups of values, each group over its own number of symbols, all interleaved together.

    Within a group every value is sent equally often, the first ones once more, or, where
    there are too few symbols, the first ones alone. What is sent of a group gets the same
    gain however often it is repeated: in noise alone a copy is worth its energy, over fading it
    is diversity as well. Neighbours and copies land 0.38 of the whole apart, so the latency is
    that of the whole.

    Parameters
    ----------
    groups : tuple of (int, int)
        Values and symbols of each group, neither of them 0.
    """

    groups: tuple[tuple[int, int], ...]

    def repeat(self, values: np.ndarray) -> np.ndarray:
        """Return the symbols, float64, [symbols], of values, float, [values], group by group.

        Values of unit power give symbols of unit power.
        """
        symbols = np.empty(len(self._value))
        symbols[self._order] = self._gain * values[self._value]
        return symbols

    def combine(
        self, symbols: np.ndarray, noise_variance: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Combine the copies of each value, see `linksim.streams.combining.combine`.

        Parameters
        ----------
        symbols, noise_variance : np.ndarray
            float, shape [symbols]; as received, and the noise of each.

        Returns
        -------
        matched, precision : np.ndarray
            float64, shape [values].
        """
        received, noise = symbols[self._order], noise_variance[self._order]
        return combine(received, noise, self._value, self._gain, len(self._copies))

    @cached_property
    def _copies(self) -> np.ndarray:
        """Number of times that each value is sent, int64, [values]."""
        return np.concatenate([_evenly(count, symbols) for count, symbols in self.groups])

    @cached_property
    def _value(self) -> np.ndarray:
        """Value that each symbol holds before interleaving, int64, [symbols]."""
        return np.repeat(np.arange(len(self._copies)), self._copies)

    @cached_property
    def _gain(self) -> np.ndarray:
        """Gain of each symbol's value, float64, [symbols]."""
        energy = [np.full(count, max(symbols / count, 1.0)) for count, symbols in self.groups]
        return np.sqrt(np.concatenate(energy)[self._value] / self._copies[self._value])

    @cached_property
    def _order(self) -> np.ndarray:
        """Position of each symbol on the channel, int64, [symbols]."""
        return interleaver(len(self._value))


def _evenly(count: int, symbols: int) -> np.ndarray:
    each, more = divmod(symbols, count)
    return each + (np.arange(count) < more)
