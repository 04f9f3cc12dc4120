"""One scheme sends less than another."""

from typing import Annotated, Literal

from studies.claims.check import QUANTITY, Check, Label, Quantity
from studies.claims.estimate import mean
from studies.claims.results import PAPER_UNITS, Results
from studies.claims.verdict import NOT_REPRODUCED, REPRODUCED, REVERSED, Verdict


class Reduction(Check):
    """`scheme` takes `percent` less of a cost than `against`, to within `tolerance` points.

    With `at_least` more is as good. The number is the reduction in per cent, the mean over SNR
    values and trials. It is reversed where more is sent.
    """

    kind: Literal["reduction"]
    quantity: Quantity = PAPER_UNITS
    against_quantity: Annotated[str | None, QUANTITY] = None
    scheme: Label
    against: Label
    percent: float
    tolerance: float = 2.0
    at_least: bool = False

    def verdict(self, results: Results) -> Verdict:
        """Return the verdict."""
        groups = []
        for snr in self.snrs(results):
            ours, theirs = results.pairs(
                self.scheme, self.against, snr, self.quantity, self.against_quantity
            ).T
            groups.append(100.0 * (1.0 - ours / theirs))
        total = mean(groups)
        enough = total.low >= self.percent - self.tolerance
        little = self.at_least or total.high <= self.percent + self.tolerance
        word = REPRODUCED if enough and little else NOT_REPRODUCED
        if total.high < 0 and self.percent > self.tolerance:
            word = REVERSED
        least = "at least " if self.at_least else ""
        what = f"{total.value:.2f} % less than {self.against}"
        unit = f"% of {self.quantity.replace('_', ' ')}"
        return Verdict(word, total, unit, f"{what}; {least}{self.percent:g} % is claimed")
