import pytest
from sionna.phy.nr.utils import decode_mcs_index

from linksim.errors import LinksimError
from linksim.phy.coding.mcs import MCS_TABLES, scheme
from linksim.phy.modulations import MODULATIONS


@pytest.mark.parametrize(("table", "size"), [(1, 29), (2, 28), (3, 29)])
def test_tables_are_those_of_sionna(table: int, size: int) -> None:
    assert len(MCS_TABLES[table]) == size
    order, rate = decode_mcs_index(list(range(size)), table_index=table, is_pusch=False)
    assert [MODULATIONS[m.modulation].bits for m in MCS_TABLES[table]] == order.numpy().tolist()
    assert [m.code_rate for m in MCS_TABLES[table]] == rate.numpy().tolist()


@pytest.mark.parametrize(
    ("table", "index", "printed"),
    [(1, 0, 0.2344), (1, 28, 5.5547), (2, 20, 5.3320), (2, 27, 7.4063), (3, 0, 0.0586),
     (3, 28, 4.5234)],
)  # fmt: skip
def test_spectral_efficiencies_are_those_printed_in_the_standard(
    table: int, index: int, printed: float
) -> None:
    mcs = scheme(table, index)
    assert MODULATIONS[mcs.modulation].bits * mcs.code_rate == pytest.approx(printed, abs=5e-5)


@pytest.mark.parametrize(("table", "index"), [(4, 0), (1, 29), (2, 28), (1, -1)])
def test_what_is_in_no_table_gives_one_line(table: int, index: int) -> None:
    with pytest.raises(LinksimError, match=r"known: 1, 2, 3|is not in table \d, which has 0 to 2"):
        scheme(table, index)
