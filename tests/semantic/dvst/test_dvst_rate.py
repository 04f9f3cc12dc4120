"""The search that meets a budget, on a video whose cost is a formula."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from linksim.errors import LinksimError
from semantic.dvst.bitstream.gop import Conditions, FrameCode
from semantic.dvst.bitstream.rate_control import (
    ENOUGH,
    ETAS,
    MIN_PRECISION,
    MOST_SIDE,
    Budget,
    Spent,
    fit,
)
from semantic.dvst.networks.sizes import LatentSizes

SLOT = 864
FRAMES = 13
SIDE_STEP = 2 * SLOT
"""Side information fills whole interleaver depths."""

LADDERS = {"intra": (0, 8, 16, 32, 64, 96), "motion": (0, 2, 4, 8), "feature": (0, 4, 8, 16, 64)}
SPARED = {"intra": 0.0, "motion": 1.0, "feature": 4.0}
SIZES = {part: LatentSizes(8, 2, 4.0, ladder, 8, SPARED[part]) for part, ladder in LADDERS.items()}
START = Conditions(10.0, 0.25, 0.8)


@dataclass
class Film:
    """A group of 13 frames of 18 x 22 positions.

    Parameters
    ----------
    side : float
        Channel uses of side information at a precision of 0.8.
    loudness : float
        Times the bits of all latents.
    """

    side: float
    loudness: float = 1.0
    tried: list[tuple[int, Conditions]] = field(default_factory=list)

    def code(self, frames: np.ndarray, conditions: Conditions) -> list[FrameCode]:
        self.tried.append((len(frames), conditions))
        rng, codes = np.random.default_rng(0), []
        for t in range(len(frames)):
            eta = conditions.arrays(intra=t == 0)["eta"][0]
            means = {"motion": 2.0, "feature": 10.0} if t else {"intra": 120.0}
            # A finer prior leaves fewer bits.
            left = self.loudness * (START.precision / conditions.precision) ** 0.1
            bits = {part: left * rng.gamma(1.0, mean, (18, 22)) for part, mean in means.items()}
            less = {part: SPARED[part] * conditions.spared for part in bits}
            reals = sum(
                nearest(LADDERS[part], eta * np.maximum(each - less[part], 0.0)).sum()
                for part, each in bits.items()
            )
            codes.append(FrameCode(t == 0, np.zeros(reals, np.float32), {}, {}, bits))
        return codes

    def cost(self, codes: Sequence[FrameCode], conditions: Conditions) -> Spent:
        side = self.side * len(codes) / FRAMES * (conditions.precision / START.precision) ** 0.55
        side /= conditions.sparing**0.3
        side = int(np.ceil(side / SIDE_STEP) * SIDE_STEP)
        symbols = sum(frame.symbols.size for frame in codes) / 2
        return Spent(side + int(np.ceil(symbols / SLOT) * SLOT) + SLOT, side)

    def fit(
        self, budget: float, probe: int = FRAMES, start: Conditions = START
    ) -> tuple[list[FrameCode], Conditions]:
        frames = np.zeros((FRAMES, 16, 16, 3), np.uint8)
        told = Budget(budget, SLOT, self.code, self.cost, SIZES)
        return fit(told, frames, start, probe)


def nearest(ladder: tuple[int, ...], wanted: np.ndarray) -> np.ndarray:
    return np.array(ladder)[np.abs(wanted[..., None] - np.array(ladder)).argmin(axis=-1)]


@pytest.mark.parametrize("side", [5_000, 20_000])
@pytest.mark.parametrize("budget", [66_000, 90_000, 140_000])
def test_a_budget_is_met_from_below(budget: int, side: int) -> None:
    film = Film(side)
    codes, conditions = film.fit(budget)
    spent = film.cost(codes, conditions)
    assert budget - max(SLOT, ENOUGH * budget) <= spent.total <= budget
    assert spent.side <= MOST_SIDE * spent.total
    assert (FRAMES, conditions) in film.tried
    # The last that fits need not be the last that was tried.
    again = film.code(np.zeros(FRAMES), conditions)
    assert [code.symbols.size for code in codes] == [code.symbols.size for code in again]
    # Only the eta and the precision are searched.
    assert conditions.snr_db == START.snr_db


def test_more_budget_buys_more() -> None:
    etas = [Film(5_000).fit(budget)[1].eta for budget in (45_000, 70_000, 140_000)]
    assert etas == sorted(set(etas))


def test_a_few_frames_tell_beforehand() -> None:
    film = Film(20_000)
    codes, conditions = film.fit(70_000, probe=4)
    spent = film.cost(codes, conditions)
    assert 0.9 * 70_000 <= spent.total <= 70_000
    assert len(codes) == FRAMES
    lengths = [count for count, _ in film.tried]
    assert lengths == sorted(lengths)
    assert set(lengths) == {4, FRAMES}
    assert film.tried[0] == (4, START)


def test_precision_falls_where_side_information_takes_too_much() -> None:
    for side, budget in ((20_000, 66_000), (60_000, 175_000)):
        film = Film(side)
        codes, conditions = film.fit(budget)
        assert conditions.precision < START.precision
        spent = film.cost(codes, conditions)
        assert spent.side <= MOST_SIDE * spent.total
        assert spent.total >= (1.0 - ENOUGH) * budget


def test_an_ample_budget_is_not_refused() -> None:
    """Though side information is most of what a still, quiet film takes."""
    for film in (Film(5_000, loudness=1e-3), Film(60_000), Film(5_000)):
        codes, conditions = film.fit(1e7)
        assert conditions.precision == START.precision
        assert conditions.eta > 0.9 * ETAS[1]
        assert film.cost(codes, conditions).total < 1e7


def test_what_is_left_for_latents_is_used_where_side_information_is_at_its_least() -> None:
    film = Film(60_000)
    budget = (
        2.5 * SIDE_STEP * np.ceil(60_000 * (MIN_PRECISION / START.precision) ** 0.55 / SIDE_STEP)
    )
    codes, conditions = film.fit(budget)
    total = film.cost(codes, conditions).total
    assert (1.0 - ENOUGH) * budget <= total <= budget


def test_precision_never_rises_for_want_of_side_information() -> None:
    """Though in a bad channel it starts below the least that the search would go to."""
    film, start = Film(60_000), Conditions(0.0, 0.25, 0.8 * MIN_PRECISION)
    codes, conditions = film.fit(60_000, start=start)
    assert conditions.precision == start.precision
    assert (1.0 - ENOUGH) * 60_000 <= film.cost(codes, conditions).total <= 60_000


def test_a_budget_too_small_is_refused() -> None:
    with pytest.raises(LinksimError, match="budget of 6000 channel uses is too small") as error:
        Film(20_000).fit(6000)
    # The figure that the message names is one that would do.
    least = int(str(error.value).split("it takes ")[1].split()[0])
    assert least > 6000
    assert str(error.value).endswith("raise uses_per_pixel")
    film = Film(20_000)
    assert film.cost(*film.fit(1.02 * least)).total <= 1.02 * least
