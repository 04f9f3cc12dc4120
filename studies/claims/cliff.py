"""The curve of one scheme is steeper than that of another."""

from typing import Literal

from studies.claims.check import Check, Label, Quantity
from studies.claims.estimate import contrast
from studies.claims.results import MissingError, Results, unit_of
from studies.claims.verdict import NOT_REPRODUCED, REPRODUCED, REVERSED, Verdict


class Cliff(Check):
    """The steepest rise of `scheme` between two neighbouring SNR values exceeds that of `gentle`.

    The number is the difference of the two slopes, per dB of SNR.
    """

    kind: Literal["cliff"]
    metric: Quantity
    scheme: Label
    gentle: Label

    def verdict(self, results: Results) -> Verdict:
        """Return the verdict."""
        name = results.quantity(self.metric)
        snr_db = self.snrs(results)
        if len(snr_db) < 2:
            raise MissingError("a slope needs two SNR values or more")
        groups, weights, words = [], [], []
        for scheme, sign in ((self.scheme, 1.0), (self.gentle, -1.0)):
            mine = [results.one(scheme, snr, name) for snr in snr_db]
            slopes = [
                (mine[i + 1].mean() - mine[i].mean()) / (snr_db[i + 1] - snr_db[i])
                for i in range(len(snr_db) - 1)
            ]
            i = max(range(len(slopes)), key=slopes.__getitem__)
            step = sign / (snr_db[i + 1] - snr_db[i])
            groups += [mine[i], mine[i + 1]]
            weights += [-step, step]
            words.append(f"{scheme} {slopes[i]:.3g} per dB from {snr_db[i]:g} dB")
        difference = contrast(groups, weights)
        word = REPRODUCED if difference.low > 0 else NOT_REPRODUCED
        word = REVERSED if difference.high < 0 else word
        return Verdict(word, difference, f"{unit_of(name)} per dB", f"steepest: {', '.join(words)}")
