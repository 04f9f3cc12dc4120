"""The ray offsets of TR 38.901, of which Sionna has one wrong.

Sionna 1.2.2's `tr38901/rays.py` has -0.1481 where Table 7.5-3 has -1.1481, which makes the sectors
`umi`, `uma` and `rma` 3.4 % too narrow in angle (its issue 1107, corrected in 2.1.0); its `cdl.py`
is right. Its other later fixes of the sectors, indoor distances and the environment's height in
`uma` (1108, 1111), touch path loss alone, which linksim leaves to the SNR.
"""

from typing import Any

HALF_OFFSETS = (0.0447, 0.1413, 0.2492, 0.3715, 0.5129, 0.6797, 0.8844, 1.1481, 1.5195, 2.1551)
"""Table 7.5-3: each is the offset of two rays, to either side of their cluster; rms 1."""


def correct_ray_offsets(model: Any) -> Any:
    """Return a system-level model of Sionna, with the offsets of its rays put right."""
    import tensorflow as tf

    sampler = model._ray_sampler
    offsets = [sign * offset for offset in HALF_OFFSETS for sign in (1.0, -1.0)]
    sampler._ray_offsets = tf.constant(offsets, sampler._ray_offsets.dtype)
    return model
