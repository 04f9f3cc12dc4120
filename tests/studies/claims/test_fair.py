"""The strongest digital baseline is found, and won against or lost to."""

import math
from pathlib import Path
from typing import Any

import pytest
from fake_parts import fake_record

from linksim.media import Clip, write
from studies.claims.fair import Match, compare, fair_section, summary
from studies.claims.results import Results
from studies.cli.main import main
from studies.run.plan import Point
from studies.run.runner import run
from studies.spec.load import load

TRIALS = (("talk", 0), ("talk", 1), ("talk", 2))
NOISE = (0.02, -0.01, -0.01)


def made(quality: dict[str, float], uses: dict[str, float], metric: str = "ms_ssim") -> Results:
    """Return results at 10 dB, the noise of trials being the same for all."""
    values = {
        (scheme, 10.0, metric): {t: mean + x for t, x in zip(TRIALS, NOISE, strict=True)}
        for scheme, mean in quality.items()
    }
    values |= {(s, 10.0, "channel_uses"): dict.fromkeys(TRIALS, n) for s, n in uses.items()}
    return Results(tuple(quality), (metric,), (10.0,), TRIALS, values)


USES = {"ours": 100.0, "weak": 90.0, "strong": 104.0, "rich": 300.0}


def matched(quality: dict[str, float], metric: str = "ms_ssim") -> tuple[Match, Match]:
    equal, free = compare(made(quality, USES, metric), "ours", ["weak", "strong", "rich"])
    return equal, free


def test_the_strongest_at_no_more_uses_is_found() -> None:
    equal, free = matched({"ours": 0.92, "weak": 0.7, "strong": 0.9, "rich": 0.98})
    assert (equal.rival, equal.word, equal.their_uses) == ("strong", "ahead", 104.0)
    assert equal.difference.value == pytest.approx(0.02)
    assert (free.rival, free.word, free.their_uses) == ("rich", "behind", 300.0)


def test_lower_is_better_for_some() -> None:
    equal, free = matched({"ours": 5.0, "weak": 9.0, "strong": 6.0, "rich": 4.0}, "fid")
    assert (equal.rival, equal.word) == ("strong", "ahead")
    assert (free.rival, free.word) == ("rich", "behind")


def test_a_tie_is_even() -> None:
    equal, _ = matched({"ours": 0.9, "weak": 0.7, "strong": 0.9, "rich": 0.9})
    assert equal.word == "even"


def test_where_nothing_can_be_said_it_says_why() -> None:
    quality = {"ours": 0.9, "weak": 0.7, "strong": 0.9, "rich": 0.9}
    large = dict.fromkeys(("weak", "strong", "rich"), 1000.0) | {"ours": 100.0}
    (equal, free) = compare(made(quality, large), "ours", ["weak", "strong", "rich"])
    assert (equal.word, equal.rival) == ("open", "none sends as little; the least is 1,000")
    assert free.word == "even"
    results = made(quality, USES)
    results.values["ours", 10.0, "ms_ssim"][TRIALS[0]] = math.nan
    del results.values["weak", 10.0, "ms_ssim"][TRIALS[0]]
    equal, _ = compare(results, "ours", ["weak"])
    assert equal.word == "open"
    assert "1 of 3 points of weak at 10 dB are missing" in equal.rival


def test_summary_names_the_snr_values() -> None:
    lines = summary(matched({"ours": 0.92, "weak": 0.7, "strong": 0.9, "rich": 0.98}))
    assert lines == [
        "MS-SSIM, at no more channel uses: ahead at 10 dB",
        "MS-SSIM, at any channel uses: behind at 10 dB",
    ]


STUDY = """\
name: fair
clips: [talk.mp4]
channels: [awgn]
snr_db: [10]
trials: 2
metrics: [ms_ssim]
schemes:
  - {label: Wav2Vid, scheme: fake}
  - {label: H.265, scheme: traditional, options: {audio: none}}
"""


def measured(point: Point, folder: Path) -> dict[str, Any]:
    record = fake_record(point, folder)
    value = 0.9 if point.scheme.label == "Wav2Vid" else 0.8
    record["metrics"]["ms_ssim"] = {"value": value, "n": 3, "reason": ""}
    return record


def test_the_command_and_the_section(
    tmp_path: Path, small_clip: Clip, capsys: pytest.CaptureFixture[str]
) -> None:
    write(small_clip, tmp_path / "talk.mp4")
    (tmp_path / "fair.yaml").write_text(STUDY)
    folder = tmp_path / "out"
    run(load(tmp_path / "fair.yaml"), folder, work=measured)
    assert main(["study", "fair", str(folder)]) == 0
    assert "MS-SSIM, at no more channel uses: ahead at 10 dB" in capsys.readouterr().out
    title, page = fair_section(folder)
    assert title == "Fair comparison"
    assert page.count('<td class="verdict ahead">ahead</td>') == 2
    assert main(["study", "fair", str(folder), "--scheme", "Wav2Vd"]) == 2
    assert "unknown scheme 'Wav2Vd'; did you mean 'Wav2Vid'" in capsys.readouterr().err


def test_a_study_without_digital_schemes_is_refused(
    study_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(load(study_file), tmp_path / "out", work=fake_record)
    assert fair_section(tmp_path / "out", "interleaved") == ("Fair comparison", "")
    assert main(["study", "fair", str(tmp_path / "out"), "--scheme", "interleaved"]) == 2
    assert "has no digital scheme to compare with" in capsys.readouterr().err
