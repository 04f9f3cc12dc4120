"""Curves of others, to draw beside one's own: CSV files, and result files of AFF3CT."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from linksim.errors import LinksimError
from linksim.files import read_text

SNRS = ("snr_db", "ebn0_db")
RATES = ("bler", "ber")
AFF3CT = {"ebn0_db": "Eb/N0", "snr_db": "Es/N0", "ber": "BER", "bler": "FER"}
"""Heads of the columns of AFF3CT's tables."""


@dataclass(frozen=True)
class Reference:
    """A curve of error rates.

    Parameters
    ----------
    label : str
        Name of the file.
    snr : str
        ``"snr_db"`` (Es/N0) or ``"ebn0_db"`` (Eb/N0).
    snr_db : np.ndarray
        float, [points]; in dB.
    rates : dict of str to np.ndarray
        float, [points], under ``"bler"``, ``"ber"`` or both.
    """

    label: str
    snr: str
    snr_db: np.ndarray
    rates: dict[str, np.ndarray]


def read_reference(path: str | Path) -> Reference:
    """Read a curve.

    Parameters
    ----------
    path : str or Path
        A CSV file with the columns ``snr_db`` or ``ebn0_db``, and ``bler`` or ``ber``; or what
        AFF3CT prints, whose columns are separated by ``|``.

    Raises
    ------
    LinksimError
        If the file cannot be read, or lacks a column, or holds what is no number.
    """
    path = Path(path)
    lines = [line.strip() for line in read_text(path).splitlines() if line.strip()]
    if any(line.startswith("#") and "BER" in line and "|" in line for line in lines):
        columns = _aff3ct(lines)
    else:
        columns = _csv(path, lines)
    snr = next((name for name in SNRS if name in columns), None)
    rates = {name: columns[name] for name in RATES if name in columns}
    if snr is None or not rates or not len(columns[snr]):
        raise LinksimError(
            f"{path}: needs a column snr_db or ebn0_db, and one of bler or ber, with numbers"
        )
    return Reference(path.stem, snr, columns[snr], rates)


def _csv(path: Path, lines: list[str]) -> dict[str, np.ndarray]:
    if not lines:
        return {}
    names = [name.strip().lower() for name in lines[0].split(",")]
    rows = []
    for number, line in enumerate(lines[1:], 2):
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) != len(names):
            raise LinksimError(f"{path}:{number}: has {len(cells)} cells, not {len(names)}")
        rows.append(cells)
    found = {}
    for place, name in enumerate(names):
        if name not in (*SNRS, *RATES):
            continue
        try:
            found[name] = np.array([float(row[place]) for row in rows])
        except ValueError as error:
            raise LinksimError(f"{path}: column {name}: {error}") from None
    return found


def _aff3ct(lines: list[str]) -> dict[str, np.ndarray]:
    """Read the rows of AFF3CT's table, by the last line of its head that names the columns."""
    head = next(line for line in reversed(lines) if line.startswith("#") and "BER" in line)
    names = [cell.strip() for cell in head.strip("# ").replace("||", "|").split("|")]
    rows = [
        [cell.strip() for cell in line.replace("||", "|").split("|")]
        for line in lines
        if not line.startswith("#") and "|" in line
    ]
    return {
        ours: np.array([float(row[names.index(theirs)]) for row in rows])
        for ours, theirs in AFF3CT.items()
        if theirs in names
    }
