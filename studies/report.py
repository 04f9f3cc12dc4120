"""A report in one HTML file that needs no network: figures, tables, clips, settings."""

import base64
import html
import json
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from linksim.metrics import METRICS
from studies.atomic import write_text
from studies.figures import draw_all
from studies.plan import Point, plan
from studies.record import BLER, OK
from studies.schema import Study
from studies.store import Store

TEMPLATE = Path(__file__).with_name("report.html")
_MIME = {".png": "image/png", ".mp4": "video/mp4", ".wav": "audio/wav"}


def write_report(folder: Path, *, theory: bool = False) -> Path:
    """Write ``report.html`` of a study that has run, in whole or in part.

    Parameters
    ----------
    folder : Path
        The study's output folder.
    theory : bool
        Passed to `studies.figures.draw_all`.

    Returns
    -------
    Path
        The file.
    """
    store = Store(folder)
    study, clips = store.study()
    figures = [path for path in draw_all(folder, theory=theory) if path.suffix == ".png"]
    points = plan(study, clips)
    records = {p.id: r for p in points if (r := store.load(p)) and r["status"] == OK}
    parts = {
        "title": html.escape(study.title or study.name),
        "lead": _lead(study, len(points), len(records)),
        "figures": "".join(_figure(path) for path in figures),
        "summary": _summary(store.read_table("summary.csv"), study),
        "accounting": _accounting(points, records),
        "clips": _clips(store, study, [p for p in points if p.id in records]),
        "settings": html.escape(_settings(study)),
        "versions": _versions(records.values()),
    }
    page = TEMPLATE.read_text(encoding="utf-8")
    for name, part in parts.items():
        page = page.replace(f"<!-- {name} -->", part)
    path = folder / "report.html"
    write_text(path, page)
    return path


def _lead(study: Study, points: int, done: int) -> str:
    schemes = f"{len(study.schemes)} schemes, {len(study.channels)} channels"
    text = f"{schemes}, {len(study.clips)} clip(s), {study.trials} trial(s). "
    if done < points:
        text += f"<strong>Incomplete: {done} of {points} points are here.</strong>"
    return text


def _figure(path: Path) -> str:
    name = html.escape(path.stem)
    return f'<figure><img src="{_data(path)}" alt="{name} against SNR"></figure>'


def _summary(rows: list[dict[str, str]], study: Study) -> str:
    metrics = [*study.metrics, BLER]
    head = ["Channel", "Scheme", "SNR (dB)", *(METRICS[m].label for m in study.metrics), "BLER"]
    cells: dict[tuple[str, ...], dict[str, str]] = {}
    for row in rows:
        key = (row["channel"], row["scheme"], f"{float(row['snr_db']):g}")
        cells.setdefault(key, {})[row["metric"]] = _interval(row)
    return _table(head, [[*key, *(c.get(m, "") for m in metrics)] for key, c in cells.items()], 3)


def _interval(row: dict[str, str]) -> str:
    if row["mean"] == "nan":
        return "–"
    text = f"{float(row['mean']):.3g}"
    if row["ci_low"] != "nan":
        text += f" [{float(row['ci_low']):.3g}, {float(row['ci_high']):.3g}]"
    return text + (f", {row['missing']} missing" if row["missing"] != "0" else "")


def _accounting(points: Sequence[Point], records: dict[str, Any]) -> str:
    """Tabulate what a transmission costs; the mean where the transmitter adapts to the SNR."""
    head = ["Scheme", "Clip", "Payload (bit)", "Side information (bit)", "Channel uses", "Overhead"]
    names = ("payload_bits", "side_info_bits", "channel_uses", "overhead_uses")
    spent: dict[tuple[str, str], list[dict[str, int]]] = {}
    for point in (p for p in points if p.id in records):
        key = (point.scheme.label, point.clip.name)
        spent.setdefault(key, []).append(records[point.id]["accounting"])
    table = []
    for key, entries in spent.items():
        means = [statistics.fmean(e[name] for e in entries) for name in names]
        share = means[3] / (means[2] + means[3])
        figures = [f"{mean:,.0f}" for mean in means]
        table.append([*key, *figures[:3], f"{figures[3]} ({share:.1%})"])
    return _table(head, table, 2)


def _clips(store: Store, study: Study, done: Sequence[Point]) -> str:
    """Show what arrived of trial 0 of the first clip at a low, a middle and a high SNR."""
    if not done:
        return "<p>Nothing has been received yet.</p>"
    clip = done[0].clip.name
    picks = sorted({study.snr_db[i] for i in (0, (len(study.snr_db) - 1) // 2, -1)})
    shown = [p for p in done if p.clip.name == clip and p.trial == 0 and p.snr_db in picks]
    original = _player(store.media, f"original-{clip}", "original")
    parts = []
    for channel in study.channels:
        for scheme in study.schemes:
            mine = [p for p in shown if p.channel == channel and p.scheme == scheme]
            players = [_player(store.media, p.id, f"{p.snr_db:g} dB") for p in mine]
            if players:
                title = html.escape(f"{scheme.label} over {channel}")
                button = '<button type="button">Play together</button>'
                row = f'<div class="players">{original}{"".join(players)}</div>'
                parts.append(f'<section class="row"><h3>{title} {button}</h3>{row}</section>')
                original = _COPY
    return "".join(parts)


_COPY = "<figure data-copy></figure>"
"""The original stands in every row, but only once in the file; the page's script copies it."""


def _player(folder: Path, stem: str, caption: str) -> str:
    found = [p for p in (folder / f"{stem}.mp4", folder / f"{stem}.wav") if p.exists()]
    if not found:
        return ""
    kind = "video" if found[0].suffix == ".mp4" else "audio"
    media = f'<{kind} src="{_data(found[0])}" controls loop muted playsinline></{kind}>'
    return f"<figure>{media}<figcaption>{html.escape(caption)}</figcaption></figure>"


def _settings(study: Study) -> str:
    return yaml.safe_dump(study.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _versions(records: Iterable[dict[str, Any]]) -> str:
    found = {json.dumps(record["versions"]) for record in records if "versions" in record}
    rows = [pair for text in sorted(found) for pair in json.loads(text).items()]
    return _table(["Part", "Version"], [list(row) for row in rows], 2)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], text_columns: int) -> str:
    def line(tag: str, cells: Sequence[str]) -> str:
        kinds = ["" if i < text_columns else ' class="n"' for i in range(len(cells))]
        pairs = zip(kinds, cells, strict=True)
        return f"<tr>{''.join(f'<{tag}{k}>{html.escape(c)}</{tag}>' for k, c in pairs)}</tr>"

    body = "".join(line("td", row) for row in rows)
    return f"<table><thead>{line('th', head)}</thead><tbody>{body}</tbody></table>"


def _data(path: Path) -> str:
    return f"data:{_MIME[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"
