"""The channel that units are trained through: its noise, its power and its memory."""

import numpy as np
import pytest
from keras import ops
from scipy.stats import kstest

from semantic.asc.unit_channel import KEPT, PERIODS, REALISATIONS, UnitChannel

ROWS, FRAMES, LATENTS = 400, 12, 48


def send(kind: str, snr_db: float, energy: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Send zeros: what comes is noise."""
    nothing = np.zeros((ROWS, FRAMES, LATENTS), np.float32)
    told = np.full(ROWS, snr_db, np.float32), np.full((ROWS, FRAMES), energy, np.float32)
    return tuple(  # type: ignore[return-value]
        ops.convert_to_numpy(x) for x in UnitChannel(kind=kind, seed=1)(nothing, *told)
    )


def gains() -> np.ndarray:
    """Power gain of each pair: float64, [rows, frames, pairs]."""
    return 1.0 / send("rayleigh", 0.0)[1][..., ::2].astype(np.float64)


def test_noise_is_as_it_is_stated() -> None:
    received, variance = send("rayleigh", 10.0)
    assert kstest((received / np.sqrt(variance))[::7].ravel()[::31], "norm").pvalue > 0.01
    received, variance = send("awgn", 10.0)
    assert np.allclose(variance, 0.1)
    assert np.mean(received**2) == pytest.approx(0.1, rel=0.02)


def test_fading_is_rayleigh_whatever_the_share_of_the_slow_part() -> None:
    one_a_row = gains()[:, 5, 3]
    assert kstest(one_a_row, "expon").pvalue > 0.01


def test_a_unit_meets_so_many_realisations_and_shares_them_with_its_neighbours() -> None:
    gain = gains()
    for row in gain[:5, 4]:
        assert len(np.unique(np.round(row, 5))) == PERIODS * REALISATIONS
    # The last third of a unit is sent in the first third of the one that is two later.
    assert np.allclose(gain[:, 2, 2::PERIODS], gain[:, 4, 0::PERIODS], rtol=1e-5)


def test_slow_rows_keep_their_fading() -> None:
    gain = gains()
    slow = np.argsort(gain[:, 5, ::PERIODS].std(axis=1))[:40]  # little of their own
    now, next_one = np.log(gain[slow][:, 5, 0]), np.log(gain[slow][:, 6, 0])
    assert 0.3 < np.corrcoef(now, next_one)[0, 1] < KEPT + 0.2
