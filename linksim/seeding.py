"""The state of Sionna's random generators."""

from sionna.phy import config


def seed_sionna(seed: int) -> None:
    """Set Sionna's generators, in place, so that compiled graphs follow.

    The seed becomes the key of TensorFlow's Philox generator. As its counter, which is where
    `reset_from_seed` puts it, neighbouring seeds would give shifted copies of one sequence.

    Parameters
    ----------
    seed : int
        Any non-negative number; 63 bits of it count.
    """
    config.seed = seed % 2**63
    config.tf_rng.reset([0, 0, seed % 2**63])
