"""Table II: amounts as the paper counts them, beside channel uses."""

from pathlib import Path
from typing import Any

import pytest
from fake_parts import fake_record

from studies.cli.main import main
from studies.run.plan import Point
from studies.run.runner import run
from studies.spec.load import load
from studies.tables.cost import Amount, in_paper_units, paper_table

PACKETS = {"payload_bits": 8000, "side_info_bits": 0, "channel_uses": 5000, "overhead_uses": 9}
LATENTS = {"payload_bits": 0, "side_info_bits": 16, "channel_uses": 3000, "overhead_uses": 9}
SETUP = {"payload_bits": 0, "side_info_bits": 400, "channel_uses": 864, "overhead_uses": 9}


def test_packets_are_bytes_and_latents_symbols() -> None:
    amounts = in_paper_units({"side": PACKETS, "video": LATENTS, "audio": LATENTS, "set-up": SETUP})
    assert amounts == {"video": Amount(1000, 3000), "audio": Amount(0, 3000)}
    assert amounts["video"].total == 4000


def spent(point: Point, folder: Path) -> dict[str, Any]:
    digital = point.scheme.label == "plain, 16QAM"
    video = {"video": PACKETS} if digital else {"side": PACKETS, "video": LATENTS}
    return fake_record(point, folder) | {"per_stream": video | {"set-up": SETUP}}


def test_the_table_has_the_papers_form(
    study_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    run(load(study_file), out, work=spent)
    assert main(["study", "cost", str(out), "--paper"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "| Content | plain, 16QAM | interleaved |",
        "| --- | ---: | ---: |",
        "| Video | 1,000 bytes | 1,000 bytes + 3,000 symbols |",
        "| Total | 1,000 bytes | 1,000 bytes + 3,000 symbols |",
        "| Total against the first | +0.0 % | +300.0 % |",
        "| Channel uses, all | 5,864 | 8,864 |",
        "| Channel uses against the first | +0.0 % | +51.2 % |",
    ]
    assert main(["study", "cost", str(out), "--paper", "--against", "interleaved"]) == 2
    assert "leave out --against" in capsys.readouterr().err
    assert main(["study", "cost", str(out), "--paper", "--snr", "3"]) == 2
    assert "unknown SNR '3'" in capsys.readouterr().err


def test_nothing_sent_is_an_empty_table(study_file: Path, tmp_path: Path) -> None:
    run(load(study_file), tmp_path / "out", work=fake_record)
    assert paper_table(tmp_path / "out").splitlines()[0] == "| Content |"
