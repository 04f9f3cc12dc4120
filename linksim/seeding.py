"""Derivation of seeds, and seeding of Sionna's generators."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager


def derive_seed(*parts: object) -> int:
    """Return a 63-bit seed that depends on all parts and on nothing else.

    The parts (text, numbers, None, lists, dicts) are hashed with SHA-256 in their JSON form, so
    a seed does not depend on the process, the worker or the order of points.
    """
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def seed_sionna(seed: int) -> None:
    """Set Sionna's generators, in place, so that compiled graphs follow.

    The seed becomes the key of TensorFlow's Philox generator. As its counter, which is where
    `reset_from_seed` puts it, neighbouring seeds would give shifted copies of one sequence.

    Parameters
    ----------
    seed : int
        Any non-negative number; 63 bits of it count.
    """
    from sionna.phy import config  # not above: studies make seeds before TensorFlow is loaded

    config.seed = seed % 2**63
    config.tf_rng.reset([0, 0, seed % 2**63])


def seed_noise(seed: int) -> None:
    """Set the one generator that noise comes from; a few times faster than `seed_sionna`."""
    from sionna.phy import config

    config.tf_rng.reset([0, 0, seed % 2**63])


@contextmanager
def kept_generators() -> Iterator[None]:
    """Leave Sionna's generators as they were, whatever is drawn meanwhile and by which seed.

    What is drawn while a link is built, as for the statistics of its channel, has seeds of its own;
    what is drawn afterwards must not follow them.
    """
    from sionna.phy import config

    kept = config.py_rng.getstate(), config.np_rng.bit_generator.state, config.tf_rng.state.numpy()
    try:
        yield
    finally:
        config.py_rng.setstate(kept[0])
        config.np_rng.bit_generator.state = kept[1]
        config.tf_rng.reset(kept[2])
