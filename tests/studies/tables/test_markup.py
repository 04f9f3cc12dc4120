"""Text in tables: as it stands in Markdown, and never a formula of a spreadsheet."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_parts import fake_record

from studies.cli.main import main
from studies.run.runner import run
from studies.run.store import Store
from studies.spec.load import load
from studies.tables.markup import escaped


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", r"a\|b"),
        ("<b>x</b>", r"\<b>x\</b>"),
        ("*x* _y_", r"\*x\* \_y\_"),
        ("[x](y)", r"[x\](y)"),
        ("`x`", r"\`x\`"),
        ("\\", r"\\"),
        ("$x$", r"\$x\$"),
        ("&lt;", r"\&lt;"),
        ("lse_c at 5 < 6, R&D, 0.5*", "lse_c at 5 < 6, R&D, 0.5*"),
        ("[0.1, 0.2]", "[0.1, 0.2]"),
        ("two\nlines", "two lines"),
    ],
)
def test_marks_are_escaped(text: str, shown: str) -> None:
    assert escaped(text) == shown


@pytest.mark.parametrize("label", ["=1+1", "+x", "-x", "@x", "'=x", "'plain", "-5"])
def test_no_cell_is_a_formula(
    label: str,
    study_text: str,
    write_study: Callable[[str], Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = study_text.replace("label: interleaved", f'label: "{label}"')
    run(load(write_study(text), overrides=["snr_db=5"]), tmp_path / "out", work=fake_record)
    for name in ("results.csv", "summary.csv"):
        for line in (tmp_path / "out" / name).read_text().splitlines():
            for cell in line.split(","):
                assert cell[:1] not in ("=", "+", "-", "@") or float(cell) < 0
        found = {row["scheme"] for row in Store(tmp_path / "out").read_table(name)}
        assert found == {"plain, 16QAM", label}
    assert main(["study", "table", str(tmp_path / "out"), "--metric", "nrmse"]) == 0
    assert f"| {label} |" in capsys.readouterr().out


def test_points_that_are_not_asked_for_are_kept_and_marked(
    study_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    run(load(study_file), out, work=fake_record)
    whole = (out / "results.csv").read_bytes()
    summary = (out / "summary.csv").read_text()
    done = run(load(study_file, overrides=["snr_db=[5]", "trials=1"]), out, work=fake_record)
    assert (done.points, done.kept, done.run, done.beside) == (4, 4, 0, 20)
    table = Store(out).read_table("results.csv")
    earlier = [row for row in table if row["status"].endswith("; of an earlier run")]
    assert (len(table), len(earlier)) == (24 * 3, 20 * 3)
    assert {(r["snr_db"], r["trial"]) for r in table if r not in earlier} == {("5.0", "0")}
    values = {tuple(row[n] for n in ("scheme", "channel", "snr_db", "trial", "metric", "value"))
              for row in table}  # fmt: skip
    assert len(values) == 72
    assert len((out / "summary.csv").read_text().splitlines()) == 1 + 4 * 3
    run(load(study_file), out, work=fake_record)
    assert (out / "results.csv").read_bytes() == whole
    assert (out / "summary.csv").read_text() == summary
