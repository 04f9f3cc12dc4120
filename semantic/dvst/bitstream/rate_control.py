"""Meet a budget of channel uses, and keep side information within its share of it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from linksim.errors import BudgetError
from semantic.dvst.bitstream.gop import Conditions, FrameCode
from semantic.dvst.networks.rate import borders
from semantic.dvst.networks.sizes import LatentSizes

MOST_SIDE = 0.25
"""Share of the channel uses that side information may take."""

AIM = 0.97
"""Share of the budget that is aimed at, lest a guess that is a little off overruns it."""

ENOUGH = 0.05
"""Share of the budget that may be left, where a whole frame of the link is not more."""

PROBES, TRIES = 4, 6
"""Most codings of the frames that tell beforehand, and of all frames."""

GROWTHS = (0.3, 2.0)
"""Least and most that symbols are taken to grow by as eta does, over what is predicted."""

ETAS = (0.005, 8.0)
MIN_PRECISION, MOST_SPARING = 0.3, 16.0
"""Limits beyond which the analogue part costs more than the digital one saves."""


@dataclass(frozen=True)
class Spent:
    """Channel uses of a coded clip: in all, and those of side information among them."""

    total: float
    side: float


@dataclass(frozen=True)
class Budget:
    """The channel uses that may be spent, and how to find out what is.

    Parameters
    ----------
    uses : float
        Channel uses of the clip.
    slack : float
        Uses by which the cost may stay below that for want of a smaller step.
    code : callable
        Codes a clip under conditions.
    cost : callable
        What a coded clip spends.
    sizes : mapping
        Sizes of each part of a frame.
    """

    uses: float
    slack: float
    code: Callable[[np.ndarray, Conditions], list[FrameCode]]
    cost: Callable[[Sequence[FrameCode], Conditions], Spent]
    sizes: Mapping[str, LatentSizes]


def fit(
    budget: Budget, frames: np.ndarray, conditions: Conditions, probe: int
) -> tuple[list[FrameCode], Conditions]:
    """Search eta and precision so that the cost comes near a budget from below.

    Parameters
    ----------
    budget : Budget
        Budget of all frames.
    frames : np.ndarray
        uint8, [T, H, W, 3].
    conditions : Conditions
        Conditions to start from.
    probe : int
        So many frames tell beforehand, in less time, roughly what is right for all.

    Returns
    -------
    codes : list of FrameCode
    conditions : Conditions
        They were coded under.

    Raises
    ------
    BudgetError
        If the budget is too small for the lowest quality.
    """
    if len(frames) > 1.5 * probe:
        share = replace(budget, uses=budget.uses * probe / len(frames))
        conditions = _search(share, frames[:probe], conditions, PROBES)[1]
    best, conditions, spent = _search(budget, frames, conditions, TRIES)
    if best is None:
        raise BudgetError(
            f"a budget of {budget.uses:.0f} channel uses is too small for this video: it takes "
            f"{spent.total:.0f} at least, {spent.side:.0f} of them for side information; raise "
            "uses_per_pixel"
        )
    return best, conditions


def _search(
    budget: Budget, frames: np.ndarray, conditions: Conditions, tries: int
) -> tuple[list[FrameCode] | None, Conditions, Spent]:
    """Return the best that fits, its conditions and cost; None, the next guess and the least
    cost if nothing fits.
    """
    best, found, most = None, conditions, Spent(0.0, math.inf)
    least_spent = Spent(math.inf, math.inf)
    before: tuple[Conditions, float] | None = None
    for _ in range(tries):
        codes = budget.code(frames, conditions)
        spent = budget.cost(codes, conditions)
        least_spent = min(least_spent, spent, key=lambda s: s.total)
        if spent.total <= budget.uses and _worth(spent) > _worth(most):
            best, found, most = codes, conditions, spent
            near = budget.uses - spent.total <= max(budget.slack, ENOUGH * budget.uses)
            least = conditions.precision <= MIN_PRECISION and conditions.sparing >= MOST_SPARING
            if near and (least or spent.side <= MOST_SIDE * spent.total):
                break
        tried = conditions, _sent(codes)
        conditions = _next(budget, codes, conditions, spent, before)
        before = tried
    return (best, found, most) if best else (None, conditions, least_spent)


def _worth(spent: Spent) -> tuple[bool, float]:
    """Return what is greater for the better of two that fit."""
    within = spent.side <= MOST_SIDE * spent.total
    # Too large a share of side information, as of a still picture, is better than no video.
    return within, spent.total if within else spent.total * (spent.total / spent.side) ** 2


def _next(
    budget: Budget,
    codes: Sequence[FrameCode],
    conditions: Conditions,
    spent: Spent,
    before: tuple[Conditions, float] | None,
) -> Conditions:
    """Return what to try next: coarser hyper-latents and fewer changes where side information
    takes too much, then the eta that fills the rest.

    `before` is what was tried last but one, and the channel uses of its symbols.
    """
    tried, side, most = conditions, spent.side, AIM * MOST_SIDE * budget.uses
    if side > most:
        conditions = _less_side(tried, side / most)
        factor = (
            conditions.precision / tried.precision * math.sqrt(tried.sparing / conditions.sparing)
        )
        side = max(most, side * factor)
    sent = _sent(codes)
    wanted = AIM * budget.uses - side - (spent.total - spent.side - sent)
    etas = np.geomspace(*ETAS, 200)
    predicted = np.array(
        [symbols_at(budget.sizes, codes, replace(conditions, eta=eta)) for eta in etas.tolist()]
    )
    # What prediction and truth differ by at the eta that was tried is taken over, and so is by how
    # much faster or slower than predicted the symbols grew: a frame rests on those before it.
    here = max(symbols_at(budget.sizes, codes, tried), 1.0)
    growth = 1.0
    if before is not None and min(before[1], sent) > 0 and before[0] != tried:
        foreseen = math.log(max(symbols_at(budget.sizes, codes, before[0]), 1.0) / here)
        if foreseen:
            growth = float(np.clip(math.log(before[1] / sent) / foreseen, *GROWTHS))
    predicted = sent * (np.maximum(predicted, 1.0) / here) ** growth
    eta = float(np.interp(max(wanted, 1.0), predicted, etas))
    return replace(conditions, eta=eta)


def _less_side(conditions: Conditions, excess: float) -> Conditions:
    """Return what takes less side information, if it takes so many times what it may."""
    precision, excess = conditions.precision, min(max(excess, 1.05), 2.0)
    if precision > MIN_PRECISION:
        return replace(conditions, precision=max(precision / excess, MIN_PRECISION))
    # Side information falls but slowly: what is left are the rates of what changes most.
    sparing = conditions.sparing * min(excess**4, 6.0)
    return replace(conditions, sparing=min(sparing, MOST_SPARING))


def _sent(codes: Sequence[FrameCode]) -> float:
    """Return the channel uses of latents."""
    return sum(frame.symbols.size for frame in codes) / 2


def symbols_at(
    sizes: Mapping[str, LatentSizes], codes: Sequence[FrameCode], conditions: Conditions
) -> float:
    """Return the channel uses of latents under other conditions, were their bits the same."""
    reals = 0
    etas = {intra: conditions.arrays(intra=intra)["eta"][0] for intra in (True, False)}
    for frame in codes:
        for part, excess in frame.excess.items():
            of = sizes[part]
            worth = np.maximum(excess - conditions.spared * of.spared, 0.0)
            step = np.searchsorted(borders(of.ladder), worth * etas[frame.intra])
            reals += np.array(of.ladder)[step].sum()
    return reals / 2
