"""Channel models: one registry from a name to a fading process on the resource grid.

A class from elsewhere is a channel too, by its dotted path or an installed entry point.

Every model gives the frequency response h of each resource element, normalised in
expectation, E|h|^2 = 1, never per realisation (that would turn flat fading into AWGN).
A burst is a run of consecutive slots over which the fading is continuous; bursts are
independent of each other. Nothing here imports TensorFlow until a channel is sampled.
"""

from linksim.phy.channels.channel import Channel
from linksim.phy.channels.models.flat import MAX_COHERENCE
from linksim.phy.channels.multipath import Clock, Multipath, burst_clock, fourier
from linksim.phy.channels.registry import (
    CHANNELS,
    canonical,
    channel_class,
    describe,
    parse_channel,
)

__all__ = [
    "CHANNELS",
    "MAX_COHERENCE",
    "Channel",
    "Clock",
    "Multipath",
    "burst_clock",
    "canonical",
    "channel_class",
    "describe",
    "fourier",
    "parse_channel",
]
