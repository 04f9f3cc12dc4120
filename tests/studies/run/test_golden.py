"""Reference curves, each made by the command that it names, simulated again with another seed.

A curve that should change is made anew by that command, run at the root of the repository.
"""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from linksim.link.config import LinkConfig
from linksim.link.experiments.error_rate import error_rates
from linksim.montecarlo import StopRule, clopper_pearson
from studies.cli.ber import link_configs
from studies.cli.main import command_parser
from studies.tables.diff import BEYOND, Value, judge

FOLDER = Path(__file__).parents[2] / "golden"
GOLDEN = sorted(FOLDER.glob("*.json"))
QUICK = {True: StopRule(100, None, 2048), False: StopRule(None, 0.2, 2048)}
"""When a point of a coded, and of an uncoded curve is done, here."""


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_curve_is_simulated_again(path: Path) -> None:
    golden = json.loads(path.read_text())
    config, coded = LinkConfig(**golden["link"]), golden["coded"]
    snr_db = [record["snr_db"] for record in golden["records"]]
    again = error_rates(config, snr_db, coded=coded, stop=QUICK[coded], seed=golden["seed"] + 1)
    theirs = {(str(r["snr_db"]),): _value(r, coded) for r in golden["records"]}
    ours = {(str(point.snr_db),): _value(vars(point), coded) for point in again}
    assert len(ours) == len(theirs) >= 3
    assert [pair for pair in judge(ours, theirs) if pair.verdict == BEYOND] == []


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_curve_is_what_its_command_makes(path: Path) -> None:
    golden = json.loads(path.read_text())
    linksim, *words = shlex.split(golden["command"])
    args = command_parser().parse_args(words)
    assert (linksim, args.command, args.json) == (
        "linksim",
        "ber",
        Path("tests/golden") / path.name,
    )
    assert link_configs(args) == [LinkConfig(**golden["link"])]
    assert (args.seed, not args.uncoded) == (golden["seed"], golden["coded"])


def test_a_link_that_is_half_a_decibel_worse_is_caught() -> None:
    golden = json.loads((FOLDER / "awgn_qpsk.json").read_text())
    better = golden["records"][1:]
    worse = golden["records"][:-1]
    assert {b["snr_db"] - w["snr_db"] for b, w in zip(better, worse, strict=True)} == {0.5}
    theirs = {(str(r["snr_db"]),): _value(r, True) for r in better}
    ours = {}
    for key, record in zip(theirs, worse, strict=True):
        errors = record["bler"] * 2048
        ours[key] = Value(record["bler"], *clopper_pearson(errors, 2048))
    assert any(pair.verdict == BEYOND for pair in judge(ours, theirs))


def _value(record: Mapping[str, Any], coded: bool) -> Value:
    return Value(record["bler" if coded else "ber"], record["ci_low"], record["ci_high"])
