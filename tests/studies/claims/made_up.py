"""Results made up of known means, for checks to judge."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from studies.claims.results import Results

TRIALS = tuple(("talk", trial) for trial in range(4))
NOISE = np.array([0.3, -0.1, 0.2, -0.4])
"""What the fading of each trial adds, alike for all schemes; its mean is 0."""

SNR = (0.0, 5.0, 10.0, 15.0)
Curve = tuple[float, ...]


def made(curves: Mapping[str, Curve], metric: str = "psnr", **others: Any) -> Results:
    """Return results with the given means at `SNR`; trials differ by `NOISE`."""
    values = {
        (scheme, snr, metric): dict(zip(TRIALS, m + NOISE, strict=True))
        for scheme, means in curves.items()
        for snr, m in zip(SNR, means, strict=True)
    }
    settings = {"metrics": (metric,), "snr_db": SNR, "trials": TRIALS} | others
    return Results(schemes=tuple(curves), values=values, **settings)


def spread(results: Results, scheme: str, snr_db: float, metric: str = "psnr") -> Results:
    """Add noise of a scheme's own at one SNR, so that nothing is certain there."""
    for trial, extra in zip(TRIALS, (9.0, -9.0, 9.0, -9.0), strict=True):
        results.values[scheme, snr_db, metric][trial] += extra
    return results


AB = {"better": "A", "worse": "B"}
