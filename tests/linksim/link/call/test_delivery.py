"""Delays of units, summed up, kept and drawn."""

from pathlib import Path

import numpy as np
import pytest

from linksim.link.call.delivery import Delivery, keep, kept
from studies.figures.timeline import save_timeline

NAN = float("nan")
FOUR = Delivery(
    np.array([0.0, 0.02, 0.04, 0.06]),
    np.array([0.03, 0.05, 0.07, 0.09]),
    np.array([0.031, 0.05, 0.10, NAN]),
    np.array([0.032, 0.06, 0.25, NAN]),
    0.15,
)


def test_a_summary_counts_what_was_late_and_what_never_came() -> None:
    summary = FOUR.summary()
    assert (summary["units"], summary["late"], summary["lost"]) == (4, 1, 1)
    assert summary["p50_ms"] == pytest.approx(40.0)
    assert summary["p95_ms"] == pytest.approx(0.9 * 210 + 0.1 * 40)
    assert summary["algorithmic"]["p50_ms"] == pytest.approx(30.0)
    assert summary["queue"]["p50_ms"] == pytest.approx(1.0)


def test_what_arrives_as_it_is_played_is_in_time() -> None:
    edge = Delivery(np.zeros(1), np.zeros(1), np.array([0.149]), np.array([0.15]), 0.15)
    assert not edge.late.any()


def test_deliveries_come_back_from_their_file(tmp_path: Path) -> None:
    keep({"sound": FOUR}, tmp_path / "in/one.json")
    (again,) = kept(tmp_path / "in/one.json").values()
    assert again.summary() == FOUR.summary()
    assert again.budget_s == FOUR.budget_s
    keep({}, tmp_path / "none.json")
    assert not (tmp_path / "none.json").exists()


def test_a_timeline_is_drawn_whatever_there_is(tmp_path: Path) -> None:
    nothing = Delivery(*(np.full(2, NAN if i > 1 else 0.1) for i in range(4)), budget_s=None)
    save_timeline({"sound": FOUR, "nothing": nothing}, tmp_path / "both.png")
    assert (tmp_path / "both.png").stat().st_size > 10_000
