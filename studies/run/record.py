"""The record of one point: what its JSON file holds and what its table rows say."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from linksim.link.call.timing import by_time
from linksim.metrics.value import MetricValue, undefined
from linksim.montecarlo import Tally
from studies.run.clips import ClipRef
from studies.run.kinds import BITS, NOT_FOR_MUSIC
from studies.run.origins import runs_of
from studies.run.plan import Point
from studies.run.workers import Failure
from studies.spec.figure import BLER

if TYPE_CHECKING:
    from linksim.link.results import Transmission
    from studies.run.evaluate import Outcome

COLUMNS = (
    "study", "scheme", "channel", "snr_db", "kind", "clip", "trial", "metric", "value", "ci_low",
    "ci_high", "n", "channel_uses", "overhead_uses", "payload_bits", "seed", "config_hash",
    "status",
)  # fmt: skip

OK = "ok"

SAMPLE_RATE = 16_000
"""Samples per second against which channel uses are counted, in Hz."""


def record_of(point: Point, outcome: "Outcome") -> dict[str, Any]:
    """Return the record of a point that ran; that of a bound has no streams."""
    sent = outcome.sent
    streams = sent.per_stream if sent.streams else {}
    return head(point, OK) | {
        "metrics": {m: _entry(outcome.metrics.get(m, NOT_FOR_MUSIC)) for m in point.metrics},
        "blocks": {
            name: {"blocks": int(ok.size), "errors": int(ok.size - ok.sum())}
            for name, ok in sent.block_ok.items()
        },
        "block_errors": asdict(sent.block_errors),
        "accounting": asdict(sent.accounting),
        "per_stream": {name: asdict(a) for name, a in streams.items()},
        "csi_snr_db": finite(sent.csi.snr_db),
        **by_feedback(sent),
        **by_time(sent),
        "origins": runs_of(outcome.clip.origins),
        "warnings": list(outcome.clip.warnings),
        "text": outcome.clip.text,
        **({"choices": list(outcome.clip.choices)} if outcome.clip.choices else {}),
    }


def by_feedback(sent: "Transmission") -> dict[str, Any]:
    """Return the entries of a record on HARQ and link adaptation, where there are these."""
    harq = {
        name: {field: finite(value) for field, value in asdict(cost).items()}
        for name, cost in sent.harq.items()
    }
    adaptation = {name: asdict(done) for name, done in sent.adaptation.items()}
    return {key: e for key, e in (("harq", harq), ("adaptation", adaptation)) if e}


def undefined_record(point: Point, reason: str) -> dict[str, Any]:
    """Return the record of a point that has no value, so that nothing was sent for it."""
    return head(point, OK) | {
        "metrics": {m: _entry(undefined(reason)) for m in point.metrics},
        "block_errors": asdict(Tally()),
    }


def failed_record(point: Point, failure: Failure) -> dict[str, Any]:
    """Return the record of a point that raised."""
    return head(point, f"failed: {failure.reason}") | {"traceback": failure.trace}


def uses_per_sample(record: Mapping[str, Any], clip: ClipRef) -> float:
    """Return the channel uses per 16 kHz sample, without pilots.

    NaN if nothing was sent, or the clip is text.
    """
    return _channel_uses(record) / (clip.seconds * SAMPLE_RATE) if clip.seconds else math.nan


def uses_per_pixel(record: Mapping[str, Any], clip: ClipRef) -> float:
    """Return the channel uses per pixel of all frames, without pilots.

    NaN if nothing was sent, or the clip has no video.
    """
    return _channel_uses(record) / clip.pixels if clip.pixels else math.nan


def _channel_uses(record: Mapping[str, Any]) -> float:
    return record.get("accounting", {}).get("channel_uses", math.nan)


def finite(value: float) -> float | None:
    """Return the number, or None where JSON has no word for it."""
    return float(value) if math.isfinite(value) else None


def rows(record: Mapping[str, Any], metrics: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Yield the table rows of a record, one a metric, the block error rate last.

    Random bits have none but that.
    """
    accounting = record.get("accounting", {})
    common = {name: record.get(name, accounting.get(name, math.nan)) for name in COLUMNS}
    nothing = {"value": math.nan, "ci_low": math.nan, "ci_high": math.nan, "n": 0}
    for metric in (*(() if record["kind"] == BITS else metrics), BLER):
        row = common | nothing | {"metric": metric}
        if record["status"] == OK:
            row |= _block_errors(record) if metric == BLER else _media(record["metrics"][metric])
        yield row


def head(point: Point, status: str) -> dict[str, Any]:
    """Return what every record begins with: which point it is of, and how that ended."""
    return {
        "id": point.id,
        "study": point.study,
        "scheme": point.scheme.label,
        "channel": point.channel,
        "snr_db": point.snr_db,
        "kind": point.clip.kind,
        "clip": point.clip.name,
        "trial": point.trial,
        "seed": point.seed,
        "config_hash": point.config_hash,
        "status": status,
    }


def _entry(value: MetricValue) -> dict[str, Any]:
    return {"value": finite(value.value), "n": value.n, "reason": value.reason}


def _media(entry: Mapping[str, Any]) -> dict[str, Any]:
    if entry["value"] is None:
        return {"n": entry["n"], "status": f"nan: {entry['reason']}"}
    return {"value": entry["value"], "n": entry["n"]}


def block_tally(record: Mapping[str, Any]) -> Tally:
    """Return the lost blocks of a point, clustered by channel realisation; none if it failed."""
    return Tally(**record["block_errors"]) if record["status"] == OK else Tally()


def _block_errors(record: Mapping[str, Any]) -> dict[str, Any]:
    tally = block_tally(record)
    if not tally.trials:
        return {"status": "nan: the scheme sends no code blocks"}
    low, high = tally.interval()
    return {"value": tally.rate, "ci_low": low, "ci_high": high, "n": tally.trials}
