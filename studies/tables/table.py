"""A study's result as a Markdown table, as model cards hold."""

import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from linksim.errors import LinksimError, unknown
from linksim.metrics import METRICS
from studies.run.frames import frames
from studies.run.kinds import KINDS
from studies.run.plan import Point
from studies.run.record import OK, uses_per_pixel, uses_per_sample
from studies.run.store import Store
from studies.spec.figure import BLER
from studies.spec.scheme import BOUND_CHANNEL
from studies.spec.study import Study
from studies.tables.markup import markdown_table


def markdown(
    folder: Path,
    *,
    metric: str | None = None,
    channel: str | None = None,
    kind: str | None = None,
) -> str:
    """Tabulate the means of one metric: a line a scheme, a column an SNR.

    Parameters
    ----------
    folder : Path
        The study's output folder.
    metric : str, optional
        A metric of the study or ``"bler"``; by default the first.
    channel : str, optional
        A channel of the study; by default the first. Bounds are in every table.
    kind : {"speech", "music", "bits"}, optional
        Clips to tabulate; by default the study's first.

    Returns
    -------
    str
        Markdown, without a newline at its end.

    Raises
    ------
    LinksimError
        If the folder is not that of a study, or the study has no such metric, channel or kind.
    """
    store = Store(folder)
    study, clips = store.study()
    metrics = (*study.metrics, BLER)
    metric = _known("metric", metric or metrics[0], metrics)
    channel = _known("channel", channel or study.channels[0], study.channels)
    kind = _known("kind of clip", kind or clips[0].kind, KINDS)
    names = [clip.name for clip in clips if clip.kind == kind]
    if not names:
        raise LinksimError(f"{folder}: the study has no clips of {kind}")
    shown = [p for p in store.planned() if p.clip.kind == kind]
    records = {p.id: r for p in shown if (r := store.load(p)) and r["status"] == OK}
    means = {
        (r["channel"], r["scheme"], float(r["snr_db"])): r
        for r in store.read_table("summary.csv")
        if (r["metric"], r["kind"]) == (metric, kind)
    }
    per_pixel = metric != BLER and METRICS[metric].kind == "video"
    cost = "Uses per pixel" if per_pixel else "Uses per sample"
    head = ["Scheme", cost, *(f"{snr:g} dB" for snr in study.snr_db)]
    lines = []
    for where, label in (c for c in study.curves if c[0] == channel or _is_bound(study, c[1])):
        mine = [p for p in shown if (p.channel, p.scheme.label) == (where, label)]
        cells = [_cell(means.get((where, label, snr))) for snr in study.snr_db]
        lines.append([label, _uses(mine, records, per_pixel), *cells])
    unit = "pixel" if per_pixel else "16 kHz sample"
    label = "Block error rate" if metric == BLER else METRICS[metric].label
    measured = " of ".join(filter(None, (label, frames(store, metric, kind))))
    return f"{markdown_table(head, lines)}\n\n{_note(study, measured, channel, kind, names, unit)}"


def _known(what: str, name: str, names: Sequence[str]) -> str:
    if name not in names:
        raise unknown(what, name, names)
    return name


def _is_bound(study: Study, label: str) -> bool:
    return label in (bound.label for bound in study.bounds)


def _cell(row: Mapping[str, str] | None) -> str:
    """Return a mean, marked where it is over some of the trials alone."""
    if row is None or math.isnan(float(row["mean"])):
        return "–"
    return f"{float(row['mean']) + 0.0:.3g}" + ("*" if row["missing"] != "0" else "")


def _uses(points: Sequence[Point], records: Mapping[str, Any], per_pixel: bool) -> str:
    """Return the mean over clips, trials and, where it differs, SNR; bounds differ."""
    rate = uses_per_pixel if per_pixel else uses_per_sample
    uses = [rate(records[p.id], p.clip) for p in points if p.id in records]
    sent = [value for value in uses if not math.isnan(value)]
    return f"{statistics.fmean(sent):.3g}" if sent else "–"


def _note(
    study: Study, measured: str, channel: str, kind: str, names: Sequence[str], unit: str
) -> str:
    amount = f"{len(names)} × {study.trials} clips × trials"
    ceilings = f" Bounds are over `{BOUND_CHANNEL}`." if study.bounds else ""
    return (
        f"{measured}, mean over {amount} ({kind}: {', '.join(names)}); channel `{channel}`, SNR is "
        f"Es/N0.{ceilings} Channel uses per {unit} are without pilots. –: no value; "
        "*: some trials have none."
    )
