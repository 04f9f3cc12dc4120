"""What equal quality costs: channel uses of a scheme against its rivals' curve of quality by uses.

::

    quality │            ╭──o     rivals, the best of them at each number of uses
       ours ┤─ ─ x ─ ─ ─o           x: ours, o: settings of rivals
            │     ╲   ╭╯
            │      ╲ o              saving = 1 - uses of x / uses on the curve at its height
            └──────────────── uses, logarithmic
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from studies.claims.estimate import Estimate
from studies.claims.results import CHANNEL_USES, MissingError, Results, Trial, higher_is_better

RESAMPLINGS = 1000
LEVEL = (0.025, 0.975)


@dataclass(frozen=True)
class Saving:
    """Channel uses of a scheme and of its rivals at the same quality.

    Parameters
    ----------
    metric : str
        Metric by which quality is equal.
    snr_db : float
        Mean Es/N0 in dB.
    uses : float
        Mean channel uses of the scheme; NaN where it has not run.
    theirs : float
        Those at which the rivals' curve has its quality; NaN outside the curve.
    saving : Estimate
        Share of the rivals' uses that it saves, below 0 if it takes more, with the 95 % percentile
        bootstrap interval over trials that met the same fading; NaN where there is none.
    note : str
        Why there is no number, ``""`` if there is one.
    """

    metric: str
    snr_db: float
    uses: float
    theirs: float
    saving: Estimate
    note: str = ""


def savings(results: Results, metric: str, scheme: str, rivals: Sequence[str]) -> list[Saving]:
    """Return what a scheme saves at equal quality, at each SNR.

    Parameters
    ----------
    results : Results
        Results of a study.
    metric : str
        Metric of the study.
    scheme : str
        Label of the scheme.
    rivals : sequence of str
        Labels of its rivals: settings on one curve, whichever codec they are of.
    """
    return [_saving(results, metric, snr, scheme, rivals) for snr in results.snr_db]


def _saving(
    results: Results, metric: str, snr_db: float, scheme: str, rivals: Sequence[str]
) -> Saving:
    nothing = Estimate(np.nan, np.nan, np.nan, 0)
    try:
        own = _trials(results, metric, snr_db, scheme)
    except MissingError as missing:
        return Saving(metric, snr_db, np.nan, np.nan, nothing, str(missing))
    others = []
    for rival in rivals:
        try:
            others.append(_trials(results, metric, snr_db, rival))
        except MissingError:
            continue
    common = sorted(set(own).intersection(*others)) if others else []
    if not common:
        return Saving(metric, snr_db, np.nan, np.nan, nothing, "no rival has the same trials")
    # float, [schemes, trials, 2]: quality, greater is better, and uses.
    sign = 1.0 if higher_is_better(metric) else -1.0
    rows = np.array([[of[trial] for trial in common] for of in (own, *others)]) * (sign, 1.0)
    uses, theirs = _compared(rows)
    if np.isnan(theirs):
        qualities = rows[1:, :, 0].mean(1)
        low = rows[0, :, 0].mean() < qualities.min()
        note = "below the rivals' curve" if low else "no rival reaches it"
        return Saving(metric, snr_db, uses, np.nan, nothing, note)
    drawn = np.random.default_rng(0).integers(len(common), size=(RESAMPLINGS, len(common)))
    pairs = np.array([_compared(rows[:, which]) for which in drawn])
    found = 1.0 - pairs[:, 0] / pairs[:, 1]
    found = found[~np.isnan(found)]
    low, high = np.quantile(found, LEVEL) if len(common) > 1 and len(found) else (np.nan, np.nan)
    saving = Estimate(1.0 - uses / theirs, float(low), float(high), len(common))
    return Saving(metric, snr_db, uses, theirs, saving)


def _trials(
    results: Results, metric: str, snr_db: float, scheme: str
) -> Mapping[Trial, tuple[float, float]]:
    quality = results.sample(scheme, snr_db, metric)
    uses = results.sample(scheme, snr_db, CHANNEL_USES)
    return {trial: (value, uses[trial]) for trial, value in quality.items() if trial in uses}


def _compared(rows: np.ndarray) -> tuple[float, float]:
    """Return the uses of the first scheme, and those of the others' curve at its quality."""
    means = rows.mean(axis=1)
    quality, uses = means[0]
    return float(uses), uses_at(quality, means[1:, 0], means[1:, 1])


def uses_at(quality: float, qualities: np.ndarray, uses: np.ndarray) -> float:
    """Return the uses at which the curve through the best settings has a quality.

    Parameters
    ----------
    quality : float
        What is wanted; greater is better.
    qualities, uses : np.ndarray
        float, [n]; quality and uses of each setting, in any order. A setting that another beats
        with fewer uses is no part of the curve, which is linear over the logarithm of uses.

    Returns
    -------
    float
        NaN where the curve begins above that quality, or does not reach it.
    """
    order = np.lexsort((-qualities, uses))
    best, cost = qualities[order], uses[order]
    kept = best > np.concatenate([[-np.inf], np.maximum.accumulate(best)[:-1]])
    best, cost = best[kept], cost[kept]
    if not best[0] <= quality <= best[-1]:
        return float("nan")
    return float(np.exp(np.interp(quality, best, np.log(cost))))
