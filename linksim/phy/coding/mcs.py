"""Modulation and coding schemes, and the tables of them in TS 38.214."""

from dataclasses import dataclass

from linksim.errors import LinksimError


@dataclass(frozen=True)
class Mcs:
    """A modulation and coding scheme.

    Parameters
    ----------
    modulation : str
        Name of a modulation, e.g. ``"16qam"``.
    code_rate : float
        Information bits (CRC included) per coded bit.
    """

    modulation: str
    code_rate: float


def _table(*rows: tuple[str, tuple[float, ...]]) -> tuple[Mcs, ...]:
    return tuple(Mcs(modulation, rate / 1024) for modulation, rates in rows for rate in rates)


MCS_TABLES: dict[int, tuple[Mcs, ...]] = {
    1: _table(
        ("qpsk", (120, 157, 193, 251, 308, 379, 449, 526, 602, 679)),
        ("16qam", (340, 378, 434, 490, 553, 616, 658)),
        ("64qam", (438, 466, 517, 567, 616, 666, 719, 772, 822, 873, 910, 948)),
    ),
    2: _table(
        ("qpsk", (120, 193, 308, 449, 602)),
        ("16qam", (378, 434, 490, 553, 616, 658)),
        ("64qam", (466, 517, 567, 616, 666, 719, 772, 822, 873)),
        ("256qam", (682.5, 711, 754, 797, 841, 885, 916.5, 948)),
    ),
    3: _table(
        ("qpsk", (30, 40, 50, 64, 78, 99, 120, 157, 193, 251, 308, 379, 449, 526, 602)),
        ("16qam", (340, 378, 434, 490, 553, 616)),
        ("64qam", (438, 466, 517, 567, 616, 666, 719, 772)),
    ),
}
"""MCS tables of TS 38.214 by number: Tables 5.1.3.1-1 (up to 64QAM), -2 (up to 256QAM) and -3 (low
spectral efficiency); the place in a table is I_MCS. Code rates below 1/5 repeat bits."""


CQI_TABLE: tuple[Mcs, ...] = tuple(
    Mcs(modulation, rate / 1024)
    for modulation, rate in (
        ("qpsk", 308),
        ("qpsk", 449),
        ("qpsk", 602),
        ("16qam", 378),
        ("16qam", 490),
        ("16qam", 616),
        ("64qam", 466),
        ("64qam", 567),
        ("64qam", 666),
        ("64qam", 772),
        ("64qam", 873),
        ("64qam", 948),
    )
)
"""CQI 4 to 15 of TS 38.214, Table 5.2.2.1-2, most robust first. CQI 1 to 3 have code rates
below 1/5, for which 5G LDPC repeats bits instead of coding."""


def scheme(table: int, index: int) -> Mcs:
    """Return the scheme with an I_MCS of a table.

    Raises
    ------
    LinksimError
        If there is no such table, or no such scheme in it.
    """
    if table not in MCS_TABLES:
        raise LinksimError(f"unknown MCS table {table}; known: {', '.join(map(str, MCS_TABLES))}")
    last = len(MCS_TABLES[table]) - 1
    if not 0 <= index <= last:
        raise LinksimError(f"MCS {index} is not in table {table}, which has 0 to {last}")
    return MCS_TABLES[table][index]
