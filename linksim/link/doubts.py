"""What results of a link leave out, although nothing is wrong with its configuration."""

from collections.abc import Iterator
from math import log10

from linksim.phy.channels import Channel
from linksim.phy.pilots import NORMAL_PREFIX

LATE_INTERFERENCE = 1e-3
"""Power over the signal's from which on interference that is left out is worth a warning."""


def doubts(
    channel: Channel, name: str, *, domain: str, subcarrier_spacing: float, feedback_delay: int
) -> Iterator[str]:
    """Yield lines, each of which names a field, what it leaves out, and what to do about it.

    Parameters
    ----------
    channel : Channel
        The channel.
    name : str
        The channel as text.
    domain, subcarrier_spacing, feedback_delay
        The fields of the link, the last in slots.
    """
    if not feedback_delay:
        yield (
            "feedback_delay_slots 0 is not causal: blocks go by what the channel is while they are "
            "sent; use 1 or more"
        )
    late = 0.0 if domain == "time" else channel.interference(subcarrier_spacing)
    if late > LATE_INTERFERENCE:
        yield (
            f"channel '{name}' has paths beyond the cyclic prefix of "
            f"{1e6 * NORMAL_PREFIX / subcarrier_spacing:.3g} us; domain frequency leaves out their "
            f"interference, {10 * log10(late):.0f} dB of the signal; use domain time"
        )
