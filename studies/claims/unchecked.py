"""A claim that no run can check."""

from typing import Literal

from studies.claims.check import Check
from studies.claims.results import MissingError, Results
from studies.claims.verdict import Verdict


class Unchecked(Check):
    """The reason stands in its place."""

    kind: Literal["unchecked"]
    reason: str

    def verdict(self, results: Results) -> Verdict:
        """Return the verdict."""
        raise MissingError(self.reason)
