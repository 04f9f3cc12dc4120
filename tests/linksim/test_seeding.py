"""Seeds: what they depend on, and that making one needs nothing heavy."""

import subprocess
import sys
from dataclasses import dataclass

import pytest
import tensorflow as tf

from linksim.link.config import LinkConfig
from linksim.link.transceiver import OfdmTransceiver
from linksim.phy.channels import Channel
from linksim.phy.grid import Grid
from linksim.seeding import derive_seed, seed_sionna


def test_seeds_depend_on_every_part_and_on_nothing_else() -> None:
    assert derive_seed("study", 1.0, [3]) == derive_seed("study", 1.0, [3])
    seeds = {derive_seed("study", i, j) for i in range(30) for j in range(30)}
    assert len(seeds) == 900
    assert derive_seed("a", "bc") != derive_seed("ab", "c")
    assert all(0 <= s < 2**63 for s in seeds)


def test_a_seed_is_the_same_on_every_version() -> None:
    assert derive_seed("study", 1.0, [3]) == 2422597398354169777


def test_making_a_seed_loads_no_sionna() -> None:
    code = "import sys, linksim.seeding; print('sionna' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@dataclass(frozen=True, kw_only=True)
class Real(Channel):
    """A channel from outside, whose samples are looked at when a link is built."""

    def sample(self, bursts: int, slots: int, grid: Grid) -> tf.Tensor:
        from sionna.phy import config

        h = config.tf_rng.normal([bursts * slots, 1, 1])
        return tf.cast(tf.tile(h, [1, *grid.shape]), tf.complex64)


@pytest.mark.parametrize(
    "options",
    [
        {"estimator": "lmmse"},
        {"estimator": "lmmse-f-t"},
        {"channel": "tdl-a", "domain": "time"},
        {"channel": Real()},
    ],
)
def test_building_a_link_leaves_the_generators_alone(options: dict) -> None:
    """What is drawn afterwards follows the seed of before."""
    from sionna.phy import config

    drawn = []
    for seed, built in ((1, False), (1, True), (2, True)):
        seed_sionna(seed)
        random = config.py_rng.random(), config.np_rng.random(), float(config.tf_rng.normal([]))
        if built:
            OfdmTransceiver(LinkConfig(subcarriers=12, **options))
        random += config.py_rng.random(), config.np_rng.random(), float(config.tf_rng.normal([]))
        drawn.append(random)
    assert drawn[0] == drawn[1]
    assert not set(drawn[1]) & set(drawn[2])
