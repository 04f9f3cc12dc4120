"""How many slots are sent together, by the size of a link: what bounds its memory."""

from linksim.link.config import LinkConfig

ELEMENTS = 2**21
"""Resource elements times pairs of antennas of one batch at most, of some 200 bytes each.

Batches are part of what a seed reproduces, so the link alone decides on them: what happens to be
free on a machine must not decide a result.
"""

SAMPLES_PER_ELEMENT = 16
"""Elements that one counts for in the time domain, where each path has samples of its own."""


def batch_slots(config: LinkConfig, most: int) -> int:
    """Return how many slots of a link are sent together, at least 1.

    Parameters
    ----------
    config : LinkConfig
        The link.
    most : int
        Slots of a narrow grid.
    """
    channel = config.channel_model
    size = config.slot_resource_elements * channel.rx_antennas * channel.tx_antennas
    size *= SAMPLES_PER_ELEMENT if config.domain == "time" else 1
    return max(1, min(most, ELEMENTS // size))
