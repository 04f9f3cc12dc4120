"""Curves of others: CSV files and AFF3CT's tables."""

from pathlib import Path

import numpy as np
import pytest

from linksim.errors import LinksimError
from studies.api.reference import read_reference

TABLE = """\
# ---------------------||------------------------------------------------------
#  Signal Noise Ratio  ||   Bit Error Rate (BER) and Frame Error Rate (FER)
#         (SNR)        ||
# ---------------------||------------------------------------------------------
# ----------|----------||----------|----------|----------|----------|----------
#     Es/N0 |    Eb/N0 ||      FRA |       BE |       FE |      BER |      FER
#      (dB) |     (dB) ||          |          |          |          |
# ----------|----------||----------|----------|----------|----------|----------
      -3.01 |     0.00 ||      104 |    13850 |      104 | 1.30e-01 | 1.00e+00
      -1.01 |     2.00 ||     4000 |     1200 |       40 | 2.93e-04 | 1.00e-02
"""


def test_a_csv_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text("ebn0_db, bler, note\n0, 1, first\n2.5, 1e-2, second\n")
    read = read_reference(path)
    assert (read.label, read.snr) == ("theirs", "ebn0_db")
    np.testing.assert_array_equal(read.snr_db, [0, 2.5])
    np.testing.assert_array_equal(read.rates["bler"], [1, 1e-2])


def test_a_table_of_aff3ct_is_read(tmp_path: Path) -> None:
    path = tmp_path / "polar.txt"
    path.write_text(TABLE)
    read = read_reference(path)
    assert read.snr == "snr_db"
    np.testing.assert_array_equal(read.snr_db, [-3.01, -1.01])
    np.testing.assert_array_equal(read.rates["ber"], [0.13, 2.93e-4])
    np.testing.assert_array_equal(read.rates["bler"], [1, 0.01])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "needs a column"),
        ("snr_db\n3\n", "needs a column"),
        ("snr_db,bler\n", "with numbers"),
        ("snr_db,bler\n3\n", "theirs.csv:2: has 1 cells, not 2"),
        ("snr_db,bler\n3,low\n", "column bler"),
    ],
)
def test_what_is_no_curve_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text(text)
    with pytest.raises(LinksimError, match=message):
        read_reference(path)
    with pytest.raises(LinksimError, match="No such file"):
        read_reference(tmp_path / "nothing.csv")
