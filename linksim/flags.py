"""Flags of commands, made from the options of a dataclass such as a link or a recipe."""

import argparse
import dataclasses
import types
import typing
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar

from linksim.options import check_range
from linksim.registry import Registry

T = TypeVar("T")


def check_flags(args: argparse.Namespace, ranges: Iterable[tuple[str, float, float]]) -> None:
    """Check numbers among the arguments of a command, each by its name, least and greatest.

    Raises
    ------
    LinksimError
        For the first that is out of range, with the message of `check_range`.
    """
    for name, low, high in ranges:
        check_range(f"--{name.replace('_', '-')}", getattr(args, name), low, high)


def add_flags(
    parser: argparse._ActionsContainer,
    cls: type,
    names: Iterable[str] | None = None,
    *,
    renamed: Mapping[str, str] = types.MappingProxyType({}),
    defaults: Mapping[str, Any] = types.MappingProxyType({}),
    unset: bool = False,
    several: Collection[str] = (),
) -> None:
    """Add a flag for each of some options of a dataclass: its type, default, help and unit.

    Parameters
    ----------
    parser : ArgumentParser or a group of one
        Gets the flags; the arguments have attributes of the options' names.
    cls : type
        Dataclass whose fields are options.
    names : iterable of str, optional
        The options; by default all that `option` made.
    renamed : mapping of str to str
        What follows the dashes, by option; by default the name of its flag, or its own.
    defaults : mapping of str to Any
        Defaults that differ from those of `cls`.
    unset : bool
        Let a flag that is not given be None, so that the caller can tell; the help text has the
        default all the same.
    several : collection of str
        Options that may be given more than once; they become lists.
    """
    hints = typing.get_type_hints(cls)
    fields = {field.name: field for field in dataclasses.fields(cls) if "help" in field.metadata}
    for name in fields if names is None else names:
        told = fields[name].metadata
        default, unit = defaults.get(name, fields[name].default), told["unit"]
        shown = "none" if default is None else f"{default:g}" if hints[name] is float else default
        noted = f"in {unit}; default none" if unit and default is None else f"default {shown}"
        noted += f" {unit}" if unit and default is not None else ""
        noted += "; may be given again, for another curve" if name in several else ""
        choices = None if isinstance(told["choices"], Registry) else told["choices"]
        flag = renamed.get(name, _name(fields[name])).replace("_", "-")
        parser.add_argument(
            f"--{flag}",
            dest=name,
            action="append" if name in several else "store",
            type=_flag_type(hints[name]),
            default=None if unset else default,
            choices=choices,
            metavar=None if choices else flag.replace("-", "_").upper(),
            help=f"{told['help']} ({noted})".replace("%", "%%"),
        )


def from_flags(cls: type[T], args: argparse.Namespace) -> T:
    """Return a dataclass whose flags `add_flags` declared, filled from a command's arguments.

    Raises
    ------
    LinksimError
        If a number is out of the range of its field, or the dataclass refuses it.
    """
    values: dict[str, Any] = {}
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        if "help" in field.metadata:
            values[field.name] = value = getattr(args, field.name)
            if field.metadata["within"]:
                check_range(f"--{_name(field)}", value, *field.metadata["within"])
    return cls(**values)


def _name(field: dataclasses.Field[Any]) -> str:
    """Return the name of an option's flag, without its dashes."""
    return field.metadata["flag"] or field.name.replace("_", "-")


def _flag_type(hint: Any) -> type:
    """Return the type of an option as a flag has it, without None."""
    members = [m for m in typing.get_args(hint) or (hint,) if m is not types.NoneType]
    return members[0] if len(members) == 1 else str
