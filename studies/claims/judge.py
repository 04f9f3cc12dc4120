"""The verdicts of a study, on paper: as a table, as files and in the report."""

import csv
import html
import io
import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from linksim.files import write_text
from studies.claims.estimate import Estimate
from studies.claims.load import CLAIMS, Claim, load
from studies.claims.results import MissingError, Results, read
from studies.claims.verdict import WORDS, Verdict, not_checked
from studies.run.record import finite
from studies.tables.markup import Cell, html_table, markdown_table, terminal_table

if TYPE_CHECKING:
    from rich.table import Table

COLUMNS = (
    "id", "place", "claim", "verdict", "value", "ci_low", "ci_high", "n", "unit", "why", "ablation",
)  # fmt: skip
HEAD = ["Place", "Claim", "Verdict", "Number", "Why"]
COLOURS: dict[str, str] = dict(zip(WORDS, ("green", "yellow", "red", "dim", "cyan"), strict=True))
Judged = list[tuple[Claim, Verdict]]


def judge(claims: Sequence[Claim], results: Results) -> Judged:
    """Give the verdict on every claim; where the results do not tell, it says why."""
    judged = []
    for claim in claims:
        try:
            verdict = claim.check.verdict(results)
        except MissingError as missing:
            verdict = not_checked(missing)
        judged.append((claim, verdict))
    return judged


def judge_folder(folder: Path, claims: Path = CLAIMS) -> Judged:
    """Judge a study as far as it has run.

    Parameters
    ----------
    folder : Path
        The study's output folder.
    claims : Path
        YAML file of the claims.

    Raises
    ------
    LinksimError
        If the folder is not that of a study or the claims make no sense.
    """
    return judge(load(claims), read(folder))


def write(folder: Path, judged: Judged) -> list[Path]:
    """Write ``claims.csv`` and ``claims.json`` into a study's folder."""
    lines = [_line(claim, verdict) for claim, verdict in judged]
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    paths = [folder / "claims.csv", folder / "claims.json"]
    write_text(paths[0], text.getvalue())
    write_text(paths[1], json.dumps(lines, indent=1, ensure_ascii=False) + "\n")
    return paths


def _line(claim: Claim, verdict: Verdict) -> dict[str, object]:
    estimate = verdict.estimate
    values = (
        claim.id,
        claim.place,
        claim.claim,
        verdict.word,
        *(finite(x) for x in (estimate.value, estimate.low, estimate.high)),
        estimate.n,
        verdict.unit,
        verdict.why,
        claim.ablation,
    )
    return dict(zip(COLUMNS, values, strict=True))


def summary(judged: Judged) -> str:
    """Count the verdicts, as in ``"3 reproduced, 1 reversed"``."""
    counts = Counter(verdict.word for _, verdict in judged)
    return ", ".join(f"{counts[word]} {word}" for word in WORDS if counts[word])


def table(judged: Judged) -> "Table":
    """Return the verdicts for a terminal."""
    rows: list[list[Cell]] = []
    for claim, verdict in judged:
        place, claimed, word, number, why = _cells(claim, verdict)
        rows.append([f"{claimed} ({place})", (word, COLOURS[word]), number, why])
    return terminal_table(HEAD[1:], rows, title=summary(judged), show_lines=True)


def markdown(judged: Judged) -> str:
    """Return the verdicts as a Markdown table, for a document."""
    table = markdown_table(HEAD, (_cells(*pair) for pair in judged), text_columns=len(HEAD))
    return f"{summary(judged)}\n\n{table}"


def claims_section(folder: Path) -> tuple[str, str]:
    """Return title and HTML of the verdicts on the paper's claims, for a study's report.

    The HTML is empty where a study has none of the schemes that the claims are about.

    Raises
    ------
    LinksimError
        For the reasons of `judge_folder`.
    """
    title, results = "Claims of the paper", read(folder)
    claims = load()
    if not {label for c in claims for label in c.check.schemes()} & set(results.schemes):
        return title, ""
    judged = judge(claims, results)
    rows: list[list[Cell]] = []
    for claim, verdict in judged:
        place, claimed, word, number, why = _cells(claim, verdict)
        rows.append(
            [place, claimed, (word, f"verdict {word.replace(' ', '-')}"), (number, "n"), why]
        )
    note = (
        f"<p>{html.escape(summary(judged))}. Numbers have 95 % intervals; differences are of "
        "trials that met the same fading.</p>"
    )
    return title, f'{note}<div class="scroll">{html_table(HEAD, rows)}</div>'


def _cells(claim: Claim, verdict: Verdict) -> list[str]:
    return [claim.place, claim.claim, verdict.word, _number(verdict), _why(claim, verdict)]


def _number(verdict: Verdict) -> str:
    text = interval(verdict.estimate)
    return f"{text} {verdict.unit}" if text else ""


def _why(claim: Claim, verdict: Verdict) -> str:
    return f"{verdict.why} [see study {claim.ablation}]" if claim.ablation else verdict.why


def interval(estimate: Estimate) -> str:
    """Return a number and its interval as text; empty if there is none."""
    if math.isnan(estimate.value):
        return ""
    return f"{estimate.value:.4g} [{estimate.low:.4g}, {estimate.high:.4g}]"
