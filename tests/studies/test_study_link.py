"""From the command line through the real link: one clip, a few seconds."""

import json
from pathlib import Path

import pytest

from linksim.media import read
from studies.cli import main
from studies.store import Store

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
    assert page.count("data:audio/wav;base64,") == 2

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
