"""The tables of a study as Parquet, for those who read them by the million."""

from pathlib import Path
from typing import Any

import numpy as np

from linksim.errors import LinksimError
from linksim.files import replacing
from studies.run.store import TABLES, Store
from studies.spec import axes

TEXT = {"study", "scheme", "channel", "kind", "clip", "metric", "config_hash", "status"}


def require_parquet() -> Any:
    """Return the library that writes Parquet.

    Raises
    ------
    LinksimError
        If it is not installed.
    """
    try:
        import fastparquet
    except ImportError:
        raise LinksimError(
            "Parquet needs fastparquet, which is not installed; install it with "
            "pip install 'linksim[parquet]'"
        ) from None
    return fastparquet


def write_parquet(folder: Path) -> list[Path]:
    """Write ``results.parquet`` and ``summary.parquet`` from the CSV files beside them.

    Numbers are float64, counts and seeds int64, names text. An axis of a sweep is a number where
    all its values are, NaN for schemes that do not have it, and else text.

    Parameters
    ----------
    folder : Path
        The study's output folder.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    LinksimError
        If the folder is not a study's, a table is missing or the library is.
    """
    fastparquet = require_parquet()
    store = Store(folder)
    study, _ = store.study()
    text = TEXT | {axis for axis, values in study.sweep.items() if not axes.numeric(values)}
    written = []
    for name in TABLES:
        path = (folder / name).with_suffix(".parquet")
        with replacing(path) as temporary:
            fastparquet.write(str(temporary), _frame(store.read_table(name), text))
        written.append(path)
    return written


def _frame(rows: list[dict[str, str]], text: set[str]) -> Any:
    import pandas as pd

    columns = {name: [row[name] for row in rows] for name in rows[0]} if rows else {}
    return pd.DataFrame(
        {name: cells if name in text else _numbers(cells) for name, cells in columns.items()}
    )


def _numbers(cells: list[str]) -> np.ndarray:
    try:
        return np.array([int(cell) for cell in cells], np.int64)
    except ValueError:
        return np.array([float(cell or "nan") for cell in cells])
