"""The files of a study's folder as models: what is written passes them, and what is read again.

A folder may be edited, damaged or somebody else's; what does not fit is refused here, by its file
and field, and nothing behind has to expect it.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    Strict,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from linksim.errors import LinksimError
from linksim.files import read_bytes
from studies.run.clips import ClipRef
from studies.run.kinds import Kind

FORMULA = ("=", "+", "-", "@", "'")
"""Beginnings of text that spreadsheets take for a formula, or for the mark of text."""
MOST_TABLE_BYTES = 2 * 10**9
"""Most bytes of a table that is read: some millions of rows."""
MOST_FRAMES = 10_000_000
"""Most frames of a clip that a record may tell the origins of."""
MOST = 2**63
"""Least number that is too large to be counted."""

Count = Annotated[int, Field(ge=0, lt=MOST)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Origin = Literal["sent", "generated", "held"]


class Part(BaseModel):
    """A part of a record; no value is converted, and what was added later is kept."""

    model_config = ConfigDict(extra="allow", strict=True)


class Measured(Part):
    """The value of a metric; none with a reason where it is undefined."""

    value: Number | None
    n: Count
    reason: str


class Blocks(Part):
    """Blocks of a stream."""

    blocks: Count
    errors: Count


class Spent(Part):
    """Costs of a transmission or a stream, see `linksim.link.results.Accounting`."""

    payload_bits: Count
    side_info_bits: Count
    channel_uses: Count
    overhead_uses: Count


class Lost(Part):
    """Errors in clusters, see `linksim.montecarlo.Tally`, which takes these and no others."""

    model_config = ConfigDict(extra="forbid")
    trials: Count
    errors: Count
    clusters: Count
    sum_ee: Count
    sum_em: Count
    sum_mm: Count
    with_errors: Count
    with_successes: Count

    @model_validator(mode="after")
    def _of_trials(self) -> "Lost":
        if self.errors > self.trials or self.clusters > self.trials:
            raise LinksimError("more errors or clusters than trials")
        return self


class Head(Part):
    """What every record begins with: which point it is of, and how that ended."""

    id: str
    study: str
    scheme: str
    channel: str
    snr_db: Number
    kind: Kind
    clip: str
    trial: Count
    seed: Count
    config_hash: str
    status: str


class Done(Head):
    """The record of a point that ran."""

    metrics: dict[str, Measured]
    block_errors: Lost
    blocks: dict[str, Blocks] = {}
    # A point that has no value has none.
    accounting: Spent = Field(default=None)  # type: ignore[assignment]
    per_stream: dict[str, Spent] = {}
    csi_snr_db: Number | None = None
    origins: list[Annotated[tuple[Origin, Count], Strict(False)]] = []
    warnings: list[str] = []
    choices: list[str] = []
    text: str | None = None
    versions: dict[str, str] = {}
    elapsed_s: Number = 0.0

    @model_validator(mode="after")
    def _of_a_clip(self) -> "Done":
        if sum(count for _, count in self.origins) > MOST_FRAMES:
            raise LinksimError(f"origins of more than {MOST_FRAMES} frames")
        return self


class Identity(BaseModel):
    """``study.json``: whose folder it is, and how it was made."""

    linksim: str
    study: dict[str, Any]
    clips: Annotated[list[ClipRef], Field(min_length=1)]
    inputs: list[tuple[str, str, dict[str, Any]]]


class Row(BaseModel):
    """A row of a table, whose cells are text; columns of a sweep's axes stand beside."""

    model_config = ConfigDict(extra="allow")
    study: str
    scheme: str
    channel: str
    snr_db: Number
    kind: Kind
    metric: str
    n: Count


Cell = Annotated[float, Field(gt=-1e300, lt=1e300)] | Literal["nan"]


class Result(Row):
    """A row of ``results.csv``."""

    clip: str
    trial: Count
    value: Cell
    ci_low: Cell
    ci_high: Cell
    channel_uses: Cell
    overhead_uses: Cell
    payload_bits: Cell
    seed: Count
    config_hash: str
    status: str


class Summary(Row):
    """A row of ``summary.csv``."""

    mean: Cell
    ci_low: Cell
    ci_high: Cell
    missing: Count
    uses_per_pixel: Cell


ROWS: dict[str, TypeAdapter[Any]] = {
    "results.csv": TypeAdapter(list[Result]),
    "summary.csv": TypeAdapter(list[Summary]),
}
"""Rows of each table, by the name of its file."""


def reason_of(error: ValidationError) -> str:
    """Return the first fault that a model found, in a few words."""
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"]))
    return " ".join(f"{where}: {first['msg'].removeprefix('Value error, ')}".split())[:200]


def table_text(columns: Sequence[str], table: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as CSV; floats in full, and text so that no spreadsheet runs it."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _as_text(cell) for name, cell in row.items()} for row in table)
    return text.getvalue()


def read_rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Read what `table_text` made, into a file that is called as its table.

    Raises
    ------
    LinksimError
        If it is damaged; the message names the row and the column.
    """
    remedy = "run the study again, which keeps its points"
    data = read_bytes(path, MOST_TABLE_BYTES)
    try:
        text = data.decode("utf-8")
        reader = csv.DictReader(io.StringIO(text, newline=""))
        table = [{name: _as_written(cell) for name, cell in row.items()} for row in reader]
        ragged = any(None in row or None in row.values() for row in table)
        there = tuple(reader.fieldnames or ())[: len(columns)]  # then those of a sweep
        if ragged or there != tuple(columns) or not text.endswith("\n"):
            raise ValueError("rows or columns are missing")
        ROWS[path.name].validate_python(table)
    except ValidationError as error:
        raise LinksimError(f"{path}: is damaged: row {reason_of(error)}; {remedy}") from None
    except (ValueError, csv.Error) as error:
        raise LinksimError(f"{path}: is damaged: {error}; {remedy}") from None
    return table


def _as_text(value: Any) -> Any:
    """Return a cell so that a spreadsheet takes text for text: it would run ``=1+1``."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _as_written(cell: Any) -> Any:
    """Return what `_as_text` was given."""
    return cell[1:] if isinstance(cell, str) and cell[:1] == "'" and cell[1:2] in FORMULA else cell
