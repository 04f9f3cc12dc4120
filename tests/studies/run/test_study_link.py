"""From the command line through the real link: one clip, a few seconds."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from linksim.media import Clip, read, write
from studies.claims.results import MissingError
from studies.claims.results import read as read_results
from studies.cli.main import main
from studies.run.store import Store

STUDY = """\
name: tone
clips: [tone.wav]
channels: [awgn]
snr_db: [20]
metrics: [nrmse]
schemes:
  - label: PCM
    scheme: traditional
    link: {modulation: qpsk, estimator: perfect, subcarriers: 24}
"""


@pytest.mark.usefixtures("study_file")
def test_send_and_study_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tone, sent = tmp_path / "tone.wav", tmp_path / "sent"
    link = [f"--link={kv}" for kv in ("modulation=qpsk", "estimator=perfect", "subcarriers=24")]
    where = ["--scheme", "traditional", "--channel", "awgn", "--snr", "20", "--out", str(sent)]
    assert main(["send", str(tone), *where, *link]) == 0
    report = json.loads((sent / "report.json").read_text())
    assert report["metrics"]["nrmse"] == pytest.approx(0.0, abs=1e-6)
    assert report["metrics"]["psnr"] is None
    assert report["undefined"]["psnr"]
    assert all(report["block_ok"]["audio"])
    assert len(read(sent / "received.wav").audio) == len(read(tone).audio)

    (tmp_path / "tone.yaml").write_text(STUDY)
    assert main(["study", "run", str(tmp_path / "tone.yaml"), "--out", str(tmp_path / "out")]) == 0
    nrmse, bler = Store(tmp_path / "out").read_table("results.csv")
    assert float(nrmse["value"]) == report["metrics"]["nrmse"]
    assert float(bler["value"]) == 0.0
    accounting = report["accounting"]
    assert int(nrmse["channel_uses"]) == accounting["channel_uses"]
    assert int(nrmse["overhead_uses"]) == accounting["overhead_uses"]
    page = (tmp_path / "out" / "report.html").read_text()
    # What arrived is the original, so the page holds its bytes once.
    assert page.count("data:audio/wav;base64,") == 1

    capsys.readouterr()
    assert main(["study", "cost", str(tmp_path / "out")]) == 0
    head, _, line = capsys.readouterr().out.strip().splitlines()
    assert head.startswith("| Scheme | Channel uses | Against PCM |")
    cells = dict(zip(head.split(" | "), line.split(" | "), strict=True))
    assert cells["Channel uses"] == f"{accounting['channel_uses']:,}"
    streams = {name: f"{a['channel_uses']:,}" for name, a in report["per_stream"].items()}
    assert {name: cells[name] for name in streams} == streams
    assert cells["Bytes"] == f"{accounting['payload_bits'] // 8:,}"
    assert main(["study", "cost", str(tmp_path / "out"), "--snr", "3"]) == 2
    assert "unknown SNR '3'; known: 20" in capsys.readouterr().err
    assert main(["study", "cost", str(tmp_path / "out"), "--against", "PCN"]) == 2
    assert "unknown scheme 'PCN'; known: PCM" in capsys.readouterr().err


BUDGETED = """\
name: budgeted
clips: [talk.mp4]
channels: [awgn]
snr_db: [20]
metrics: [psnr]
schemes:
  - label: tight
    scheme: traditional
    options: {audio: none, preset: ultrafast, uses_per_pixel: 0.001, mcs: MCS}
"""


def test_a_budget_that_the_channel_rules_out_leaves_no_value(
    tmp_path: Path, make_clip: Callable[..., Clip], capsys: pytest.CaptureFixture[str]
) -> None:
    write(make_clip(count=4, height=144, width=176, seconds=0.16), tmp_path / "talk.mp4")
    study, out = tmp_path / "budgeted.yaml", tmp_path / "out"
    study.write_text(BUDGETED.replace("MCS", "robust"))
    assert main(["study", "run", str(study), "--out", str(out)]) == 0
    psnr, bler = Store(out).read_table("results.csv")
    assert (psnr["value"], bler["value"]) == ("nan", "nan")
    assert "is too small: at the lowest quality it takes" in psnr["status"]
    results = read_results(out)
    with pytest.raises(MissingError, match="channel_uses of tight at 20 dB: a budget of"):
        results.one("tight", 20.0, "channel_uses")

    study.write_text(BUDGETED.replace("MCS", "link"))
    capsys.readouterr()
    assert main(["study", "run", str(study), "--out", str(tmp_path / "other")]) == 2
    assert "is too small" in capsys.readouterr().err
