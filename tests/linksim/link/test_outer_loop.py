import numpy as np

from linksim.link.adaptation.outer_loop import START_DB, TARGET_BLER, OuterLoop
from linksim.phy.coding.mcs import MCS_TABLES
from linksim.phy.modulations import MODULATIONS


def _settled(loop: OuterLoop, snr_db: list[float]) -> np.ndarray:
    nothing = np.full(len(snr_db), -1)
    return loop.choose(np.array(snr_db), nothing, nothing)


def test_a_better_report_gives_a_faster_scheme_down_to_the_slowest() -> None:
    loop = OuterLoop(1, 7, 864)
    snr_db = np.array([-30.0, -8.0, -5.0, 0.0, 6.5, 15.0, 30.0])
    found = _settled(loop, list(snr_db + START_DB))
    assert (np.diff(found) >= 0).all()
    assert (found[0], found[-1]) == (0, 28)
    efficiency = [MODULATIONS[m.modulation].bits * m.code_rate for m in MCS_TABLES[1]]
    for mcs, snr_db in ((found[3], 0.0), (found[4], 6.5), (found[5], 15.0)):
        # Below Shannon's limit, and no more than 2.5 dB from it.
        assert efficiency[mcs] < np.log2(1 + 10 ** (snr_db / 10))
        assert efficiency[mcs + 1] > np.log2(1 + 10 ** ((snr_db - 2.5) / 10))


def test_without_a_report_the_last_one_holds() -> None:
    loop = OuterLoop(1, 1, 864)
    assert _settled(loop, [np.nan])[0] == 0
    before = _settled(loop, [16.0])
    assert before[0] > 10
    assert _settled(loop, [np.nan]) == before
    loop.reset()
    assert _settled(loop, [np.nan])[0] == 0


def test_answers_move_the_scheme_until_the_target_is_met() -> None:
    """A channel that always carries MCS 12 and never 13: one in ten fails in the long run."""
    loop = OuterLoop(1, 1, 864)
    chosen, failed = _settled(loop, [14.0]), []
    for _ in range(600):
        answer = (chosen <= 12).astype(int)
        failed.append(1 - answer[0])
        chosen = loop.choose(np.array([np.nan]), answer, chosen)
    assert abs(np.mean(failed[100:]) - TARGET_BLER) < 0.02
    assert 11 <= chosen[0] <= 13


def test_a_link_in_outage_half_of_the_time_uses_the_other_half() -> None:
    """For 50 slots nothing arrives, for 50 MCS 10 and what is slower does, in turns."""
    loop, used = OuterLoop(1, 1, 864), []
    chosen = _settled(loop, [5.5])
    for slot in range(1500):
        faded = slot // 50 % 2 == 1
        answer = (chosen <= 10).astype(int) * (not faded)
        if not faded:
            used.append(chosen[0])
        chosen = loop.choose(np.array([-10.0 if faded else 5.5]), answer, chosen)
    assert np.mean(np.array(used[-250:]) >= 8) > 0.7


def test_where_the_target_is_given_up_every_second_nack_of_other_schemes_counts() -> None:
    """0.2 dB each; those of the slowest, in between, do not."""
    loop, nack = OuterLoop(1, 1, 864), np.array([0])
    for _ in range(80):  # more than two fifths of a tenth of 1000, past the greatest offset
        loop.choose(np.array([5.0]), nack, np.array([0]))
    loop._loop.offset.assign([START_DB])
    for _ in range(10):
        for mcs in (0, 5):
            loop.choose(np.array([5.0]), nack, np.array([mcs]))
    np.testing.assert_allclose(loop._loop.offset.numpy(), START_DB + 5 * 0.2, atol=1e-5)


def test_a_table_without_curves_of_its_slowest_schemes_has_them_too() -> None:
    assert _settled(OuterLoop(3, 1, 864), [-30.0])[0] == 0
