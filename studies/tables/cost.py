"""The channel uses of a study's schemes, stream by stream, as a Markdown table."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linksim.endpoint import SETUP
from linksim.errors import unknown
from studies.run.record import OK
from studies.run.store import Store
from studies.spec.study import Study
from studies.tables.markup import markdown_table

Costs = dict[str, list[dict[str, Any]]]

CONTENT = {"side": "video"}
"""Content of a stream, where its name does not say so."""


@dataclass(frozen=True)
class Amount:
    """Transmitted data as the Wav2Vid paper counts it in Table II.

    Bytes of digital streams and complex symbols of latents are no common currency, and neither
    has code, header or padding in it; channel uses are one.

    Parameters
    ----------
    bytes : float
        Bytes of packets.
    symbols : float
        Symbols of latents.
    """

    bytes: float = 0.0
    symbols: float = 0.0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.bytes + other.bytes, self.symbols + other.symbols)

    @property
    def total(self) -> float:
        """Both together, which is what the paper compares."""
        return self.bytes + self.symbols


def in_paper_units(per_stream: Mapping[str, Any]) -> dict[str, Amount]:
    """Return the amounts of one transmission by what they are of: video, audio or text.

    Set-up, which the paper does not count, is left out; side information counts where it belongs.
    """
    amounts: dict[str, Amount] = {}
    for name, stream in per_stream.items():
        if name == SETUP:
            continue
        content, packets = CONTENT.get(name, name), stream["payload_bits"] / 8
        amount = Amount(packets) if packets else Amount(symbols=stream["channel_uses"])
        amounts[content] = amounts.get(content, Amount()) + amount
    return amounts


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
    study, costs = _costs(folder, snr_db)
    labels = [scheme.label for scheme in study.swept]
    against = against or labels[0]
    if against not in labels:
        raise unknown("scheme", against, labels)
    streams = list(dict.fromkeys(name for some in costs.values() for c in some for name in c))
    total = {label: _mean(some, streams, "channel_uses") for label, some in costs.items()}
    head = ["Scheme", "Channel uses", f"Against {against}", *streams, "Bytes", "Symbols"]
    lines = []
    for label, some in costs.items():
        if some:
            uses = [f"{_mean(some, [name], 'channel_uses'):,.0f}" for name in streams]
            change = (
                f"{100 * (total[label] / total[against] - 1):+.1f} %" if total[against] else "–"
            )
            amount = _mean_amount([_whole(c) for c in some])
            data = [f"{amount.bytes:,.0f}", f"{amount.symbols:,.0f}"]
            lines.append([label, f"{total[label]:,.0f}", change, *uses, *data])
    return markdown_table(head, lines)


def paper_table(folder: Path, *, snr_db: float | None = None) -> str:
    """Tabulate as Table II of the Wav2Vid paper does: a column a scheme, a line a content.

    The last lines are what the paper does not print: the total against the first scheme, and
    the same in channel uses.

    Parameters
    ----------
    folder : Path
        The study's output folder.
    snr_db : float, optional
        The one to look at; by default all.

    Returns
    -------
    str
        Markdown, without a newline at its end.

    Raises
    ------
    LinksimError
        If the folder is not that of a study or the study has no such SNR.
    """
    _, costs = _costs(folder, snr_db)
    sent = {label: some for label, some in costs.items() if some}
    amounts = {label: [in_paper_units(c) for c in some] for label, some in sent.items()}
    contents = dict.fromkeys(name for some in amounts.values() for a in some for name in a)
    lines = []
    for name in contents:
        means = (_mean_amount([a.get(name, Amount()) for a in some]) for some in amounts.values())
        lines.append([name.capitalize(), *map(_in_words, means)])
    totals = [_mean_amount([_whole(c) for c in some]) for some in sent.values()]
    uses = [_mean(some, list(some[0]), "channel_uses") for some in sent.values()]
    lines.append(["Total", *map(_in_words, totals)])
    lines.append(["Total against the first", *_changes([total.total for total in totals])])
    lines.append(["Channel uses, all", *(f"{count:,.0f}" for count in uses)])
    lines.append(["Channel uses against the first", *_changes(uses)])
    return markdown_table(["Content", *sent], lines)


def _costs(folder: Path, snr_db: float | None) -> tuple[Study, Costs]:
    """Return a study, and what each of its schemes spent in each transmission."""
    store = Store(folder)
    study, _ = store.study()
    if snr_db is not None and snr_db not in study.snr_db:
        raise unknown("SNR", f"{snr_db:g}", [f"{snr:g}" for snr in study.snr_db])
    costs: Costs = {scheme.label: [] for scheme in study.swept}
    for point in store.planned():
        if snr_db not in (None, point.snr_db):
            continue
        record = store.load(point)
        if record and record["status"] == OK and record.get("per_stream"):
            costs[record["scheme"]].append(record["per_stream"])
    return study, costs


def _changes(values: Sequence[float]) -> list[str]:
    return [f"{100 * (v / values[0] - 1):+.1f} %" if values[0] else "–" for v in values]


def _in_words(amount: Amount) -> str:
    parts = [
        f"{value:,.0f} {unit}"
        for value, unit in ((amount.bytes, "bytes"), (amount.symbols, "symbols"))
        if value
    ]
    return " + ".join(parts) or "–"


def _whole(cost: Mapping[str, Any]) -> Amount:
    return sum(in_paper_units(cost).values(), Amount())


def _mean_amount(amounts: Sequence[Amount]) -> Amount:
    return Amount(
        statistics.fmean(a.bytes for a in amounts), statistics.fmean(a.symbols for a in amounts)
    )


def _mean(some: Sequence[Mapping[str, Any]], streams: Sequence[str], name: str) -> float:
    if not some:
        return 0.0
    return statistics.fmean(sum(c[s][name] for s in streams if s in c) for c in some)
