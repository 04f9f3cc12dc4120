"""Tables in Markdown, in HTML and on a terminal, from rows of cells."""

import html
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

Cell = str | tuple[str, str]
"""Text, or text with its class in HTML or its style on a terminal."""

MARKS = re.compile(
    r"""[\\`|$]           # code, columns, formulas, and the backslash itself
    | \*(?!$)            # emphasis, which one star at the end cannot begin
    | (?<!\w)_ | _(?!\w)
    | \](?=[(\[])        # links
    | <(?=[A-Za-z/!?])   # HTML
    | &(?=\#?\w+;)""",
    re.VERBOSE,
)
"""Marks that Markdown reads as more than themselves."""


def markdown_table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, text_columns: int = 1
) -> str:
    """Return a Markdown table; columns after the first `text_columns` are aligned right."""
    rule = ["---" if i < text_columns else "---:" for i in range(len(head))]
    lines = [_escaped(head), rule, *map(_escaped, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escaped(text: str) -> str:
    """Return text that Markdown shows as it stands, whatever marks are in it."""
    shown = MARKS.sub(r"\\\g<0>", text)
    return " ".join(shown.split())


def _escaped(cells: Iterable[str]) -> list[str]:
    return [escaped(cell) for cell in cells]


def html_table(
    head: Sequence[Cell], rows: Iterable[Sequence[Cell]], *, text_columns: int | None = None
) -> str:
    """Return an HTML table; columns after the first `text_columns`, if given, hold numbers."""

    def line(tag: str, cells: Sequence[Cell]) -> str:
        return f"<tr>{''.join(one(tag, cell, i) for i, cell in enumerate(cells))}</tr>"

    def one(tag: str, cell: Cell, column: int) -> str:
        number = text_columns is not None and column >= text_columns
        text, kind = (cell, "n" if number else "") if isinstance(cell, str) else cell
        name = f' class="{kind}"' if kind else ""
        return f"<{tag}{name}>{html.escape(text)}</{tag}>"

    body = "".join(line("td", row) for row in rows)
    return f"<table><thead>{line('th', head)}</thead><tbody>{body}</tbody></table>"


def terminal_table(head: Sequence[str], rows: Iterable[Sequence[Cell]], **settings: Any) -> "Table":
    """Return a table for a terminal; `settings` are those of `rich.table.Table`."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(*head, **settings)
    for row in rows:
        shown.add_row(*(Text(*((cell,) if isinstance(cell, str) else cell)) for cell in row))
    return shown
