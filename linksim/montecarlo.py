"""Monte Carlo: counts, confidence intervals, and when to stop."""

import math
from collections.abc import Callable
from dataclasses import astuple, dataclass

import numpy as np
from scipy import stats

from linksim.seeding import derive_seed


def clopper_pearson(errors: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a proportion (Clopper and Pearson, 1934).

    Real-valued counts are allowed, as effective counts are.

    Returns
    -------
    tuple of float
        Lower and upper limit; (0, 1) for n = 0.
    """
    if n <= 0:
        return 0.0, 1.0
    tail = (1.0 - confidence) / 2.0
    low = float(stats.beta.ppf(tail, errors, n - errors + 1)) if errors > 0 else 0.0
    high = float(stats.beta.ppf(1.0 - tail, errors + 1, n - errors)) if errors < n else 1.0
    return low, high


@dataclass(frozen=True)
class Tally:
    """Errors of trials in clusters: bits of a channel realisation, blocks of an interleaver frame.

    Trials of one cluster are dependent, clusters are not. Tallies add.

    Parameters
    ----------
    trials, errors : int
        Over all clusters.
    clusters : int
        Number of clusters.
    sum_ee, sum_em, sum_mm : int
        Sums over clusters of e*e, e*m and m*m, for e errors in m trials.
    with_errors, with_successes : int
        Clusters with at least one error, and with at least one trial without.
    """

    trials: int = 0
    errors: int = 0
    clusters: int = 0
    sum_ee: int = 0
    sum_em: int = 0
    sum_mm: int = 0
    with_errors: int = 0
    with_successes: int = 0

    @classmethod
    def of(cls, errors: np.ndarray, trials: np.ndarray | int) -> "Tally":
        """Count clusters from the errors of each, [clusters], and its trials, the same or one."""
        e = np.asarray(errors, np.int64).reshape(-1)
        m = np.broadcast_to(np.asarray(trials, np.int64), e.shape)
        sums = (m, e, np.ones_like(e), e * e, e * m, m * m, e > 0, e < m)
        return cls(*(int(x.sum()) for x in sums))

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def rate(self) -> float:
        """Errors per trial; NaN if nothing was tried."""
        return self.errors / self.trials if self.trials else math.nan

    def effective_trials(self) -> float:
        """Return the number of independent trials that would be as precise.

        p(1-p) over the between-cluster variance of the rate (Kish, 1965), at most the number
        of trials. Where fewer than ten clusters hold errors, or successes, that variance is
        not to be trusted, since the channel realisations that matter most may not have come
        yet: a cluster then counts as one trial at most.
        """
        p, n = self.rate, self.clusters
        if not self.trials:
            return 0.0
        if n == self.trials or n < 2 or p in (0.0, 1.0):
            return float(n)
        most = self.trials if min(self.with_errors, self.with_successes) >= 10 else n
        residuals = self.sum_ee - 2.0 * p * self.sum_em + p * p * self.sum_mm
        variance = residuals * n / (n - 1) / self.trials**2
        return min(p * (1.0 - p) / variance, most) if variance > 0 else float(most)

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return the interval of the error rate.

        Clopper-Pearson at the effective number of trials, widened by the ratio of the t to
        the normal quantile for few clusters (Korn and Graubard, 1998).
        """
        n = self.effective_trials()
        if not n:
            return 0.0, 1.0
        if 1 < self.clusters < self.trials:
            tail = (1.0 + confidence) / 2.0
            n *= (stats.norm.ppf(tail) / stats.t.ppf(tail, self.clusters - 1)) ** 2
        return clopper_pearson(self.rate * n, n, confidence)


@dataclass(frozen=True)
class StopRule:
    """Stopping rule of a point's simulation; the first condition met ends it.

    Parameters
    ----------
    block_errors : int or None
        Block errors wanted.
    relative_width : float or None
        Width of the 95 % interval of the watched rate over the rate.
    max_blocks : int
        Budget of blocks (of slots, if uncoded).
    """

    block_errors: int | None = 200
    relative_width: float | None = None
    max_blocks: int = 20_000

    def reason(self, blocks: Tally, watched: Tally) -> str | None:
        """Return the condition that is met, or None to go on."""
        if self.block_errors is not None and blocks.errors >= self.block_errors:
            return "block_errors"
        if self.relative_width is not None and watched.errors:
            low, high = watched.interval()
            if (high - low) / watched.rate <= self.relative_width:
                return "relative_width"
        return "max_blocks" if blocks.trials >= self.max_blocks else None


@dataclass(frozen=True)
class Counts:
    """Bit and block errors of a batch, or of a whole point."""

    bits: Tally = Tally()
    blocks: Tally = Tally()

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.bits + other.bits, self.blocks + other.blocks)


def simulate(
    batch: Callable[[int], Counts], stop: StopRule, watch_blocks: bool, *seed_parts: object
) -> tuple[Counts, str]:
    """Run batches until the rule says stop.

    Batch b is seeded by (seed_parts, b) alone, so a point has one value, whatever was run
    before it.

    Parameters
    ----------
    batch : callable
        Maps a seed to the counts of one batch.
    stop : StopRule
        When to stop.
    watch_blocks : bool
        True where the relative width is that of the block error rate, not of the bit error rate.
    *seed_parts : object
        Study and point.

    Returns
    -------
    tuple
        The counts, and the condition that ended the point.
    """
    counts = Counts()
    index = 0
    while True:
        counts += batch(derive_seed(*seed_parts, index))
        index += 1
        reason = stop.reason(counts.blocks, counts.blocks if watch_blocks else counts.bits)
        if reason:
            return counts, reason
