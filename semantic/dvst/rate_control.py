"""Meet a budget of channel uses, and keep side information within its share of it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from linksim.errors import LinksimError
from semantic.dvst.gop import Conditions, FrameCode
from semantic.dvst.rate import borders

MOST_SIDE = 0.25
"""Share of the channel uses that side information may take."""

AIM = 0.97
"""Share of the budget that is aimed at, lest a guess that is a little off overruns it."""

ENOUGH = 0.05
"""How far below the budget is near enough, where a whole frame of the link is not more."""

TRIES = 6
ETAS = (0.005, 8.0)
MIN_PRECISION = 0.35
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
    ladders : mapping
        Of each part of a frame.
    """

    uses: float
    slack: float
    code: Callable[[np.ndarray, Conditions], list[FrameCode]]
    cost: Callable[[Sequence[FrameCode], Conditions], Spent]
    ladders: Mapping[str, tuple[int, ...]]


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
        conditions = _search(share, frames[:probe], conditions)[1]
    best, conditions, spent = _search(budget, frames, conditions)
    if best is None:
        raise LinksimError(
            f"a budget of {budget.uses:.0f} channel uses is too small for this video: it takes "
            f"{spent.total:.0f} at least, {spent.side:.0f} of them for side information; raise "
            "uses_per_pixel"
        )
    return best, conditions


def _search(
    budget: Budget, frames: np.ndarray, conditions: Conditions
) -> tuple[list[FrameCode] | None, Conditions, Spent]:
    """Return the best that fits, None if nothing does, and the conditions that came nearest."""
    best, found, most = None, conditions, Spent(0.0, math.inf)
    for _ in range(TRIES):
        codes = budget.code(frames, conditions)
        spent = budget.cost(codes, conditions)
        if spent.total <= budget.uses and _worth(spent) > _worth(most):
            best, found, most = codes, conditions, spent
            near = budget.uses - spent.total <= max(budget.slack, ENOUGH * budget.uses)
            least = conditions.precision <= MIN_PRECISION
            if near and (least or spent.side <= MOST_SIDE * spent.total):
                break
        conditions = _next(budget, codes, conditions, spent)
    return best, found if best else conditions, most if best else spent


def _worth(spent: Spent) -> tuple[bool, float]:
    """Return what is greater for the better of two that fit."""
    # Too large a share of side information, as of a still picture, is better than no video.
    return spent.side <= MOST_SIDE * spent.total, spent.total


def _next(
    budget: Budget, codes: Sequence[FrameCode], conditions: Conditions, spent: Spent
) -> Conditions:
    """Return what to try next: finer or coarser hyper-latents, then the eta that fills the rest."""
    precision, side = conditions.precision, spent.side
    most = 0.9 * MOST_SIDE * budget.uses
    if side > most:
        # In a bad channel it starts lower than that.
        least = min(precision, MIN_PRECISION)
        precision = max(precision * max(most / side, 0.5), least)
        side = max(most, side * precision / conditions.precision)
    sent = sum(frame.symbols.size for frame in codes) / 2
    wanted = AIM * budget.uses - side - (spent.total - spent.side - sent)
    etas = np.geomspace(*ETAS, 200)
    predicted = np.array([_symbols(budget, codes, conditions, eta) for eta in etas])
    # What prediction and truth differ by at the eta that was tried is taken over.
    predicted *= sent / max(_symbols(budget, codes, conditions, conditions.eta), 1.0)
    eta = float(np.interp(max(wanted, 1.0), predicted, etas))
    return replace(conditions, eta=eta, precision=precision)


def _symbols(
    budget: Budget, codes: Sequence[FrameCode], conditions: Conditions, eta: float
) -> float:
    """Return the channel uses of latents at another eta, were their bits the same."""
    reals = 0
    for frame in codes:
        told = replace(conditions, eta=eta).arrays(intra=frame.intra)
        for part, excess in frame.excess.items():
            ladder = budget.ladders[part]
            step = np.searchsorted(borders(ladder), excess * told["eta"][0])
            reals += np.array(ladder)[step].sum()
    return reals / 2
