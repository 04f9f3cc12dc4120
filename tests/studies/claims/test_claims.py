"""The paper's claims as they are, bad ones, and what the command and the report say."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_parts import fake_record
from made_up import made

from linksim.errors import LinksimError
from studies.claims.judge import claims_section, judge, judge_folder, write
from studies.claims.load import load as load_claims
from studies.claims.results import read
from studies.cli.main import main
from studies.run.plan import Point
from studies.run.runner import run
from studies.spec.load import load, study_names


def test_the_papers_claims_fit_the_paper_study() -> None:
    claims, study = load_claims(), load("paper")
    labels = {scheme.label for scheme in study.schemes} | {"Txt2Vid"}
    costs = {"paper_units", "paper_units.audio", "paper_units.video", "channel_uses"}
    assert len(claims) >= 15
    for claim in claims:
        assert set(claim.check.schemes()) <= labels, claim.id
        assert set(claim.check.quantities()) <= {*study.metrics, *costs}, claim.id
        low, high = claim.check.snr_db
        assert [snr for snr in study.snr_db if low <= snr <= high], claim.id
    assert {c.check.kind for c in claims} >= {"ordering", "closeness", "crossover", "reduction"}
    assert "claims" not in study_names()


@pytest.mark.parametrize("name", [n for n in study_names() if n.startswith("ablation")])
def test_ablations_can_be_run_and_belong_to_a_claim(name: str) -> None:
    study = load(name)
    assert study.name == name
    assert name in {claim.ablation for claim in load_claims()}


GOOD = """\
claims:
  - id: one
    place: Fig. 1
    claim: A is better than B.
    check: {kind: ordering, metric: psnr, better: "plain, 16QAM", worse: interleaved}
  - id: two
    place: Fig. 2
    claim: It rises.
    check: {kind: monotone, metric: nrmse, scheme: interleaved}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("claims:", "claim:", "claims.yaml"),
        ("id: two", "id: one", "claims.yaml:6: claims.1.id: 'one' is given twice"),
        ("kind: ordering", "kind: orderly", "claims.yaml:5"),
        ("metric: psnr", "metric: psrn", "unknown quantity 'psrn'; did you mean 'psnr'"),
        ("worse:", "worst:", "claims.yaml:5"),
        ("    claim: It rises.\n", "", "claims.yaml:6"),
        ("rises.", "rises.\n    ablation: quik", "unknown study 'quik'; did you mean 'quick'"),
        ("scheme: interleaved", "scheme: interleaved, snr_db: [9, 1]", "9 to 1 dB is reversed"),
        ("scheme: interleaved", "scheme: interleaved, snr_db: [9]", "claims.yaml:9"),
        (
            "{kind: monotone, metric: nrmse, scheme: interleaved}",
            "{kind: bound, metric: nrmse, scheme: interleaved}",
            "a bound needs 'at_least' or 'at_most'",
        ),
    ],
)
def test_bad_claims_are_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "claims.yaml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(LinksimError) as error:
        load_claims(path)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def steady(point: Point, folder: Path) -> dict[str, Any]:
    """Make the first scheme better, and leave out what is not to be there."""
    record = fake_record(point, folder)
    better = point.scheme.label != "interleaved"
    value = 1.0 / (1 + point.snr_db) + (0.0 if better else 0.5) + 0.01 * point.trial
    record["metrics"] = {m: {"value": value, "n": 3, "reason": ""} for m in point.metrics}
    return record


@pytest.fixture
def judged_study(study_file: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A study that has run, and claims about it."""
    text = GOOD.replace("metric: psnr", "metric: nrmse").replace("rises.", "rises <always>.")
    (tmp_path / "claims.yaml").write_text(text)
    run(load(study_file), tmp_path / "out", work=steady)
    return tmp_path / "out", tmp_path / "claims.yaml"


def test_the_command_writes_verdicts(
    judged_study: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, claims = judged_study
    assert main(["study", "claims", str(folder), "--claims", str(claims)]) == 0
    assert "1 reproduced, 1 reversed" in capsys.readouterr().out
    with (folder / "claims.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["verdict"] for row in rows] == ["reproduced", "reversed"]
    assert float(rows[0]["value"]) == pytest.approx(-0.5)
    assert json.loads((folder / "claims.json").read_text())[1]["id"] == "two"
    assert main(["study", "claims", str(folder), "--claims", str(claims), "--markdown"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1 reproduced, 1 reversed"
    assert lines[2:4] == [
        "| Place | Claim | Verdict | Number | Why |",
        "| --- | --- | --- | --- | --- |",
    ]
    assert [line.split(" | ")[2] for line in lines[4:]] == ["reproduced", "reversed"]


def test_verdicts_need_no_finished_study(judged_study: tuple[Path, Path]) -> None:
    folder, claims = judged_study
    next(iter((folder / "points").glob("interleaved_rayleigh_5dB*"))).unlink()
    judged = judge_folder(folder, claims)
    assert {verdict.word for _, verdict in judged} == {"not checked"}
    assert "of interleaved at 5 dB are missing" in judged[0][1].why
    line = json.loads(write(folder, judged)[1].read_text())[0]
    assert (line["value"], line["n"]) == (None, 0)
    (folder / "bench_call.json").write_text("[]")
    with pytest.raises(LinksimError, match="not what 'linksim bench call --json' writes"):
        read(folder)


def test_the_section_is_html_of_the_papers_claims(
    judged_study: tuple[Path, Path], write_study: Callable[[str], Path], tmp_path: Path
) -> None:
    title, page = claims_section(judged_study[0])
    assert (title, page) == ("Claims of the paper", "")  # of other schemes
    text = (tmp_path / "small.yaml").read_text().replace("label: interleaved", "label: DVST")
    run(load(write_study(text)), tmp_path / "other", work=steady)
    page = claims_section(tmp_path / "other")[1]
    assert page.count("<tr>") == 1 + len(load_claims())
    assert "the study has no scheme &#x27;Wav2Vid&#x27;" in page


def test_bad_input_to_the_command(
    judged_study: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = judged_study
    for arguments, message in (
        ([str(tmp_path)], "not a study's folder"),
        ([str(folder), "--claims", str(tmp_path / "none.yaml")], "cannot be read"),
    ):
        assert main(["study", "claims", *arguments]) == 2
        assert message in capsys.readouterr().err


def test_judging_asks_each_claim_once() -> None:
    judged = judge(load_claims(), made({}))
    assert [claim.id for claim, _ in judged] == [claim.id for claim in load_claims()]
    assert all(verdict.why for _, verdict in judged)
