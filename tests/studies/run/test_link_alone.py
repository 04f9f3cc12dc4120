"""Studies of the link by itself: random bits, no clip, and a rule that says when to stop."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_parts import fake_record

from linksim.errors import LinksimError
from linksim.link.config import LinkConfig
from linksim.montecarlo import Counts, StopRule, Tally, simulate
from studies.cli.main import main
from studies.figures.curves import panels
from studies.report.page import write_report
from studies.run import link_alone
from studies.run.clips import NO_CLIP
from studies.run.plan import Point
from studies.run.point import run_point
from studies.run.record import block_tally
from studies.run.runner import run
from studies.run.store import Store
from studies.spec.load import load

ALONE = """\
name: alone
channels: [rayleigh]
snr_db: [0, 10, 20]
schemes:
  - label: LDPC
    scheme: link
    options: {block_errors: none, relative_width: 0.5, max_blocks: 100000}
    link: {modulation: qpsk}
"""


class CoinCounter:
    """Counts blocks that are lost with probability 0.3 at 0 dB, a tenth of that 10 dB higher."""

    def __init__(self, config: LinkConfig, *, coded: bool) -> None:
        assert coded

    def count(self, snr_db: float, stop: StopRule, *seed_parts: object) -> tuple[Counts, str]:
        def batch(seed: int) -> Counts:
            lost = np.random.default_rng(seed).random(64) < 0.3 * 10 ** (-snr_db / 10)
            return Counts(Tally.of(100 * lost, 1000), Tally.of(lost, 1))

        return simulate(batch, stop, True, *seed_parts)


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study whose link is a coin."""
    monkeypatch.setattr(link_alone, "counter_for", lambda config: CoinCounter(config, coded=True))
    path = tmp_path / "alone.yaml"
    path.write_text(ALONE)
    return path


def _records(study: Path, out: Path, *more: str) -> list[dict[str, Any]]:
    from studies.run.plan import plan

    assert main(["study", "run", str(study), "--out", str(out), *more]) == 0
    store = Store(out)
    records = [store.load(point) for point in plan(*store.study())]
    assert all(records)
    return [record for record in records if record]


def test_every_decade_is_as_precise(alone: Path, tmp_path: Path) -> None:
    records = _records(alone, tmp_path / "out")
    tallies = [block_tally(record) for record in records]
    for record, tally in zip(records, tallies, strict=True):
        low, high = tally.interval()
        assert record["stop"] == "relative_width"
        assert 0.4 < (high - low) / tally.rate <= 0.5
    ratios = [b.trials / a.trials for a, b in pairwise(tallies)]
    assert ratios == pytest.approx([10, 10], rel=0.6)
    rows = Store(tmp_path / "out").read_table("results.csv")
    assert [(r["kind"], r["clip"], r["metric"]) for r in rows] == [("bits", "bits", "bler")] * 3
    assert int(rows[0]["payload_bits"]) == tallies[0].trials * 840
    assert int(rows[0]["channel_uses"]) == tallies[0].trials * 72 * 12


def test_other_rules_and_trials(alone: Path, tmp_path: Path) -> None:
    rules = "schemes.0.options={block_errors: 20, max_blocks: 1280}"
    records = _records(alone, tmp_path / "out", "--set", rules, "--set", "trials=2")
    assert [r["stop"] for r in records] == ["block_errors"] * 4 + ["max_blocks"] * 2
    first, second = map(block_tally, records[:2])
    assert (first + second).errors >= 40
    summary = Store(tmp_path / "out").read_table("summary.csv")
    assert int(summary[0]["n"]) == first.trials + second.trials


def test_table_and_report_need_no_clip(
    alone: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _records(alone, tmp_path / "out")
    capsys.readouterr()
    assert main(["study", "table", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.splitlines()[2].startswith("| LDPC | – | 0.")
    page = (tmp_path / "out" / "report.html").read_text()
    assert "none: random bits" in page
    assert "LDPC over rayleigh</h3>" in page


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: alone", "name: alone\nclips: [builtin]", "clips: a study of 'link' sends random"),
        ("name: alone", "name: alone\nmetrics: [psnr]", "metrics: a study of 'link' sends random"),
        ("relative_width: 0.5", "relative_width: 0", "relative_width must be between"),
        ("max_blocks: 100000", "max_block: 1", "did you mean 'max_blocks'?"),
    ],
)
def test_bad_studies_of_links(old: str, new: str, message: str, alone: Path) -> None:
    alone.write_text(ALONE.replace(old, new))
    with pytest.raises(LinksimError) as caught:
        load(alone)
    assert message in str(caught.value)


def test_random_bits_cannot_be_sent(study_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tone = str(study_file.with_name("tone.wav"))
    out = str(study_file.with_name("out"))
    how = ["--scheme", "link", "--channel", "awgn", "--snr", "9"]
    assert main(["send", tone, *how, "--out", out]) == 2
    assert "sends random bits and no clip" in capsys.readouterr().err


def test_a_link_stands_beside_schemes_that_send_clips(
    study_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_alone, "counter_for", lambda config: CoinCounter(config, coded=True))
    monkeypatch.setattr("studies.run.runner.MOST_LINKS", 6)
    mixed = "schemes:\n  - {label: LDPC, scheme: link, options: {max_blocks: 1280}}"
    study_file.write_text(study_file.read_text().replace("schemes:", mixed))
    out, seen = tmp_path / "out", list[str]()

    def either(point: Point, folder: Path) -> dict[str, Any]:
        return (run_point if point.clip == NO_CLIP else fake_record)(point, folder)

    def look(label: str) -> None:
        write_report(out)
        done = {row["scheme"] for row in Store(out).read_table("summary.csv")}
        seen.append(f"{label}: {len(done)}")

    run(load(study_file), out, work=either, on_curve=look)
    assert seen == ["LDPC: 1", "plain, 16QAM: 2", "interleaved: 3", "LDPC: 3", "plain, 16QAM: 3"]
    rows = Store(out).read_table("results.csv")
    bits = [row for row in rows if row["scheme"] == "LDPC"]
    assert {(row["kind"], row["clip"], row["metric"]) for row in bits} == {("bits", "bits", "bler")}
    assert len(bits) == 2 * 3 * 2
    assert {row["clip"] for row in rows if row["scheme"] != "LDPC"} == {"tone"}
    shown = {panel.name: panel for panel in panels(Store(out))}
    assert [limit.name for limit in shown["bler_bits"].limits] == ["outage bound, 2.00 bit/use"]
    assert {curve.name for curve in shown["bler_bits"].curves} == {"LDPC"}
    assert "LDPC" not in {curve.name for curve in shown["bler"].curves}
