"""The comparison of a scheme with the strongest digital baseline at each SNR."""

import html
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from baselines.digital.budget import TOLERANCE
from linksim.errors import LinksimError, unknown
from linksim.plugins import is_withheld
from linksim.streams.digital.base import DigitalEndpoint
from studies.claims.equal_quality import Saving, savings
from studies.claims.estimate import Estimate, mean
from studies.claims.judge import interval
from studies.claims.results import (
    CHANNEL_USES,
    MissingError,
    Results,
    higher_is_better,
    read,
    unit_of,
)
from studies.run.store import Store
from studies.spec.study import Study
from studies.tables.markup import Cell, html_table, terminal_table

if TYPE_CHECKING:
    from rich.table import Table

SCHEME = "Wav2Vid"
METRICS = ("ms_ssim", "mouth_psnr", "lse_c", "fid", "kid", "pesq")
AHEAD, BEHIND, EVEN, OPEN = "ahead", "behind", "even", "open"
COLOURS = {AHEAD: "green", BEHIND: "red", EVEN: "yellow", OPEN: "dim"}


@dataclass(frozen=True)
class Match:
    """A scheme against the strongest of its rivals, by one metric at one SNR.

    Parameters
    ----------
    metric : str
        Metric that is compared.
    snr_db : float
        Mean Es/N0 in dB.
    equal : bool
        Whether only rivals are looked at that take no more channel uses, to within 5 %.
    word : str
        ``"ahead"`` or ``"behind"`` if the interval of the difference lies on one side of 0,
        ``"even"`` if not, ``"open"`` if nothing can be said.
    ours, theirs : float
        Means.
    our_uses, their_uses : float
        Mean data channel uses of the whole transmission.
    difference : Estimate
        Ours minus theirs, of trials that met the same fading.
    rival : str
        Its label, or why there is none.
    """

    metric: str
    snr_db: float
    equal: bool
    word: str
    ours: float
    theirs: float
    our_uses: float
    their_uses: float
    difference: Estimate
    rival: str


NAN = float("nan")


def compare(results: Results, scheme: str, rivals: Sequence[str]) -> list[Match]:
    """Match a scheme with its strongest rival, by each metric, at each SNR.

    The strongest is the one with the best mean of those very trials, which favours the rivals a
    little.

    Parameters
    ----------
    results : Results
        Results of a study.
    scheme : str
        Label of the scheme.
    rivals : sequence of str
        Labels of the rivals.
    """
    matches = []
    for metric in METRICS:
        try:
            name = results.quantity(metric)
        except MissingError:
            continue
        for equal in (True, False):
            matches += [_match(results, name, snr, equal, scheme, rivals) for snr in results.snr_db]
    return matches


def _match(
    results: Results, name: str, snr_db: float, equal: bool, scheme: str, rivals: Sequence[str]
) -> Match:
    ours = our_uses = theirs = their_uses = NAN
    word, difference = OPEN, Estimate(NAN, NAN, NAN, 0)
    try:
        ours = _mean(results, scheme, snr_db, name)
        our_uses = _mean(results, scheme, snr_db, CHANNEL_USES)
        rival = _strongest(results, name, snr_db, rivals, our_uses if equal else None)
        theirs = _mean(results, rival, snr_db, name)
        their_uses = _mean(results, rival, snr_db, CHANNEL_USES)
    except MissingError as missing:
        rival = str(missing)
    else:
        with suppress(MissingError):  # with one trial there is no interval
            pairs = results.pairs(scheme, rival, snr_db, name)
            difference = mean([pairs[:, 0] - pairs[:, 1]])
            word = _word(difference, higher_is_better(name))
    return Match(name, snr_db, equal, word, ours, theirs, our_uses, their_uses, difference, rival)


def _word(difference: Estimate, higher: bool) -> str:
    sides = {AHEAD: difference.low > 0, BEHIND: difference.high < 0}
    if not higher:
        sides = {AHEAD: sides[BEHIND], BEHIND: sides[AHEAD]}
    return next((word for word, so in sides.items() if so), EVEN)


def _mean(results: Results, scheme: str, snr_db: float, name: str) -> float:
    values = results.sample(scheme, snr_db, name).values()
    return sum(values) / len(values)


def _strongest(
    results: Results, name: str, snr_db: float, rivals: Sequence[str], most: float | None
) -> str:
    """Return the rival with the best mean, of those that take no more channel uses."""
    means, uses, reasons = {}, {}, []
    for rival in rivals:
        try:
            uses[rival] = _mean(results, rival, snr_db, CHANNEL_USES)
            if most is None or uses[rival] <= (1 + TOLERANCE) * most:
                means[rival] = _mean(results, rival, snr_db, name)
        except MissingError as missing:
            reasons.append(str(missing))
    least = min(uses.values(), default=0.0)
    if most is not None and least > (1 + TOLERANCE) * most:
        raise MissingError(f"none sends as little; the least is {least:,.0f}")
    if not means:
        raise MissingError("; ".join(["no digital baseline", *reasons[:1]]))
    sign = 1 if higher_is_better(name) else -1
    return max(means, key=lambda rival: sign * means[rival])


def compare_folder(folder: Path, scheme: str = SCHEME) -> tuple[list[Match], list[str]]:
    """Match a scheme of a study with the study's digital schemes, as far as it has run.

    Returns
    -------
    tuple
        The matches, and the lines of `saving_lines`.

    Raises
    ------
    LinksimError
        If the folder is not that of a study, or it has no such scheme or no digital one.
    """
    study, _ = Store(folder).study()
    labels = [s.label for s in study.swept]
    if scheme not in labels:
        raise unknown("scheme", scheme, labels)
    rivals = _rivals(study, scheme)
    if not rivals:
        raise LinksimError(f"{folder}: the study has no digital scheme to compare with")
    results = read(folder)
    return compare(results, scheme, rivals), saving_lines(results, scheme, rivals)


def _rivals(study: Study, scheme: str) -> list[str]:
    known = (s for s in study.swept if not is_withheld(s.scheme))
    digital = (s.label for s in known if isinstance(s.endpoint(), DigitalEndpoint))
    return [label for label in digital if label != scheme]


def summary(matches: Sequence[Match]) -> list[str]:
    """Say by each metric at which SNR the scheme is ahead, even and behind."""
    lines = []
    for equal in (True, False):
        for metric in dict.fromkeys(m.metric for m in matches):
            mine = [m for m in matches if (m.metric, m.equal) == (metric, equal)]
            parts = []
            for word in COLOURS:
                at = [f"{m.snr_db:g}" for m in mine if m.word == word]
                parts += [f"{word} at {', '.join(at)} dB"] if at else []
            lines.append(f"{unit_of(metric)}, {_against(equal)}: {'; '.join(parts)}")
    return lines


def saving_lines(results: Results, scheme: str, rivals: Sequence[str]) -> list[str]:
    """Say by each metric what the scheme saves at each SNR, against the rivals' curve."""
    lines = []
    for metric in METRICS:
        try:
            name = results.quantity(metric)
        except MissingError:
            continue
        found = savings(results, name, scheme, rivals)
        parts = [f"{x.snr_db:g} dB {_saved(x)}" for x in found]
        lines.append(f"{unit_of(name)}, uses saved at equal quality: {'; '.join(parts)}")
    return lines


def _saved(found: Saving) -> str:
    if found.note:
        return f"– ({found.note})"
    low, high = found.saving.low, found.saving.high
    spread = "" if low != low else f" [{100 * low:.0f}, {100 * high:.0f}]"
    return f"{100 * found.saving.value:+.0f} %{spread}"


def table(matches: Sequence[Match], scheme: str, *, equal: bool) -> "Table":
    """Return the matches at equal channel uses, or at any, for a terminal."""
    rows = [[*_cells(m), (m.word, COLOURS[m.word])] for m in matches if m.equal == equal]
    title = f"{scheme} against the strongest digital, {_against(equal)}"
    return terminal_table(_head(scheme), rows, title=title)


def fair_section(folder: Path, scheme: str = SCHEME) -> tuple[str, str]:
    """Return title and HTML of the comparison, for a study's report.

    The HTML is empty where a study has no such scheme, or no digital one.

    Raises
    ------
    LinksimError
        If the folder is not that of a study.
    """
    title, study = "Fair comparison", Store(folder).study()[0]
    rivals = _rivals(study, scheme)
    if scheme not in [s.label for s in study.swept] or not rivals:
        return title, ""
    results = read(folder)
    matches = compare(results, scheme, rivals)
    lines = [*summary(matches), *saving_lines(results, scheme, rivals)]
    parts = [f"<ul>{''.join(f'<li>{html.escape(line)}</li>' for line in lines)}</ul>"]
    for equal in (True, False):
        rows = [[*_cells(m), (m.word, f"verdict {m.word}")] for m in matches if m.equal == equal]
        table = html_table(_head(scheme), rows)
        parts.append(f'<h3>{_against(equal).capitalize()}</h3><div class="scroll">{table}</div>')
    return title, "".join(parts)


def _against(equal: bool) -> str:
    return "at no more channel uses" if equal else "at any channel uses"


def _head(scheme: str) -> tuple[str, ...]:
    names = ("Strongest digital", "Its value", "Its uses", "Difference, 95 %", "Verdict")
    return ("Metric", "SNR (dB)", scheme, "Uses", *names)


def _cells(match: Match) -> list[Cell]:
    return [
        match.metric,
        f"{match.snr_db:g}",
        _plain(match.ours, ".4g"),
        _plain(match.our_uses, ",.0f"),
        match.rival,
        _plain(match.theirs, ".4g"),
        _plain(match.their_uses, ",.0f"),
        interval(match.difference) or "–",
    ]


def _plain(value: float, style: str) -> str:
    return "–" if value != value else format(value, style)
