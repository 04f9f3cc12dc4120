"""The registry of channels, and how text becomes a channel."""

from dataclasses import fields, is_dataclass

from linksim.digests import source_digest
from linksim.errors import LinksimError
from linksim.options import build, split_spec
from linksim.phy.channels.channel import Channel
from linksim.registry import ClassRegistry

CHANNELS: ClassRegistry[Channel] = ClassRegistry(
    "channel", Channel, "linksim.phy.channels.models", "linksim.channels"
)
"""Every channel class by its name; dotted paths of classes are looked up as well."""


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
        For what `parse_channel` refuses.
    """
    parse_channel(spec)
    name, colon, rest = spec.strip().partition(":")
    if name.lower() not in CHANNELS.own:
        return spec.strip()
    rest = rest if CHANNELS[name.lower()].positional else rest.lower()
    return name.lower() + colon + rest


def channel_class(name: str) -> type[Channel]:
    """Return a channel's class by its name, in letters of either case, or dotted path.

    Raises
    ------
    LinksimError
        For what `parse_channel` refuses.
    """
    return CHANNELS[name.lower() if name.lower() in CHANNELS else name]


def describe(channel: Channel) -> str:
    """Return a channel object as text that tells all that it depends on.

    Parameters
    ----------
    channel : Channel
        A frozen dataclass, of a module, a notebook or an interactive session.

    Returns
    -------
    str
        Class, options and a digest of the source of the class, as
        ``"notebook.MyChannel(m=2)@1f0a…"``. Seeds and records go by it: another option or another
        line of code is another channel.

    Raises
    ------
    LinksimError
        If the object is no frozen dataclass, by which it could be told from others.
    """
    kind = type(channel)
    if not is_dataclass(channel) or not kind.__dataclass_params__.frozen:
        raise LinksimError(
            f"channel {kind.__qualname__} is no frozen dataclass; put @dataclass(frozen=True) "
            "before the class, so that its options tell one channel from another"
        )
    options = ", ".join(f"{f.name}={getattr(channel, f.name)!r}" for f in fields(channel))
    return f"{kind.__module__}.{kind.__qualname__}({options})@{source_digest(kind)}"
