"""Who wins where, on values that are known."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fake_parts import fake_record

from linksim.errors import LinksimError
from studies.cli.main import main
from studies.figures.winners import winners
from studies.run.plan import Point
from studies.run.runner import run
from studies.spec.load import load

GROUPS = {"ours": ["one", "two"], "theirs": ["rival"]}
MAP = """
  - label: one
    scheme: fake
    options: {quality: 1}
  - label: two
    scheme: fake
    options: {quality: 2}
  - label: rival
    scheme: fake
    options: {quality: 3}
sweep: {link.harq: [1, 4]}
figures:
  - kind: map
    metric: nrmse
    curves: {ours: [one, two], theirs: [rival]}
"""


def values(point: Point, folder: Path) -> dict[str, Any]:
    """Record the values of `MEANS`, and a little that all schemes of a trial share."""
    quality = point.scheme.options["quality"]
    shared = 0.1 * point.trial
    own = {1: 0.5, 2: 0.3 if point.snr_db < 5 else 0.6, 3: 0.4}[quality]
    noise = {2: 0.0, 3: (-1) ** point.trial * 0.5 * (point.snr_db == 10)}.get(quality, 0.0)
    record = fake_record(point, folder)
    record["metrics"]["nrmse"] = {"value": own + shared + noise, "n": 1, "reason": ""}
    return record


@pytest.fixture
def folder(write_study: Callable[[str], Path], study_text: str, tmp_path: Path) -> Path:
    """A study that has run: less NRMSE is better."""
    head = study_text.split("  - label")[0].replace("trials: 2", "trials: 4")
    run(load(write_study(head.rstrip() + MAP)), tmp_path / "out", work=values)
    return tmp_path / "out"


def test_the_best_of_each_group_is_compared_trial_by_trial(folder: Path) -> None:
    cells = {(c.place, c.snr_db): c for c in winners(folder, "nrmse", GROUPS)}
    assert len(cells) == 2 * 2 * 3
    low, middle, high = (cells["rayleigh, harq 4", snr] for snr in (0.0, 5.0, 10.0))
    assert (low.winner, low.rival) == ("ours", "theirs")
    assert low.best == {"ours": "two, harq 4", "theirs": "rival, harq 4"}
    # What trials share is no part of the interval, which has no width here.
    assert (low.margin, low.low, low.high) == pytest.approx((0.1, 0.1, 0.1))
    assert low.significant
    assert middle.winner == "theirs"
    assert middle.best["ours"] == "one, harq 4"
    assert middle.margin == pytest.approx(0.1)
    # Student's t of four: a mean of 0.1 with differences 0.1 +- 0.5.
    half = 3.182446 * np.std([-0.4, 0.6, -0.4, 0.6], ddof=1) / 2
    assert (high.low, high.high) == pytest.approx((0.1 - half, 0.1 + half))
    assert not high.significant


def test_the_map_is_printed_and_drawn(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "map", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert "| rayleigh, harq 1 | ours +0.1 | theirs +0.1 | theirs +0.1* |" in printed
    assert main(["study", "plot", str(folder)]) == 0
    drawn = cv2.imread(str(folder / "figures" / "map.png"))
    assert drawn.shape[1] == 7 * 300
    assert drawn.std() > 10


def test_what_is_wrong_gets_one_line(folder: Path) -> None:
    with pytest.raises(LinksimError, match="has no scheme 'three'"):
        winners(folder, "nrmse", {"ours": ["three"]})
    with pytest.raises(LinksimError, match="does not measure 'psnr'"):
        winners(folder, "psnr", GROUPS)


def test_a_study_without_a_map_says_so(
    study_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(load(study_file), tmp_path / "out", work=fake_record)
    assert main(["study", "map", str(tmp_path / "out")]) == 2
    assert "no figure of the kind 'map'" in capsys.readouterr().err
