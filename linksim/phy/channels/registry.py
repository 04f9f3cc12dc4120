"""From a channel's name to its class, and from its text to the channel."""

from importlib.metadata import entry_points

from linksim.errors import unknown
from linksim.options import build, split_spec
from linksim.phy.channels.channel import Channel
from linksim.phy.channels.cir import CirChannel
from linksim.phy.channels.clustered import CDL, TDL
from linksim.phy.channels.flat import Awgn, Rayleigh, Rician
from linksim.phy.channels.sector import Rma, Uma, Umi
from linksim.phy.channels.traced import Rt
from linksim.plugins import is_dotted, load_class

CHANNELS: dict[str, type[Channel]] = {
    **{c.name: c for c in (Awgn, Rayleigh, Rician)},
    **TDL,
    **CDL,
    **{c.name: c for c in (Umi, Uma, Rma, CirChannel, Rt)},
}
"""Every channel that comes with linksim, by its name."""


ENTRY_POINT_GROUP = "linksim.channels"


def parse_channel(spec: str) -> Channel:
    """Construct a channel from ``"name"`` or ``"name:key=value,key=value"``.

    The name is one of `CHANNELS`, in letters of either case, that of an installed channel, or
    the dotted path of a class. What stands first may lack its key where the class says so, as in
    ``"cir:FILE"``.

    Raises
    ------
    LinksimError
        For an unknown channel or option (with the nearest known name), a bad value, or a dotted
        path that leads to no channel.
    """
    name, colon, rest = spec.strip().partition(":")
    cls = channel_class(name)
    if cls.positional and rest.strip() and "=" not in rest.partition(",")[0]:
        rest = f"{cls.positional}={rest}"
    name, options = split_spec(name + colon + rest, "channel")
    return build(cls, options, f"channel '{name}'")


def canonical(spec: str) -> str:
    """Return the one way in which a study writes a channel: lower case, where case says nothing.

    Raises
    ------
    LinksimError
        As `parse_channel`.
    """
    parse_channel(spec)
    name, colon, rest = spec.strip().partition(":")
    if name.lower() not in CHANNELS:
        return spec.strip()
    rest = rest if CHANNELS[name.lower()].positional else rest.lower()
    return name.lower() + colon + rest


def channel_class(name: str) -> type[Channel]:
    """Return a channel's class by its name or dotted path.

    Raises
    ------
    LinksimError
        As `parse_channel`.
    """
    if is_dotted(name):
        return load_class(name, Channel, "channel")
    if name.lower() in CHANNELS:
        return CHANNELS[name.lower()]
    installed = {point.name: point.value for point in entry_points(group=ENTRY_POINT_GROUP)}
    if name not in installed:
        raise unknown("channel", name, [*CHANNELS, *installed])
    return load_class(installed[name].replace(":", "."), Channel, "channel")


def channel_classes() -> dict[str, type[Channel]]:
    """Return every channel by its name: those of linksim, then those installed beside it."""
    installed = sorted(point.name for point in entry_points(group=ENTRY_POINT_GROUP))
    return {name: channel_class(name) for name in dict.fromkeys([*CHANNELS, *installed])}
