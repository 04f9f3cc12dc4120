"""Networks that ship are missed when they are put back to how they were before training."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from linksim.media import write
from linksim.media.faces.networks import installed
from linksim.media.synthetic.heads import speaking_head
from semantic.training.ablation import Ablated
from studies.bench.networks.ablation import ablated_networks

pytestmark = pytest.mark.skipif(not installed(), reason="needs linksim[clip]")

LEAST = 0.01
"""Share by which the loss must grow. On real people, whom networks are for, it is 3 % or more."""


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Ablated]:
    """Losses on synthetic talkers, of another seed than training had."""
    folder: Path = tmp_path_factory.mktemp("talkers")
    for index in range(4):
        write(speaking_head(11, index, 3.0).clip, folder / f"{index}.mp4")
    return list(ablated_networks([str(folder)]))


def test_no_network_is_idle(rows: Sequence[Ablated]) -> None:
    costs = {f"{row.codec}: {row.network}": row.cost for row in rows}
    assert len(costs) > 35
    assert {name: cost for name, cost in costs.items() if cost < LEAST} == {}
