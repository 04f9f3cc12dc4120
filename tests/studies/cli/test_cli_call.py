"""``linksim send`` with a delay budget, and what a study says of time."""

import json
from pathlib import Path

import numpy as np
import pytest

from linksim.media import Clip, write
from studies.cli.main import main
from studies.spec.load import load

BUDGET = ["--delay-budget", "150"]


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    """Half a second of sound, 16 kHz."""
    rng = np.random.default_rng(0)
    audio = (0.1 * np.sin(np.arange(8000) / 8) + rng.normal(0, 0.01, 8000)).astype(np.float32)
    path = tmp_path / "sound.wav"
    write(Clip(audio=audio, sample_rate=16_000), path)
    return path


def send(clip: Path, out: Path, *more: str) -> int:
    options = ["--scheme", "opus", "--channel", "awgn", "--snr", "15", "--link", "subcarriers=24"]
    return main(["send", str(clip), *options, "--out", str(out), *more])


def test_a_call_says_what_was_when(
    speech: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert send(speech, tmp_path / "out", *BUDGET) == 0
    printed = capsys.readouterr().out
    report = json.loads((tmp_path / "out/report.json").read_text())
    assert report["options"]["low_delay"] is True
    delay, slots = report["delay"]["audio"], report["slots"]
    assert 27 < delay["p50_ms"] <= delay["p95_ms"] <= 150
    assert delay["late"] == delay["lost"] == 0
    assert delay["units"] == 26  # 25 of 20 ms, and one for the encoder's delay
    assert 0 < slots["used"] < slots["granted"]
    assert slots["seconds"] == pytest.approx(0.5, abs=0.2)
    assert (tmp_path / "out/timeline.png").stat().st_size > 10_000
    assert "0 late and 0 lost of 26 units" in printed
    took = report["computing_s_per_s"]
    assert set(took) == {"encode", "link", "decode"}
    assert min(took.values()) > 0
    assert f"computing  encode {took['encode']:.2f} s" in printed
    cost = report["accounting"]
    assert cost["channel_uses"] + cost["overhead_uses"] == slots["used"] * 24 * 14


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--delay-budget", "20"], "scheme 'opus' needs 27.125 ms, and the delay budget is 20 ms"),
        (["--delay-budget", "0.5"], "delay_budget must be between 1 and"),
        (["--delay-budget", "-3"], "delay_budget must be"),
        (["--delay-budget", "nan"], "'delay_budget' must be a number"),
        ([*BUDGET, "--link", "grant=3/2"], "grant '3/2'"),
        ([*BUDGET, "--link", "pace=burst"], "needs slots with a clock"),
        ([*BUDGET, "--link", "pace=hourly"], "pace"),
    ],
)
def test_what_no_call_can_have_gives_one_line(
    more: list[str],
    message: str,
    speech: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert send(speech, tmp_path / "out", *more) == 2
    said = capsys.readouterr().err.strip()
    assert message in said
    assert "\n" not in said


def test_a_scheme_for_whole_clips_is_refused_on_a_clock(
    speech: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--option", "side_information=digital", "--option", "uses_per_sample=1"]
    argv = ["send", str(speech), "--scheme", "analog", "--channel", "awgn", "--snr", "15"]
    assert main([*argv, *more, *BUDGET, "--out", str(tmp_path / "out")]) == 2
    assert "\n" not in capsys.readouterr().err.strip()


def test_the_study_of_conversations_holds_all_schemes_to_one_budget() -> None:
    study = load("conversation")
    links = [scheme.link_config("rayleigh") for scheme in study.schemes]
    assert {(link.delay_budget, link.grant, link.subcarriers) for link in links} == {
        (150, "1/4", 48)
    }
    assert {"delay_p95", "late"} <= set(study.metrics)


def test_the_map_compares_groups_in_the_same_slots() -> None:
    study = load("map")
    links = {(s.link_config(c).delay_budget, s.link_config(c).harq) for s in study.swept
             for c in study.channels}  # fmt: skip
    assert links == {(150, 4)}
    (first, *_) = maps = [figure for figure in study.figures if figure.kind == "map"]
    assert {figure.metric for figure in maps} <= set(study.metrics)
    grouped = [label for labels in first.curves.values() for label in labels]
    assert sorted(grouped) == sorted(scheme.label for scheme in study.schemes)
    assert study.trials >= 3  # fewer have no interval
