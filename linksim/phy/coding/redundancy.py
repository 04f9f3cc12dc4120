"""Redundancy versions of the transmissions of a block."""

VERSIONS = {"chase": (0,), "ir": (0, 2, 3, 1)}
"""Versions in the order sent, over and over, by the way that transmissions are combined: Chase
combining repeats the first (Chase, 1985), incremental redundancy goes by TS 38.214, Table
5.1.2.1-2."""
