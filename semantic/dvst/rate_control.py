"""Meet a budget of channel uses, and keep side information within its share of it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from linksim.errors import LinksimError
from semantic.dvst.conditions import spared
from semantic.dvst.gop import Conditions, FrameCode
from semantic.dvst.rate import borders
from semantic.dvst.sizes import LatentSizes

MOST_SIDE = 0.25
"""Share of the channel uses that side information may take."""

AIM = 0.97
"""Share of the budget that is aimed at, lest a guess that is a little off overruns it."""

ENOUGH = 0.05
"""How far below the budget is near enough, where a whole frame of the link is not more."""

PROBES, TRIES = 3, 6
"""Most codings of the frames that tell beforehand, and of all frames."""

GROWTHS = (0.3, 2.0)
"""Least and most that symbols are taken to grow by as eta does, over what is predicted."""

ETAS = (0.005, 8.0)
MIN_PRECISION = 0.3
"""Below it the analogue part costs more than the digital one saves."""


@dataclass(frozen=True)
class Spent:
    """Channel uses of a coded clip: in all, and those of side information among them."""

    total: float
    side: float


@dataclass(frozen=True)
class Budget:
    """What may be spent, and how to find out what is.

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
        Of each part of a frame.
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
        For all frames.
    frames : np.ndarray
        uint8, [T, H, W, 3].
    conditions : Conditions
        To start from.
    probe : int
        So many frames tell beforehand, in less time, roughly what is right for all.

    Returns
    -------
    codes : list of FrameCode
    conditions : Conditions
        They were coded under.

    Raises
    ------
    LinksimError
        If the budget is too small for the lowest quality.
    """
    if len(frames) > 1.5 * probe:
        share = replace(budget, uses=budget.uses * probe / len(frames))
        conditions = _search(share, frames[:probe], conditions, PROBES)[1]
    best, conditions, spent = _search(budget, frames, conditions, TRIES)
    if best is None:
        raise LinksimError(
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
    before: tuple[float, float] | None = None
    for _ in range(tries):
        codes = budget.code(frames, conditions)
        spent = budget.cost(codes, conditions)
        least_spent = min(least_spent, spent, key=lambda s: s.total)
        if spent.total <= budget.uses and _worth(spent) > _worth(most):
            best, found, most = codes, conditions, spent
            near = budget.uses - spent.total <= max(budget.slack, ENOUGH * budget.uses)
            least = conditions.precision <= MIN_PRECISION
            if near and (least or spent.side <= MOST_SIDE * spent.total):
                break
        tried = conditions.eta, _sent(codes)
        conditions = _next(budget, codes, conditions, spent, before)
        before = tried
    return (best, found, most) if best else (None, conditions, least_spent)


def _worth(spent: Spent) -> tuple[bool, float]:
    """Return what is greater for the better of two that fit."""
    # Too large a share of side information, as of a still picture, is better than no video.
    return spent.side <= MOST_SIDE * spent.total, spent.total


def _next(
    budget: Budget,
    codes: Sequence[FrameCode],
    conditions: Conditions,
    spent: Spent,
    before: tuple[float, float] | None,
) -> Conditions:
    """Return what to try next: finer or coarser hyper-latents, then the eta that fills the rest.

    `before` is what was tried last but one: eta and channel uses of symbols.
    """
    precision, side = conditions.precision, spent.side
    most = 0.9 * MOST_SIDE * budget.uses
    if side > most:
        # In a bad channel it starts lower than that.
        least = min(precision, MIN_PRECISION)
        precision = max(precision * max(most / side, 0.5), least)
        side = max(most, side * precision / conditions.precision)
    sent = _sent(codes)
    wanted = AIM * budget.uses - side - (spent.total - spent.side - sent)
    etas = np.geomspace(*ETAS, 200)
    predicted = np.array([_symbols(budget, codes, conditions, eta) for eta in etas])
    # What prediction and truth differ by at the eta that was tried is taken over, and so is by how
    # much faster or slower than predicted the symbols grew: a frame rests on those before it.
    here = max(_symbols(budget, codes, conditions, conditions.eta), 1.0)
    growth = 1.0
    if before is not None and min(before[1], sent) > 0 and before[0] != conditions.eta:
        foreseen = math.log(max(_symbols(budget, codes, conditions, before[0]), 1.0) / here)
        if foreseen:
            growth = float(np.clip(math.log(before[1] / sent) / foreseen, *GROWTHS))
    predicted = sent * (np.maximum(predicted, 1.0) / here) ** growth
    eta = float(np.interp(max(wanted, 1.0), predicted, etas))
    return replace(conditions, eta=eta, precision=precision)


def _sent(codes: Sequence[FrameCode]) -> float:
    """Return the channel uses of latents."""
    return sum(frame.symbols.size for frame in codes) / 2


def _symbols(
    budget: Budget, codes: Sequence[FrameCode], conditions: Conditions, eta: float
) -> float:
    """Return the channel uses of latents at another eta, were their bits the same."""
    reals, factor, told = 0, spared(eta, conditions.snr_db), replace(conditions, eta=eta)
    etas = {intra: told.arrays(intra=intra)["eta"][0] for intra in (True, False)}
    for frame in codes:
        for part, excess in frame.excess.items():
            sizes = budget.sizes[part]
            worth = np.maximum(excess - factor * sizes.spared, 0.0)
            step = np.searchsorted(borders(sizes.ladder), worth * etas[frame.intra])
            reals += np.array(sizes.ladder)[step].sum()
    return reals / 2
