"""Seeds: what they depend on, and that making one needs nothing heavy."""

import subprocess
import sys

from linksim.seeding import derive_seed


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
