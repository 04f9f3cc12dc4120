"""What the benches of the link report; speed itself is not tested."""

import json
from pathlib import Path

import numpy as np
import pytest
from rich.table import Table

from linksim.link.config import LinkConfig
from studies.bench.bench import BENCHES, Bench
from studies.bench.decoder import OURS, THEIRS, bench_decoder
from studies.bench.stages import bench_stages
from studies.cli.main import main

SMALL = LinkConfig(subcarriers=12)


def test_the_decoders_are_given_the_same_blocks() -> None:
    told: list[str] = []
    result = bench_decoder(SMALL, [6.0], batch=32, seconds=0.01, report=told.append)
    points = result["points"]["6"]
    assert list(points) == [*OURS, *THEIRS]
    assert told == [f"{name}, 6 dB" for name in points]
    assert points["min-sum, graph"]["bler"] == points["min-sum"]["bler"]
    assert points["boxplus, early stop"]["bler"] == pytest.approx(
        points["Sionna boxplus, XLA"]["bler"], abs=0.05
    )
    assert points["min-sum"]["bler"] == points["min-sum, all iterations"]["bler"]
    assert 0.0 < points["min-sum"]["bler"] < points["Sionna min-sum, XLA"]["bler"]
    assert all(point["throughput_bps"] > 0 for point in points.values())
    assert BENCHES["decoder"].table(result).row_count == len(points)


def test_the_stages_are_those_of_the_link() -> None:
    """One feeds the next, so that the last decides the bits of the first."""
    result = bench_stages(SMALL, 30.0, batch=8, seconds=0.0, report=lambda text: None)
    stages = result["stages"]
    assert next(iter(stages)) == "payload and CRC"
    assert [name for name, of in stages.items() if not np.isnan(of["sionna_ms"])] == [
        "demapper",
        "LDPC decoder",
    ]
    assert all(of["linksim_ms"] > 0 for of in stages.values())
    assert BENCHES["stages"].table(result).row_count == len(stages)


def test_a_run_is_compared_with_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(*_: object) -> dict:
        return {"points": {"6": {"ours": {"throughput_bps": 3e6, "bler": 0.1}}}}

    fake = Bench("decoder", "", lambda parser: None, measure, lambda result: Table("the table"))
    monkeypatch.setattr("studies.cli.bench.BENCHES", {"decoder": fake})
    before = tmp_path / "before.json"
    before.write_text(json.dumps({"points": {"6": {"ours": {"throughput_bps": 2e6, "bler": 0.2}}}}))
    assert main(["bench", "decoder", "--against", str(before)]) == 0
    printed = capsys.readouterr().out
    assert "points 6 ours throughput_bps" in printed
    assert "1.50x" in printed
    assert "bler" not in printed


@pytest.mark.parametrize(
    ("content", "line"),
    [(None, "No such file"), ("{", "is not JSON"), ("[]", "holds no figures")],
)
def test_figures_that_are_none_give_one_line(
    content: str | None, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "before.json"
    if content is not None:
        path.write_text(content)
    assert main(["bench", "decoder", "--against", str(path)]) == 2
    assert line in capsys.readouterr().err
