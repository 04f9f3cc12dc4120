"""Protection of side information: MCS and interleaver depth by the mean SNR."""

import numpy as np
import pytest

from linksim.link.accounting import stream_uses
from linksim.link.config import LinkConfig
from linksim.link.experiments.error_rate import error_rates
from linksim.montecarlo import StopRule
from linksim.phy.channels import Channel
from linksim.phy.coding.mcs import Mcs
from linksim.phy.estimation import Interpolator
from linksim.phy.estimators import ESTIMATORS, Estimator
from linksim.phy.grid import Grid
from linksim.streams.protection import SCHEMES, needed_snr_db, side_stream


@pytest.mark.parametrize("estimator", ["perfect", "ls-linear"])
def test_side_information_takes_faster_schemes_at_higher_snr(estimator: str) -> None:
    packets, link, uses = (bytes(400),) * 12, LinkConfig(estimator=estimator), []
    for snr in range(-5, 26):
        stream = side_stream("side", packets, snr, link)
        if needed_snr_db(stream.mcs, stream.interleave_slots, estimator) > snr:
            # Nothing is robust enough, and this is the most robust there is.
            assert stream.mcs == SCHEMES[0]
            assert not uses
        else:
            uses.append(stream_uses(stream, link))
    assert (np.diff(uses) <= 0).all()
    assert len(set(uses)) > 4


def test_every_estimator_has_a_loss() -> None:
    """Estimators of packages too, which the most careful of ours stands in for."""

    class Own(Estimator):
        def interpolators(self, grid: Grid, channel: Channel) -> list[Interpolator]:
            return []

    needed = {name: needed_snr_db(SCHEMES[0], 8, name) for name in ESTIMATORS}
    assert needed["perfect"] == needed["lmmse"] == needed["lmmse-f-t"]
    assert needed["ls-nearest"] == needed["ls-linear"] == needed["perfect"] + Own.loss_db


@pytest.mark.parametrize(
    ("mcs", "depth", "estimator"),
    [
        (SCHEMES[1], 24, "perfect"),
        (SCHEMES[4], 24, "ls-linear"),
        (SCHEMES[7], 16, "lmmse-f-t"),
    ],
)
def test_side_information_is_hardly_lost(mcs: Mcs, depth: int, estimator: str) -> None:
    """1 % of the blocks at most, and under 6 % with 95 % confidence."""
    link = LinkConfig(
        modulation=mcs.modulation,
        code_rate=mcs.code_rate,
        estimator=estimator,
        interleave_slots=depth,
    )
    snr = needed_snr_db(mcs, depth, estimator)
    (rate,) = error_rates(link, [snr], coded=True, stop=StopRule(max_blocks=1500), seed=3)
    assert rate.bler <= 0.01
    assert rate.ci_high < 0.06
