"""What was received, to look at and listen to: players for a report, pictures and all within it."""

import base64
import html
import math
import statistics
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from linksim.errors import LinksimError
from linksim.media import read
from linksim.metrics import METRICS
from studies.kinds import KINDS
from studies.origins import in_words, strip
from studies.plan import Point
from studies.record import BLER
from studies.schema import BOUND_CHANNEL, Study
from studies.sheet import contact_sheet

SHARES = (0.1, 0.5, 0.9)
"""Parts of the way from worst to best at which a curve is looked at."""

MOST_CURVES = 12

_MIME = {".png": "image/png", ".mp4": "video/mp4", ".wav": "audio/wav", ".jpg": "image/jpeg"}
_TOGETHER = '<button type="button">Play together</button>'
_COPY = "<figure data-copy></figure>"
"""The original stands in every row, but only once in the file; the page's script copies it."""


def gallery(
    folder: Path,
    study: Study,
    points: Sequence[Point],
    records: Mapping[str, Any],
    summary: Sequence[Mapping[str, str]],
) -> str:
    """Show what arrived where each curve starts, bends and ends.

    Of trial 0 of the first clip of each kind; over the first channel alone where there are more
    than `MOST_CURVES` curves, since a report holds all that it plays.

    Parameters
    ----------
    folder : Path
        Where the original and the received clips are.
    study : Study
        Whose curves.
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
    first = {point.clip.kind: point.clip for point in reversed(points)}
    parts = []
    for kind in (kind for kind in KINDS if kind in first):
        clip = first[kind]
        shown = [p for p in points if p.id in records and p.trial == 0 and p.clip == clip]
        rows = [row for row in summary if row["kind"] == kind]
        heading = kind.capitalize() if len(first) > 1 else ""
        parts.append(_section(folder, study, clip.name, shown, records, rows, heading))
    return "".join(parts) or "<p>Nothing has been received yet.</p>"


def _section(
    folder: Path,
    study: Study,
    clip: str,
    shown: Sequence[Point],
    records: Mapping[str, Any],
    summary: Sequence[Mapping[str, str]],
    heading: str,
) -> str:
    """Show what arrived of one clip, a row a curve."""
    original = _player(folder, f"original-{clip}", "<strong>original</strong>")
    curves = study.curves
    if len(curves) > MOST_CURVES:
        curves = [c for c in curves if c[0] in (study.channels[0], BOUND_CHANNEL)]
    parts = []
    for channel, label in curves:
        mine = [p for p in shown if (p.channel, p.scheme.label) == (channel, label)]
        if not mine:
            continue
        curve = _curve(summary, study, label, channel)
        telling = telling_snrs({p.snr_db: curve.get(p.snr_db, math.nan) for p in mine})
        players = [
            _player(folder, p.id, _caption(p, records[p.id])) for p in mine if p.snr_db in telling
        ]
        sheets = [_sheet(folder, p.id, clip, records[p.id]) for p in mine if p.snr_db in telling]
        if any(players):
            title = html.escape(f"{label} over {channel}")
            button = _TOGETHER if any("<video" in player for player in players) else ""
            row = f'<div class="players">{original}{"".join(players)}</div>{"".join(sheets)}'
            parts.append(f'<section class="row"><h3>{title} {button}</h3>{row}</section>')
            original = _COPY
    group = "".join(parts)
    title = f"<h3>{heading}</h3>" if heading else ""
    return f'<section class="clip">{title}{group}</section>' if group else ""


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


def data_uri(path: Path) -> str:
    """Return a file as a link that holds it."""
    return _uri(path.suffix, path.read_bytes())


def _uri(suffix: str, data: bytes) -> str:
    return f"data:{_MIME[suffix]};base64,{base64.b64encode(data).decode()}"


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
    notes = "".join(f"<br>⚠ {html.escape(line)}" for line in record.get("warnings", []))
    return f"<strong>{point.snr_db:g} dB</strong><br>{', '.join(values)}{notes}"


def _player(folder: Path, stem: str, caption: str) -> str:
    found = [p for p in (folder / f"{stem}.mp4", folder / f"{stem}.wav") if p.exists()]
    if not found:
        return ""
    kind = "video" if found[0].suffix == ".mp4" else "audio"
    silent = f' poster="{_poster(found[0])}" loop muted playsinline' if kind == "video" else ""
    media = f'<{kind} src="{data_uri(found[0])}"{silent} controls></{kind}>'
    return f"<figure>{media}<figcaption>{caption}</figcaption></figure>"


def _sheet(folder: Path, stem: str, clip: str, record: Mapping[str, Any]) -> str:
    """Show some frames that were generated, if any were."""
    origins = [name for name, count in record.get("origins", []) for _ in range(count)]
    files = [folder / f"{name}.mp4" for name in (f"original-{clip}", stem)]
    if "generated" not in origins or not all(file.exists() for file in files):
        return ""
    try:
        original, received = (read(file).frames for file in files)
    except LinksimError:  # as for a poster
        return ""
    sheet = contact_sheet(original, received, origins)
    caption = "rows: original, last frame received, generated, three times the difference"
    return f'<figure><img src="{_jpeg(sheet)}" alt=""><figcaption>{caption}</figcaption></figure>'


def _poster(path: Path) -> str:
    """Return the middle picture, without which a player is black until it plays."""
    try:
        frames = read(path).frames
    except LinksimError:  # a damaged file is no reason to have no report
        return ""
    return _jpeg(frames[len(frames) // 2])


def _jpeg(picture: np.ndarray) -> str:
    """Return a picture, uint8 [H, W, 3], as a link that holds it."""
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    return _uri(".jpg", cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes())
