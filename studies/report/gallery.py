"""The received clips side by side, at the SNR that the slider chooses."""

import html
import math
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from linksim.errors import LinksimError
from linksim.files import is_plain
from linksim.link.call.delivery import kept
from linksim.media import Clip, read
from linksim.metrics import METRICS
from studies.figures.timeline import save_timeline
from studies.report.players import Players, data_uri, fingerprint, jpeg_uri, media_file
from studies.report.sheet import contact_sheet
from studies.run.kinds import BITS, KINDS
from studies.run.origins import in_words, strip
from studies.run.plan import Point
from studies.run.point import TIMELINES
from studies.spec.figure import BLER
from studies.spec.study import Study

SHARES = (0.1, 0.5, 0.9)
"""Parts of the way from worst to best at which a curve is looked at."""

MOST_BYTES = 24 * 2**20
"""Most bytes of clips in a page, which is a third larger; others stay in ``media/``."""

Pane = tuple[str, float]
"""A channel and an SNR in dB: what is shown at once."""


def gallery(
    folder: Path,
    study: Study,
    points: Sequence[Point],
    records: Mapping[str, Any],
    summary: Sequence[Mapping[str, str]],
) -> str:
    """Show what arrived of trial 0 of the first clip of each kind.

    At every SNR over every channel, or as many as `MOST_BYTES` let, first of all where curves
    start, bend and end.

    Parameters
    ----------
    folder : Path
        Folder of the original and the received clips, in that of the study.
    study : Study
        The study.
    points : sequence of Point
        The study's plan.
    records : mapping
        Records of the points that ran, by id.
    summary : sequence of mapping
        Rows of ``summary.csv``.

    Returns
    -------
    str
        HTML.
    """
    clips = [point.clip for point in points if point.clip.kind != BITS]
    first = {clip.kind: clip for clip in reversed(clips)}
    players, parts = Players(), []
    for kind in (kind for kind in KINDS if kind in first):
        clip = first[kind]
        shown = [p for p in points if p.id in records and p.trial == 0 and p.clip == clip]
        panes: dict[Pane, list[tuple[Point, Path]]] = defaultdict(list)
        for point in shown:
            if file := media_file(folder, point.id):
                panes[point.channel, point.snr_db].append((point, file))
        rows = [row for row in summary if row["kind"] == kind]
        files = {pane: [file for _, file in mine] for pane, mine in panes.items()}
        held = choose(files, _telling(rows, study, shown), MOST_BYTES // len(first))
        heading = kind.capitalize() if len(first) > 1 else ""
        chosen = {pane: panes[pane] for pane in panes if pane in held}
        parts.append(_section(folder, clip.name, chosen, records, players, heading))
    return "".join(parts) or "<p>Nothing has been received yet.</p>"


def choose(files: Mapping[Pane, Sequence[Path]], telling: set[Pane], most_bytes: int) -> set[Pane]:
    """Choose what a page holds: the first, then what fits, the telling ones before others.

    Parameters
    ----------
    files : mapping
        Files that each pane plays. Files of the same bytes count once.
    telling : set
        Panes to prefer.
    most_bytes : int
        Largest size of all files together.
    """
    held: set[Pane] = set()
    known: dict[bytes, int] = {}
    for pane in sorted(files, key=lambda pane: pane not in telling):
        sizes = known | {fingerprint(path): path.stat().st_size for path in files[pane]}
        if not held or sum(sizes.values()) <= most_bytes:
            held.add(pane)
            known = sizes
    return held


def _telling(
    summary: Sequence[Mapping[str, str]], study: Study, shown: Sequence[Point]
) -> set[Pane]:
    """Return where a curve starts, bends or ends."""
    found = set()
    for channel, label in study.curves:
        mine = {p.snr_db for p in shown if (p.channel, p.scheme.label) == (channel, label)}
        if mine:
            curve = _curve(summary, study, label, channel)
            telling = telling_snrs({snr_db: curve.get(snr_db, math.nan) for snr_db in mine})
            found |= {(channel, snr_db) for snr_db in telling}
    return found


def _section(
    folder: Path,
    clip: str,
    panes: Mapping[Pane, Sequence[tuple[Point, Path]]],
    records: Mapping[str, Any],
    players: Players,
    heading: str,
) -> str:
    """Show what arrived of one clip beside the original, a pane a channel and SNR."""
    if not panes:
        return ""
    path = media_file(folder, f"original-{clip}")
    original = _read(path) if path else None
    parts = [players.player(path, "Original")] if path else []
    for (channel, snr_db), mine in panes.items():
        title = html.escape(f"{snr_db:g} dB over {channel}")
        cards = [
            players.player(file, p.scheme.label, _caption(p, records[p.id])) for p, file in mine
        ]
        sheets = [_sheet(file, p, original, records[p.id]) for p, file in mine] if original else []
        sheets += [_timeline(folder.parent, p) for p, _ in mine]
        place = f'data-channel="{html.escape(channel)}" data-snr="{snr_db!r}"'
        parts.append(
            f'<div class="pane" {place}><h4>{title}</h4>{"".join(cards)}{"".join(sheets)}</div>'
        )
    title = f"<h3>{heading}</h3>" if heading else ""
    silent = " data-silent" if original and not original.has_audio else ""
    stage = f'<div class="stage"{silent}>{"".join(parts)}</div>'
    return f'<section class="clip">{title}{stage}</section>'


def _read(path: Path) -> Clip | None:
    try:
        return read(path)
    except LinksimError:  # a damaged file is no reason to have no report
        return None


def telling_snrs(curve: Mapping[float, float]) -> set[float]:
    """Choose where a curve is nearest to each of `SHARES`; of equals, nearest to its cliff.

    Parameters
    ----------
    curve : mapping
        SNR to value, NaN where there is none.
    """
    known = {snr: value for snr, value in curve.items() if not math.isnan(value)}
    if not known:
        return {min(curve), max(curve)}
    low, high = min(known.values()), max(known.values())
    steps = pairwise(sorted(known))
    cliff = max(steps, key=lambda s: abs(known[s[1]] - known[s[0]]), default=(min(known),))
    middle = statistics.fmean(cliff)

    def at(share: float) -> float:
        aim = low + share * (high - low)
        return min(known, key=lambda snr: (abs(known[snr] - aim), abs(snr - middle)))

    return {at(share) for share in SHARES}


def _curve(
    summary: Sequence[Mapping[str, str]], study: Study, scheme: str, channel: str
) -> dict[float, float]:
    """Return the curve that shows best what happens to the picture, else to the sound."""
    order = sorted(study.metrics, key=lambda name: METRICS[name].kind != "video")
    for metric in (*order, BLER):
        rows = [
            row
            for row in summary
            if (row["scheme"], row["channel"], row["metric"]) == (scheme, channel, metric)
        ]
        curve = {float(row["snr_db"]): float(row["mean"]) for row in rows}
        if not all(map(math.isnan, curve.values())):
            return curve
    return {}


def _caption(point: Point, record: Mapping[str, Any]) -> str:
    found = {METRICS[name].label: record["metrics"][name]["value"] for name in point.metrics}
    values = [f"{k.partition(' ')[0]}&nbsp;{v:.3g}" for k, v in found.items() if v is not None]
    origins = record.get("origins", [])
    if drawn := strip(origins):
        values.append(f"frames: {in_words(origins)}{drawn}")
    said = f"<br>“{html.escape(record['text'])}”" if record.get("text") else ""
    if chosen := record.get("choices"):
        values.append(f"chosen: {html.escape(', '.join(chosen))}")
    notes = "".join(f"<br>⚠ {html.escape(line)}" for line in record.get("warnings", []))
    return f"<br>{', '.join(values)}{said}{notes}"


def _sheet(file: Path, point: Point, original: Clip, record: Mapping[str, Any]) -> str:
    """Show some frames that were generated, if any were."""
    origins = [name for name, count in record.get("origins", []) for _ in range(count)]
    received = _read(file) if "generated" in origins else None
    if not received or received.frames is None or original.frames is None:
        return ""
    if received.frames.shape != original.frames.shape or len(origins) != len(original.frames):
        return ""  # the file is another one's
    sheet = contact_sheet(original.frames, received.frames, origins)
    assert sheet is not None
    label = html.escape(point.scheme.label)
    last = "last frame received, " if "sent" in origins else ""
    caption = f"rows: original, {last}generated, three times the difference"
    return (
        f'<figure class="sheet"><img src="{jpeg_uri(sheet)}" alt="Frames of {label}">'
        f"<figcaption><strong>{label}</strong>, {caption}</figcaption></figure>"
    )


def _timeline(folder: Path, point: Point) -> str:
    """Show when the units of a point were captured, ready and there, where slots have a clock."""
    told = folder / TIMELINES / f"{point.id}.json"
    drawn = told.with_suffix(".png")
    try:
        if not drawn.exists() and is_plain(told, folder):
            save_timeline(kept(told), drawn)
    except Exception:  # a damaged one, of which Matplotlib raises anything
        return ""
    if not is_plain(drawn, folder):
        return ""
    label = html.escape(point.scheme.label)
    return (
        f'<figure class="sheet"><img src="{data_uri(drawn)}" alt="Delays of {label}">'
        f"<figcaption><strong>{label}</strong>, delay of each unit</figcaption></figure>"
    )
