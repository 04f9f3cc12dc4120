"""``linksim adapt`` and ``linksim harq``: small runs, records, bad input."""

import json
from pathlib import Path

import numpy as np
import pytest

from linksim.montecarlo import Tally
from studies.cli.adapt import comparisons, mcs_choices
from studies.cli.harq import crossing
from studies.cli.main import main

SMALL = ["--subcarriers", "12", "--estimator", "perfect"]
TINY = [*SMALL, "--channel", "awgn", "--links", "2", "--slots", "6", "--warm-up", "2"]


def test_adapt_prints_and_writes_what_it_simulated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, figure = tmp_path / "adapt.json", tmp_path / "adapt.png"
    where = ["--json", str(out), "--plot", str(figure)]
    sweep = ["--snr", "30", "--delay", "1", "--mcs", "auto,10"]
    assert main(["adapt", *TINY, *sweep, *where]) == 0
    said = capsys.readouterr().out
    assert "1 slots, 30 dB: auto carries" in said
    records = json.loads(out.read_text())["records"]
    assert [(r["feedback_delay_slots"], r["mcs"]) for r in records] == [
        (1, mcs) for mcs in ("auto", 10)
    ]
    assert all(r["bler"] == 0.0 and r["transmissions"] == 1.0 for r in records)
    assert records[0]["throughput"] > records[1]["throughput"] > 1.0
    assert figure.stat().st_size > 1000


NEVER = 10**9


def _fake_runs(monkeypatch: pytest.MonkeyPatch, interrupted_at: int = NEVER) -> list[int | None]:
    """Replace the simulation; return the list to which it adds the MCS of each run."""
    from linksim.link.experiments.link_adaptation import Adapted, ParallelLinks

    runs: list[int | None] = []

    def run(self: ParallelLinks, mcs: int | None, snr_db: float, seed: int) -> Adapted:
        runs.append(mcs)
        if len(runs) == interrupted_at:
            raise KeyboardInterrupt
        tally = Tally.of(np.zeros(2, int), np.ones(2, int))
        return Adapted(len(runs), 0.0, 9.0, tally, tally, 1.0, 1.0, mcs or 0)

    monkeypatch.setattr(ParallelLinks, "run", run)
    return runs


@pytest.mark.parametrize(
    ("harq", "simulated", "throughputs"),
    [("1", [None, 10, None], [1, 2, 3, 2]), ("2", [None, 10, None, 10], [1, 2, 3, 4])],
)
def test_what_does_not_heed_feedback_is_simulated_once(
    harq: str,
    simulated: list[int | None],
    throughputs: list[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs, out = _fake_runs(monkeypatch), tmp_path / "adapt.json"
    sweep = ["--snr", "30", "--delay", "0,1", "--mcs", "auto,10", "--harq", harq]
    assert main(["adapt", *TINY, *sweep, "--json", str(out)]) == 0
    assert runs == simulated
    records = json.loads(out.read_text())["records"]
    assert [r["throughput"] for r in records] == throughputs
    assert [(r["feedback_delay_slots"], r["mcs"]) for r in records] == [
        (delay, mcs) for delay in (0, 1) for mcs in ("auto", 10)
    ]


def test_an_interruption_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _fake_runs(monkeypatch, interrupted_at=4)
    out = tmp_path / "adapt.json"
    sweep = ["--snr", "10,20", "--delay", "1", "--mcs", "auto,10"]
    assert main(["adapt", *TINY, *sweep, "--json", str(out)]) == 130
    said = capsys.readouterr()
    assert said.err == "linksim: interrupted\n"
    assert said.out.count("1 slots ") == 3
    assert "1 slots, 10 dB: auto carries 0.50 of the best" in said.out
    assert "1 slots, 20 dB" not in said.out
    assert len(json.loads(out.read_text())["records"]) == 3


def test_harq_prints_where_curves_reach_a_tenth(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "harq.json"
    how = ["--combining", "chase", "--transmissions", "1", "--batches", "1", "--snr", "5:8:3"]
    assert main(["harq", *SMALL, *how, "--json", str(out)]) == 0
    assert "1 sent: BLER 10% at" in capsys.readouterr().out
    first, last = json.loads(out.read_text())["records"]
    assert first["combined"]["bler"] > 0.5 > last["combined"]["bler"]
    assert first["combined"]["blocks"] == 256


def _lost(*rates: float, blocks: int = 1000) -> list[Tally]:
    return [Tally.of(np.arange(blocks) < round(rate * blocks), 1) for rate in rates]


def test_crossing_interpolates_the_logarithm() -> None:
    assert crossing([0.0, 1.0, 2.0], _lost(1.0, 0.2, 0.05))[0] == pytest.approx(1.5)
    assert np.isnan(crossing([0.0, 1.0], _lost(1.0, 0.5))).all()


def test_interval_of_a_crossing_holds_it_as_often_as_it_says() -> None:
    """A BLER of 0.1 at 0 dB that falls by a factor of 4 in a dB, in 400 blocks each."""
    rng, snr = np.random.default_rng(1), [-1.0, 0.5]
    rates = 0.1 * 4.0 ** -np.array(snr)
    held = 0
    for _ in range(500):
        found, half = crossing(snr, _lost(*rng.binomial(400, rates) / 400, blocks=400))
        held += abs(found) < half
    assert 0.92 < held / 500 < 0.98


def test_choices_of_schemes() -> None:
    assert mcs_choices("auto,2,8:12:2", 1) == [None, 2, 8, 10, 12]
    assert mcs_choices("all", 2) == [None, *range(28)]


def test_auto_is_compared_with_the_best_fixed_scheme() -> None:
    rows = [("auto", 0.9), (1, 0.5), (2, 1.0)]
    records = [
        {"feedback_delay_slots": 4, "snr_db": 5.0, "mcs": m, "throughput": t} for m, t in rows
    ]
    expected = "4 slots, 5 dB: auto carries 0.90 of the best fixed MCS, 2"
    assert comparisons(records, 3) == [expected]
    assert comparisons(records[1:], 2) == []
    assert comparisons(records, 4) == []


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["adapt", "--mcs", "29"], "MCS 29 is not in table 1, which has 0 to 28"),
        (["adapt", "--mcs", "1.5"], "an MCS is a whole number"),
        (["adapt", "--table", "4"], "unknown MCS table 4; known: 1, 2, 3"),
        (["adapt", "--delay", "x"], "--delay x: not whole numbers"),
        (["adapt", "--slots", "100", "--warm-up", "100"], "--slots 100 leaves none to count"),
        (
            ["adapt", "--slots", "3", "--warm-up", "1", "--harq", "2", "--delay", "1"],
            "use more than 3",
        ),
        (["adapt", "--combining", "ri"], "did you mean 'ir'?"),
        (["adapt", "--plot", "a.txt"], "must end in .png, .pdf or .svg"),
        (["harq", "--subcarriers", "600"], "one code block is to fill one slot here"),
        (["harq", "--transmissions", "9"], "--transmissions must be between 1 and 8"),
        (["harq", "--combining", "cheese"], "did you mean 'chase'?"),
        (["harq", "--reference", "bit"], "did you mean 'bits'?"),
        (["harq", "--combining", "chase", "--reference", "bits"], "reference bits is for ir"),
    ],
)
def test_bad_input_gives_one_line(
    argv: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    said = capsys.readouterr().err
    assert line in said
    assert said.count("\n") == 1
