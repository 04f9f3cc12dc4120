"""Delivery of the units of a stream: when each was captured, ready, sent and there."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from linksim.files import read_json, write_text
from linksim.link.call.clock import TOLERANCE_S
from linksim.timing import Times

QUANTILES = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}
FIELDS = ("captured_s", "ready_s", "sent_s", "arrived_s")


@dataclass(frozen=True, eq=False)
class Delivery:
    """Times of the units of one stream, in s from the start of the clip.

    Parameters
    ----------
    captured_s, ready_s : np.ndarray
        float64, [units]; as of `Times`.
    sent_s : np.ndarray
        float64, [units]; start of the first slot that carried a part of each; NaN if none did.
    arrived_s : np.ndarray
        float64, [units]; end of the slot with which each was whole; NaN if it never was.
    budget_s : float or None
        Delay budget, capture to playout; None without a deadline.
    """

    captured_s: np.ndarray
    ready_s: np.ndarray
    sent_s: np.ndarray
    arrived_s: np.ndarray
    budget_s: float | None

    @classmethod
    def of(
        cls, times: Times, sent_s: np.ndarray, arrived_s: np.ndarray, budget_s: float | None
    ) -> "Delivery":
        """Return what became of units of these times."""
        captured, ready = (np.array(t, float) for t in (times.captured_s, times.ready_s))
        return cls(captured, ready, sent_s, arrived_s, budget_s)

    @property
    def lost(self) -> np.ndarray:
        """bool, [units]; units that never arrived whole."""
        return np.isnan(self.arrived_s)

    @property
    def late(self) -> np.ndarray:
        """bool, [units]; units that arrived after they were to be played."""
        if self.budget_s is None:
            return np.zeros(len(self.arrived_s), bool)
        return ~self.lost & (self.arrived_s > self.captured_s + self.budget_s + TOLERANCE_S)

    @property
    def overdue_s(self) -> np.ndarray:
        """float64, [units]; by how much each came too late, in s; 0 without a deadline."""
        if self.budget_s is None:
            return np.zeros(len(self.arrived_s))
        return np.maximum(0.0, self.arrived_s - self.captured_s - self.budget_s)

    @cached_property
    def delays_s(self) -> dict[str, np.ndarray]:
        """float64, [units] each, in s; parts of the delay, and the total from capture on."""
        return {
            "algorithmic": self.ready_s - self.captured_s,
            "queue": self.sent_s - self.ready_s,
            "air": self.arrived_s - self.sent_s,
            "total": self.arrived_s - self.captured_s,
        }

    def summary(self) -> dict[str, Any]:
        """Return numbers for a report: quantiles of the total delay and of its parts, and losses.

        Returns
        -------
        dict
            ``p50_ms``, ``p95_ms`` and ``p99_ms`` of the total, None if nothing arrived; the same
            of each part under its name; ``units``, ``late`` and ``lost``.
        """
        parts = {part: _quantiles(values) for part, values in self.delays_s.items()}
        total = parts.pop("total")
        counts = {"units": len(self.lost), "late": self.late.sum(), "lost": self.lost.sum()}
        return total | parts | {name: int(count) for name, count in counts.items()}


@dataclass(frozen=True)
class SlotUse:
    """Slots of a call.

    Parameters
    ----------
    used : int
        Slots in which something was sent, those of the set-up and of scales included, which
        are beside the grant: a call that fills its grant used more than it was granted.
    granted : int
        Slots that were the call's to use.
    seconds : float
        Time from the start of the clip to the end of the last slot, or of the clip.
    """

    used: int
    granted: int
    seconds: float


def _quantiles(values: np.ndarray) -> dict[str, float | None]:
    known = values[~np.isnan(values)]
    if not known.size:
        return dict.fromkeys(QUANTILES)
    return {name: round(1e3 * float(np.quantile(known, q)), 3) for name, q in QUANTILES.items()}


def keep(deliveries: Mapping[str, Delivery], path: Path) -> None:
    """Write the deliveries of streams by name, if there are any, as JSON."""
    if not deliveries:
        return
    told = {
        name: {
            "budget_s": delivery.budget_s,
            **{field: _listed(getattr(delivery, field)) for field in FIELDS},
        }
        for name, delivery in deliveries.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(told, allow_nan=False) + "\n")


def kept(path: Path) -> dict[str, Delivery]:
    """Read what `keep` wrote."""
    return {
        name: Delivery(
            budget_s=told["budget_s"],
            **{field: np.array(told[field], float) for field in FIELDS},
        )
        for name, told in read_json(path).items()
    }


def _listed(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(value) else round(float(value), 9) for value in values]
