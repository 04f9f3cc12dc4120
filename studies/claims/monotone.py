"""A quantity rises or falls with the SNR."""

from itertools import pairwise
from typing import Literal

from studies.claims.check import Check, Label, Quantity, at
from studies.claims.estimate import contrast
from studies.claims.results import MissingError, Results, unit_of
from studies.claims.verdict import NOT_REPRODUCED, REPRODUCED, REVERSED, Verdict


class Monotone(Check):
    """A quantity of `scheme` goes the way of `direction` with the SNR.

    The number is its change from the lowest SNR to the highest. The claim is reproduced if the
    interval of that lies on the side of `direction`, and that of no step between neighbours on
    the other; it is reversed if the change goes the other way.
    """

    kind: Literal["monotone"]
    metric: Quantity
    scheme: Label
    direction: Literal["rises", "falls"] = "rises"

    def verdict(self, results: Results) -> Verdict:
        """Return the verdict."""
        name = results.quantity(self.metric)
        snr_db = self.snrs(results)
        if len(snr_db) < 2:
            raise MissingError("a trend needs two SNR values or more")
        sign = 1.0 if self.direction == "rises" else -1.0
        groups = [results.one(self.scheme, snr, name) for snr in snr_db]
        change = contrast([groups[0], groups[-1]], [-1.0, 1.0])
        steps = {
            snr: contrast([a, b], [-1.0, 1.0])
            for snr, (a, b) in zip(snr_db[1:], pairwise(groups), strict=True)
        }
        back = {s: e.value for s, e in steps.items() if max(sign * e.low, sign * e.high) < 0}
        low, high = sorted((sign * change.low, sign * change.high))
        word = REVERSED if high < 0 else REPRODUCED if low > 0 and not back else NOT_REPRODUCED
        why = f"from {snr_db[0]:g} to {snr_db[-1]:g} dB"
        why += f"; steps the other way: {at(back)}" if back else ", no step the other way"
        return Verdict(word, change, unit_of(name), why)
