"""A quantity lies above or below some value."""

from typing import Literal

from pydantic import model_validator

from linksim.errors import LinksimError
from studies.claims.check import Check, Label, Quantity
from studies.claims.estimate import mean
from studies.claims.results import Results, unit_of
from studies.claims.verdict import NOT_REPRODUCED, REPRODUCED, Verdict


class Bound(Check):
    """A quantity of `scheme`, the mean over the SNR values, is within the limits given."""

    kind: Literal["bound"]
    metric: Quantity
    scheme: Label
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _has_limit(self) -> "Bound":
        if self.at_least is None and self.at_most is None:
            raise LinksimError("a bound needs 'at_least' or 'at_most'")
        return self

    def verdict(self, results: Results) -> Verdict:
        """Return the verdict."""
        name = results.quantity(self.metric)
        total = mean([results.one(self.scheme, snr, name) for snr in self.snrs(results)])
        within = (self.at_least is None or total.low >= self.at_least) and (
            self.at_most is None or total.high <= self.at_most
        )
        limits = ((self.at_least, "at least"), (self.at_most, "at most"))
        claimed = " and ".join(f"{word} {limit:,g}" for limit, word in limits if limit is not None)
        why = f"{claimed} is claimed"
        return Verdict(REPRODUCED if within else NOT_REPRODUCED, total, unit_of(name), why)
