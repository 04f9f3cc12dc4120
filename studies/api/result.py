"""The result of a sweep: rows that can be drawn, tabulated, saved and shown in a notebook."""

from __future__ import annotations

import json
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from linksim.errors import LinksimError, unknown
from linksim.files import write_text
from studies.api.curve import Curve, Row

if typing.TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".csv", ".json")
"""Formats that a result is saved in, by the suffix of the file."""


@dataclass(frozen=True)
class SweepResult:
    """All points of a sweep.

    Parameters
    ----------
    axes : tuple of str
        Names of the swept options; each is a column.
    curves : tuple of Curve
        One for each combination of their values.

    Examples
    --------
    >>> import linksim as ls
    >>> result = ls.ber(ls.Link(), snr_db=[10, 20], stop=ls.StopRule(50, None, 2000))
    >>> result.to_pandas().columns[:3].to_list()
    ['snr_db', 'ebn0_db', 'ber']
    """

    axes: tuple[str, ...]
    curves: tuple[Curve, ...]

    @property
    def rows(self) -> list[Row]:
        """All rows, curve by curve."""
        return [row for curve in self.curves for row in curve.rows]

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows as a table: the axes, ``snr_db``, then what was measured."""
        import pandas as pd

        return pd.DataFrame(self.rows)

    def save(self, path: str | Path) -> Path:
        """Write the rows, whole or not at all.

        Parameters
        ----------
        path : str or Path
            ``.csv`` or ``.json``.

        Raises
        ------
        LinksimError
            For another suffix, or if the file cannot be written.
        """
        path = Path(path)
        if path.suffix not in FORMATS:
            raise LinksimError(f"{path}: a result is saved as {' or '.join(FORMATS)}")
        table = self.to_pandas()
        text = table.to_csv(index=False) if path.suffix == ".csv" else _json(self.rows)
        try:
            write_text(path, text)
        except OSError as error:
            raise LinksimError(f"{path}: {error.strerror or error}") from None
        return path

    def plot(
        self,
        quantity: str | None = None,
        *,
        theory: bool = False,
        ebn0: bool = False,
        reference: Sequence[str | Path] = (),
        axes: Axes | None = None,
        path: str | Path | None = None,
    ) -> Figure:
        """Draw a quantity against SNR, a curve for each combination of the axes.

        Parameters
        ----------
        quantity : str, optional
            A column; by default the block error rate, of an uncoded link the bit error rate.
        theory : bool
            Draw closed forms and bounds of the links too.
        ebn0 : bool
            Draw against Eb/N0 instead of Es/N0.
        reference : sequence of path
            Files of curves of others, see `studies.api.reference`.
        axes : matplotlib Axes, optional
            Drawn into; by default a new figure is made.
        path : str or Path, optional
            Written to as well; the suffix chooses the format.

        Raises
        ------
        LinksimError
            If no row has such a column, or a file cannot be read or written.
        """
        from studies.api.drawing import draw

        return draw(
            self.curves, self._quantity(quantity), theory=theory, ebn0=ebn0, reference=reference,
            axes=axes, path=path,
        )  # fmt: skip

    def _quantity(self, name: str | None) -> str:
        measured = [n for n, v in self.rows[0].items() if isinstance(v, float)]
        if name is None:
            return "bler" if self.rows[0].get("bler") == self.rows[0].get("bler") else "ber"
        if name not in measured:
            raise unknown("quantity", name, measured)
        return name

    def _repr_html_(self) -> str:
        """Show the table in a notebook."""
        return str(self.to_pandas().to_html(index=False, float_format=lambda x: f"{x:.4g}"))


def _json(rows: Sequence[Row]) -> str:
    """Return rows as JSON, in which what is not a number is null."""
    clean = [{k: None if v != v else v for k, v in row.items()} for row in rows]
    return json.dumps(clean, indent=1, allow_nan=False, default=str) + "\n"
