"""What a study's schemes cost, stream by stream, as a Markdown table."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from linksim.errors import unknown
from studies.plan import plan
from studies.record import OK
from studies.store import Store


def markdown(folder: Path, *, against: str | None = None, snr_db: float | None = None) -> str:
    """Tabulate channel uses: a line a scheme, a column a stream, means over all that was sent.

    Bytes and symbols at the end are how the Wav2Vid paper counts the data amount: packets in
    bytes for digital streams, complex symbols for latents, without code or header. They are no
    common currency; channel uses are.

    Parameters
    ----------
    folder : Path
        The study's output folder.
    against : str, optional
        Label of the scheme that the others are compared with; by default the first.
    snr_db : float, optional
        The one to look at; by default all.

    Returns
    -------
    str
        Markdown, without a newline at its end.

    Raises
    ------
    LinksimError
        If the folder is not that of a study or the study has no such scheme or SNR.
    """
    store = Store(folder)
    study, clips = store.study()
    labels = [scheme.label for scheme in study.schemes]
    against = against or labels[0]
    if against not in labels:
        raise unknown("scheme", against, labels)
    if snr_db is not None and snr_db not in study.snr_db:
        raise unknown("SNR", f"{snr_db:g}", [f"{snr:g}" for snr in study.snr_db])
    costs: dict[str, list[dict[str, Any]]] = {label: [] for label in labels}
    for point in plan(study, clips):
        if snr_db not in (None, point.snr_db):
            continue
        record = store.load(point)
        if record and record["status"] == OK and "per_stream" in record:
            costs[record["scheme"]].append(record["per_stream"])
    streams = list(dict.fromkeys(name for some in costs.values() for c in some for name in c))
    total = {label: _mean(some, streams, "channel_uses") for label, some in costs.items()}
    head = ["Scheme", "Channel uses", f"Against {against}", *streams, "Bytes", "Symbols"]
    lines = [head, ["---", *("---:" for _ in head[1:])]]
    for label, some in costs.items():
        if some:
            uses = [f"{_mean(some, [name], 'channel_uses'):,.0f}" for name in streams]
            change = (
                f"{100 * (total[label] / total[against] - 1):+.1f} %" if total[against] else "–"
            )
            amount = [
                f"{statistics.fmean(kind(c) for c in some):,.0f}" for kind in (_bytes, _symbols)
            ]
            lines.append(
                [label.replace("|", r"\|"), f"{total[label]:,.0f}", change, *uses, *amount]
            )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _mean(some: Sequence[Mapping[str, Any]], streams: Sequence[str], name: str) -> float:
    if not some:
        return 0.0
    return statistics.fmean(sum(c[s][name] for s in streams if s in c) for c in some)


def _bytes(cost: Mapping[str, Any]) -> float:
    return sum(stream["payload_bits"] for stream in cost.values()) / 8


def _symbols(cost: Mapping[str, Any]) -> int:
    """Return the channel uses of latents: streams that are neither packets nor set-up."""
    analogue = [s for s in cost.values() if not s["payload_bits"] and s["channel_uses"]]
    return sum(s["channel_uses"] for s in analogue if s is not cost.get("set-up"))
