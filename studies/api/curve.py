"""A curve of a sweep: the rows of one combination of its axes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from linksim.link.config import LinkConfig

Row = dict[str, Any]
"""Columns of a table, by name."""


@dataclass(frozen=True)
class Curve:
    """The rows of one curve, in the order of their SNR.

    Parameters
    ----------
    label : str
        Values of the axes, as ``"tdl-a, lmmse"``.
    link : LinkConfig
        The link that the rows are of.
    rows : tuple of dict
        One or more.
    """

    label: str
    link: LinkConfig
    rows: tuple[Row, ...]


def curve_label(place: Mapping[str, object]) -> str:
    """Return what a legend calls a point of the axes."""
    return ", ".join(_word(value) for value in place.values())


def _word(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
