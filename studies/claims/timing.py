"""Something is done in time."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from studies.claims.check import Check, Label
from studies.claims.estimate import contrast
from studies.claims.results import BENCH, MissingError, Results
from studies.claims.verdict import NOT_REPRODUCED, REPRODUCED, Verdict


class Timing(Check):
    """Blocks of a system together take at most so many seconds for each second of the call.

    The number is that factor on the machine where ``linksim bench call`` was run. Timings
    are no results: they stand in a file of their own.
    """

    kind: Literal["timing"]
    scheme: Label
    blocks: Annotated[list[str], Field(default_factory=list)]
    at_most: Annotated[float, Field(gt=0)]

    def verdict(self, results: Results) -> Verdict:
        """Return the verdict."""
        if not results.bench:
            reason = f"'linksim bench call --json DIR/{BENCH}' has not been run for this folder"
            raise MissingError(reason)
        timed = results.bench["systems"].get(self.scheme)
        if timed is None:
            raise MissingError(f"{BENCH} has no system '{self.scheme}'")
        blocks = self.blocks or list(timed)
        absent = [name for name in blocks if name not in timed]
        if absent:
            raise MissingError(f"{BENCH} has no block '{absent[0]}' of {self.scheme}")
        factors = [np.array(timed[name]) / results.bench["seconds"] for name in blocks]
        if min(map(len, factors)) < 2:
            raise MissingError(f"{BENCH}: an interval needs two repeats")
        total = contrast(factors, [1.0] * len(factors))
        word = REPRODUCED if total.high <= self.at_most else NOT_REPRODUCED
        why = f"{', '.join(blocks)}; at most {self.at_most:g} is claimed"
        return Verdict(word, total, "s per s of call", why)
