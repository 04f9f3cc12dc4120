"""The map of a study as a table."""

from collections.abc import Sequence

from studies.figures.winners import Cell
from studies.tables.markup import markdown_table


def markdown(cells: Sequence[Cell]) -> str:
    """Return a Markdown table: a line a place, a column an SNR, in each the winner and its margin.

    An asterisk marks a margin whose interval holds 0 or that has none.
    """
    snrs = sorted({cell.snr_db for cell in cells})
    at = {(cell.place, cell.snr_db): cell for cell in cells}
    lines = [
        [place, *(_text(at.get((place, snr))) for snr in snrs)]
        for place in dict.fromkeys(cell.place for cell in cells)
    ]
    note = "*: the 95 % interval of the margin holds 0, or trials are too few for one."
    table: str = markdown_table(["Place", *(f"{snr:g} dB" for snr in snrs)], lines)
    return f"{table}\n\n{note}"


def _text(cell: Cell | None) -> str:
    if cell is None or not cell.winner:
        return "–"
    return f"{cell.winner} {cell.margin:+.3g}{'' if cell.significant else '*'}"
