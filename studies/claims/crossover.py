"""One scheme is ahead up to some SNR, another from there on."""

import math
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from studies.claims.check import Check, Label, Quantity
from studies.claims.estimate import Estimate, mean
from studies.claims.results import MissingError, Results, higher_is_better
from studies.claims.verdict import NOT_REPRODUCED, REPRODUCED, REVERSED, Verdict


class Crossover(Check):
    """`low` is ahead below `at_db`, `high` above it.

    The number is the SNR in dB at which the difference of the means changes sign, on straight
    lines between the SNR values; its interval is where the band of the difference's intervals
    has 0 in it. The claim is reproduced if there is one change of sign, within `tolerance_db`
    of `at_db`, and reversed if there is one the other way round.
    """

    kind: Literal["crossover"]
    metric: Quantity
    low: Label
    high: Label
    at_db: float
    tolerance_db: Annotated[float, Field(gt=0)]

    def verdict(self, results: Results) -> Verdict:
        """Return the verdict."""
        name = results.quantity(self.metric)
        groups = self.differences(results, self.low, self.high, name)
        if len(groups) < 2:
            raise MissingError("a crossover needs two SNR values or more")
        sign = 1.0 if higher_is_better(name) else -1.0
        snr_db = np.array(list(groups))
        single = [mean([sign * group]) for group in groups.values()]
        lead = np.array([e.value for e in single])
        found = crossings(snr_db, lead)
        count = sum(e.n for e in single)
        if len(found) != 1:
            ahead = self.low if lead.mean() > 0 else self.high
            what = (
                f"{len(found)} crossovers" if found else f"no crossover: {ahead} leads throughout"
            )
            nowhere = Estimate(math.nan, math.nan, math.nan, count)
            return Verdict(NOT_REPRODUCED, nowhere, "dB", what)
        bands = [[e.low for e in single], [e.high for e in single]]
        edges = [x for band in bands for x in crossings(snr_db, np.array(band))]
        falls = lead[0] > 0
        # A band that never reaches 0 leaves that side open as far as was measured.
        outer = [*edges, *(() if len(edges) > 1 else (snr_db[0], snr_db[-1])), found[0]]
        where = Estimate(found[0], float(min(outer)), float(max(outer)), count)
        leader = self.low if falls else self.high
        why = f"{leader} leads below; {self.at_db:g} ± {self.tolerance_db:g} dB is claimed"
        if not falls:
            return Verdict(REVERSED, where, "dB", why)
        near = abs(found[0] - self.at_db) <= self.tolerance_db
        return Verdict(REPRODUCED if near else NOT_REPRODUCED, where, "dB", why)


def crossings(x: np.ndarray, y: np.ndarray) -> list[float]:
    """Return where straight lines through points, x rising, change sign; zeros belong to none."""
    kept = y != 0
    x, y = x[kept], y[kept]
    changes = np.flatnonzero(y[:-1] * y[1:] < 0)
    return [float(x[i] - y[i] * (x[i + 1] - x[i]) / (y[i + 1] - y[i])) for i in changes]
