"""Verdicts, the answers of checks."""

from dataclasses import dataclass
from math import nan
from typing import Literal

from studies.claims.estimate import Estimate

Word = Literal["reproduced", "not reproduced", "reversed", "not checked", "structure"]
REPRODUCED: Word = "reproduced"
NOT_REPRODUCED: Word = "not reproduced"
REVERSED: Word = "reversed"
NOT_CHECKED: Word = "not checked"
STRUCTURE: Word = "structure"
"""Networks are built as claimed, in sizes without weights: no result rests on it."""
WORDS = (REPRODUCED, NOT_REPRODUCED, REVERSED, NOT_CHECKED, STRUCTURE)


@dataclass(frozen=True)
class Verdict:
    """The answer of a check of a claim.

    Parameters
    ----------
    word : str
        One of `WORDS`.
    estimate : Estimate
        The number that decided, with its interval; NaN where there is none.
    unit : str
        Unit of the number.
    why : str
        One line.
    """

    word: Word
    estimate: Estimate
    unit: str
    why: str


def not_checked(why: object) -> Verdict:
    """Return the verdict of a check that could not be made."""
    return Verdict(NOT_CHECKED, Estimate(nan, nan, nan, 0), "", " ".join(str(why).split()))
