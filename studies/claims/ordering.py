"""One scheme is better than another."""

from typing import Literal

from studies.claims.check import Check, Label, Quantity, at
from studies.claims.estimate import mean
from studies.claims.results import Results, higher_is_better, unit_of
from studies.claims.verdict import NOT_REPRODUCED, REPRODUCED, REVERSED, Verdict


class Ordering(Check):
    """`better` is ahead of `worse` on average over the SNR values, and behind at none.

    The number is `better` minus `worse`, of trials that met the same fading. The claim is
    reproduced if its interval lies on the good side of 0 and that of no single SNR on the
    other; with the sides changed it is reversed.
    """

    kind: Literal["ordering"]
    metric: Quantity
    better: Label
    worse: Label

    def verdict(self, results: Results) -> Verdict:
        """Return the verdict."""
        name = results.quantity(self.metric)
        groups = self.differences(results, self.better, self.worse, name)
        total = mean(list(groups.values()))
        single = {snr: mean([group]) for snr, group in groups.items()}
        up, down = total.low > 0, total.high < 0
        if any(e.high < 0 for e in single.values()):
            up = False
        if any(e.low > 0 for e in single.values()):
            down = False
        good, bad = (up, down) if higher_is_better(name) else (down, up)
        word = REPRODUCED if good else REVERSED if bad else NOT_REPRODUCED
        sign = 1 if higher_is_better(name) else -1
        ahead = sum(sign * e.value > 0 for e in single.values())
        steps = at({snr: e.value for snr, e in single.items()})
        why = f"{self.better} is ahead at {ahead} of {len(single)} SNR values: {steps}"
        return Verdict(word, total, unit_of(name), why)
