import subprocess
import sys
from itertools import pairwise
from math import log2, nan

import pytest

from linksim.endpoint import Csi
from linksim.link.cqi import CQI_TABLE, select_mcs, spectral_efficiency
from linksim.phy.coding.mcs import Mcs


def test_table_has_the_efficiencies_printed_in_the_standard():
    printed = [0.6016, 0.8770, 1.1758, 1.4766, 1.9141, 2.4063]
    printed += [2.7305, 3.3223, 3.9023, 4.5234, 5.1152, 5.5547]
    assert [round(spectral_efficiency(m), 4) for m in CQI_TABLE] == pytest.approx(printed, abs=1e-4)
    assert all(m.code_rate >= 0.2 for m in CQI_TABLE)


@pytest.mark.parametrize(
    ("snr_db", "expected"),
    [
        (-10.0, Mcs("qpsk", 308 / 1024)),
        (10.0, Mcs("16qam", 616 / 1024)),  # log2(1 + 5.01) = 2.588 lies between 2.4063 and 2.7305
        (40.0, Mcs("64qam", 948 / 1024)),
        (nan, Mcs("qpsk", 308 / 1024)),
    ],
)
def test_known_choices(snr_db, expected):
    assert select_mcs(Csi(snr_db)) == expected


def test_no_report_is_the_most_robust_scheme():
    assert select_mcs(None) == CQI_TABLE[0]


def test_each_threshold_is_where_the_rule_says():
    for slower, faster in pairwise(CQI_TABLE):
        capacity = spectral_efficiency(faster)
        snr_db = 3 + 10 * log2(2**capacity - 1) / log2(10)
        assert select_mcs(Csi(snr_db + 0.01)) == faster
        assert select_mcs(Csi(snr_db - 0.01)) == slower


def test_needs_no_tensorflow():
    code = "import linksim.link.cqi, sys; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
