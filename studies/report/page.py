"""A report in one HTML file that needs no network: curves, clips, tables, settings."""

import glob
import html
import json
import re
import shlex
import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from linksim.errors import LinksimError
from linksim.files import is_plain, write_text
from linksim.media import read
from linksim.metrics import METRICS
from studies.claims.fair import fair_section
from studies.claims.judge import claims_section
from studies.figures.draw import draw_all
from studies.figures.interactive import curve_data
from studies.figures.style import Style
from studies.report.gallery import gallery
from studies.report.players import data_uri
from studies.run.clips import NO_CLIP, ClipRef
from studies.run.kinds import BITS, MUSIC, SPEECH
from studies.run.plan import Inputs, Point
from studies.run.record import OK, SAMPLE_RATE
from studies.run.store import Store
from studies.spec.figure import BLER
from studies.spec.load import load, study_names
from studies.spec.study import Study
from studies.tables.markup import html_table

TEMPLATE = Path(__file__).with_name("report.html")
SCRIPT = Path(__file__).with_name("report.js")
Section = Callable[[Path], tuple[str, str]]
"""Maps a study's folder to a heading, as plain text, and HTML; empty HTML leaves it out."""
SECTIONS: tuple[Section, ...] = (claims_section, fair_section)
"""Sections of other modules, in this order after the received clips."""
LINK_COLUMNS = (
    ("modulation", "Modulation"),
    ("estimator", "Estimator"),
    ("equalizer", "Equaliser"),
    ("code_rate", "Code rate"),
    ("interleave_slots", "Interleaving (slots)"),
    ("subcarriers", "Subcarriers"),
)
NOTHING_TO_PLAY = "<p>Random bits, of which there is nothing to hear or see.</p>"
Records = dict[str, dict[str, Any]]


def write_report(folder: Path, *, theory: bool = False, style: Style | None = None) -> Path:
    """Write ``report.html`` of a study that has run, in whole or in part.

    Parameters
    ----------
    folder : Path
        The study's output folder.
    theory : bool
        Show the outage bound beside block error rates in flat Rayleigh fading.
    style : dict, optional
        Style of the figures, from `studies.figures.style.load_style`; by default the project's own.

    Returns
    -------
    Path
        The file.
    """
    store = Store(folder)
    study, clips = store.study()
    figures = [
        path for path in draw_all(folder, theory=theory, style=style) if path.suffix == ".png"
    ]
    points = store.planned()
    records = {p.id: r for p in points if (r := store.load(p)) and r["status"] == OK}
    summary = store.read_table("summary.csv")
    sections = [(title, text) for section in SECTIONS for title, text in [section(folder)] if text]
    parts = {
        "title": html.escape(study.title or study.name),
        "lead": _lead(study, store, clips, records),
        "contents": "".join(f'<a href="#{_slug(t)}">{html.escape(t)}</a>' for t, _ in sections),
        "links": _links(study, store.inputs()),
        "figures": "".join(_figure(path) for path in figures),
        "clips": NOTHING_TO_PLAY
        if study.links_alone
        else gallery(store.media, study, points, records, summary),
        "sections": "".join(_section(*section) for section in sections),
        "accounting": _accounting(points, records),
        "summary": _summary(summary, study),
        "settings": html.escape(_settings(study)),
        "data": curve_data(store, theory=theory, style=style),
        "script": SCRIPT.read_text(encoding="utf-8"),
    }
    page = TEMPLATE.read_text(encoding="utf-8")
    for name, part in parts.items():
        page = page.replace(f"<!-- {name} -->", part)
    path = folder / "report.html"
    write_text(path, page)
    return path


def _lead(study: Study, store: Store, clips: Sequence[ClipRef], records: Records) -> str:
    """Say in a few lines what was simulated, and how to do it again."""
    snr_db = f"{study.snr_db[0]:g} to {study.snr_db[-1]:g} dB, {len(study.snr_db)} values"
    total = len(store.planned())
    done = f"{len(records)} of {total} transmissions"
    facts = {
        "Clips": "<br>".join(_clip_facts(clip, store.media) for clip in clips),
        "Channels": html.escape("; ".join(study.channels)),
        "SNR": f"{snr_db}, E<sub>s</sub>/N<sub>0</sub> per resource element",
        "Trials": f"{study.trials} a clip, seed {study.seed}; "
        + (done if len(records) == total else f"<strong>incomplete: {done}</strong>"),
        **_left_out(study, records),
        "Computed with": _versions(records.values()),
        "Reproduce": f"<code>{html.escape(command(study))}</code>",
    }
    items = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in facts.items())
    return f"<dl>{items}</dl>"


def _left_out(study: Study, records: Records) -> dict[str, str]:
    """Say which schemes have no curve for want of packages, unless they ran elsewhere."""
    ran = {record["scheme"] for record in records.values()}
    lines = [
        html.escape(f"{label}: {reason}")
        for label, reason in study.left_out().items()
        if label not in ran
    ]
    return {"Left out": "<br>".join(lines)} if lines else {}


def _clip_facts(ref: ClipRef, media: Path) -> str:
    if ref == NO_CLIP:
        return "none: random bits"
    facts = [html.escape(ref.name)]
    files = media.glob(f"original-{glob.escape(ref.name)}.*")
    try:
        clip = read(next(path for path in files if is_plain(path, media.parent)))
    except (StopIteration, LinksimError):
        return facts[0]
    if clip.frames is not None and clip.fps is not None:
        height, width = clip.frames.shape[1:3]
        facts += [f"{len(clip.frames)} frames of {width}×{height} pixels"]
        facts += [f"{float(clip.fps):g} frames/s"]
    if clip.text is not None:
        return ", ".join([*facts, f"text of {len(clip.text)} characters"])
    facts += [f"{clip.duration:.2f} s", "with sound" if clip.has_audio else "silent"]
    return ", ".join(facts)


def command(study: Study) -> str:
    """Return the command that runs a study again.

    A study that came with linksim is named, with what was changed of it; another is to be
    saved from the report first.
    """
    words, again = ["linksim", "study", "run"], ["--out", "DIR"]
    if study.name not in study_names():
        return shlex.join([*words, "study.yaml", *again])
    packaged, ours = load(study.name).model_dump(), study.model_dump()
    changed = [key for key in ours if ours[key] != packaged[key]]
    flags = {"clips": "--clip", "music": "--music"}
    clips = [
        text for k, flag in flags.items() if k in changed for c in ours[k] for text in (flag, c)
    ]
    others = [key for key in changed if key not in flags]
    changes = [text for key in others for text in ("--set", f"{key}={json.dumps(ours[key])}")]
    return shlex.join([*words, study.name, *clips, *changes, *again])


def _links(study: Study, inputs: Inputs) -> str:
    """Tabulate the schemes with all that their links and endpoints were set to."""
    head = ["Scheme", "Endpoint", *(name for _, name in LINK_COLUMNS)]
    table = []
    for scheme in study.swept:
        told = inputs[study.channels[0], scheme.label]
        link, options = told["link"], told["options"] | scheme.options
        chosen = ", ".join(f"{k} {_plain(v)}" for k, v in options.items() if v is not None)
        endpoint = f"{scheme.scheme}: {chosen}" if chosen else scheme.scheme
        values = [_plain(link.get(key, "–")) for key, _ in LINK_COLUMNS]
        table.append([scheme.label, endpoint, *values])
    for bound in study.bounds:
        endpoint = f"{bound.scheme}: at capacity, {bound.uses_per_sample:g} uses per sample"
        table.append([bound.label, endpoint, *("–" for _ in LINK_COLUMNS)])
    return html_table(head, table, text_columns=5)


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _section(title: str, text: str) -> str:
    return f'<section><h2 id="{_slug(title)}">{html.escape(title)}</h2>{text}</section>'


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _figure(path: Path) -> str:
    name = html.escape(path.stem)
    return f'<figure><img src="{data_uri(path)}" alt="{name}"></figure>'


def _summary(rows: list[dict[str, str]], study: Study) -> str:
    """Tabulate each curve: a line an SNR, a column a metric."""
    metrics = [*study.metrics, BLER]
    head = ["SNR (dB)", *(METRICS[m].label for m in study.metrics), "BLER"]
    kinds: dict[str, str] = {SPEECH: "", MUSIC: ", music", BITS: ""}
    curves: dict[str, dict[str, dict[str, str]]] = {}
    for row in rows:
        curve = curves.setdefault(f"{row['scheme']} over {row['channel']}{kinds[row['kind']]}", {})
        curve.setdefault(f"{float(row['snr_db']):g}", {})[row["metric"]] = _interval(row)
    parts = []
    for name, curve in curves.items():
        table = [[snr_db, *(cells.get(m, "") for m in metrics)] for snr_db, cells in curve.items()]
        shown = html_table(head, table, text_columns=0)
        parts.append(f'<h3>{html.escape(name)}</h3><div class="scroll">{shown}</div>')
    return "".join(parts)


def _interval(row: dict[str, str]) -> str:
    if row["mean"] == "nan":
        return "–"
    text = f"{float(row['mean']):.3g}"
    if row["ci_low"] != "nan":
        text += f" [{float(row['ci_low']):.3g}, {float(row['ci_high']):.3g}]"
    return text + (f", {row['missing']} missing" if row["missing"] != "0" else "")


def _accounting(points: Sequence[Point], records: dict[str, Any]) -> str:
    """Tabulate what a transmission costs; the mean where the transmitter adapts to the SNR."""
    head = ["Scheme", "Clip", "Payload (bit)", "Side information (bit)", "Channel uses"]
    head += ["Uses per sample", "Uses per pixel", "Overhead"]
    names = ("payload_bits", "side_info_bits", "channel_uses", "overhead_uses")
    spent: dict[tuple[str, ClipRef], list[dict[str, int]]] = {}
    for point in points:
        if "accounting" in records.get(point.id, {}):
            key = (point.scheme.label, point.clip)
            spent.setdefault(key, []).append(records[point.id]["accounting"])
    table = []
    for (label, clip), entries in spent.items():
        means = [statistics.fmean(e[name] for e in entries) for name in names]
        samples = clip.seconds * SAMPLE_RATE
        rates = [f"{means[2] / samples:.3g}" if samples else "–"]
        rates.append(f"{means[2] / clip.pixels:.3g}" if clip.pixels else "–")
        share = means[3] / (means[2] + means[3])
        figures = [f"{mean:,.0f}" for mean in means]
        table.append([label, clip.name, *figures[:3], *rates, f"{figures[3]} ({share:.1%})"])
    return html_table(head, table, text_columns=2)


def _settings(study: Study) -> str:
    return yaml.safe_dump(study.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _versions(records: Iterable[dict[str, Any]]) -> str:
    found = {json.dumps(record["versions"]) for record in records if "versions" in record}
    lines = [", ".join(f"{k} {v}" for k, v in json.loads(text).items()) for text in sorted(found)]
    return "<br>".join(map(html.escape, lines))
