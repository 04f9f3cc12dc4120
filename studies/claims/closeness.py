"""Two schemes are about as good."""

from typing import Annotated, Literal

from pydantic import Field

from studies.claims.check import Check, Label, Quantity
from studies.claims.estimate import mean
from studies.claims.results import Results, unit_of
from studies.claims.verdict import NOT_REPRODUCED, REPRODUCED, Verdict


class Closeness(Check):
    """`first` and `second` differ by `tolerance` at most.

    The number is `first` minus `second`, of trials that met the same fading. The claim is
    reproduced if its interval lies within the tolerance, and so does the mean at every SNR.
    """

    kind: Literal["closeness"]
    metric: Quantity
    first: Label
    second: Label
    tolerance: Annotated[float, Field(gt=0)]

    def verdict(self, results: Results) -> Verdict:
        """Return the verdict."""
        name = results.quantity(self.metric)
        groups = self.differences(results, self.first, self.second, name)
        total = mean(list(groups.values()))
        means = {snr: float(group.mean()) for snr, group in groups.items()}
        farthest = max(means, key=lambda snr: abs(means[snr]))
        within = max(abs(total.low), abs(total.high), abs(means[farthest])) <= self.tolerance
        limit = f"{self.tolerance:g} allowed"
        why = f"{limit}; the largest difference is {means[farthest]:+.3g} at {farthest:g} dB"
        return Verdict(REPRODUCED if within else NOT_REPRODUCED, total, unit_of(name), why)
