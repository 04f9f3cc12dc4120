"""A figure of two halves: quality against channel uses, and against SNR at equal uses."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fake_parts import fake_record

from linksim.errors import LinksimError
from linksim.media import Clip, write
from studies.cli.main import main
from studies.figures.story import draw_stories
from studies.run.plan import Point
from studies.run.runner import run
from studies.run.store import Store
from studies.spec.figure import Figure
from studies.spec.load import load

STUDY = """\
name: story
clips: [talk.mp4]
channels: [rayleigh]
snr_db: [0, 5, 10]
trials: 2
metrics: [psnr]
schemes:
  - {label: few, scheme: fake, options: {quality: 1}}
  - {label: many, scheme: fake, options: {quality: 2}}
  - {label: rival, scheme: fake, options: {quality: 3}}
figures:
  - kind: story
    metric: psnr
    name: told
    snr_db: 5
    curves: {ours: [few, many], theirs: [rival]}
    schemes: [few, rival]
"""


def measured(point: Point, folder: Path) -> dict[str, Any]:
    record = fake_record(point, folder)
    quality = point.scheme.options["quality"]
    record["accounting"] |= {"channel_uses": 1000 * quality}
    record["metrics"]["psnr"] = {"value": 20.0 + quality + point.trial, "n": 3, "reason": ""}
    return record


@pytest.fixture
def folder(tmp_path: Path, small_clip: Clip) -> Path:
    """A study that has run."""
    write(small_clip, tmp_path / "talk.mp4")
    (tmp_path / "story.yaml").write_text(STUDY)
    run(load(tmp_path / "story.yaml"), tmp_path / "out", work=measured)
    return tmp_path / "out"


def test_both_halves_are_drawn(folder: Path) -> None:
    entry = load_entry(folder)
    ((name, canvas),) = draw_stories(folder, [entry], False)
    assert name == "told"
    uses, snr = canvas.axes
    assert (uses.get_xlabel(), snr.get_xlabel()[:3]) == ("Channel uses per pixel", "SNR")
    assert uses.get_ylabel()
    ours, theirs = (text.get_text() for text in uses.get_legend().get_texts())
    assert (ours, theirs) == ("ours", "theirs")
    assert [t.get_text().split(" (")[0] for t in snr.get_legend().get_texts()] == ["few", "rival"]
    xs = [line.get_xdata() for line in snr.get_lines() if len(line.get_xdata()) == 3]
    assert all(np.array_equal(x, [0.0, 5.0, 10.0]) for x in xs)
    assert main(["study", "plot", str(folder)]) == 0
    assert cv2.imread(str(folder / "figures" / "told.png")).std() > 10


@pytest.mark.parametrize("missing", ["curves", "schemes", "snr_db"])
def test_each_half_has_to_be_told(folder: Path, missing: str) -> None:
    entry = load_entry(folder)
    empty = {"curves": {}, "schemes": [], "snr_db": None}[missing]
    with pytest.raises(LinksimError, match="needs curves and snr_db"):
        list(draw_stories(folder, [entry.model_copy(update={missing: empty})], False))


def load_entry(folder: Path) -> Figure:
    (entry,) = Store(folder).study()[0].figures
    return entry
