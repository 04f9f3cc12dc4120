"""Flags of a command, made from the options of a dataclass such as a recipe."""

import argparse
import dataclasses
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from linksim.options import check_range

T = TypeVar("T")


def add_flags(parser: argparse.ArgumentParser, options: type) -> None:
    """Declare a flag for each field of a dataclass that `linksim.options.option` made."""
    hints = typing.get_type_hints(options)
    for field, flag in _flags(options):
        members = typing.get_args(hints[field.name]) or (hints[field.name],)
        unit, shown = field.metadata["unit"], field.metadata["help"]
        shown += f", in {unit}" if unit else ""
        shown += "" if field.default is None else f" (default {field.default})"
        parser.add_argument(
            flag,
            dest=field.name,
            type=next(member for member in members if member is not types.NoneType),
            default=field.default,
            choices=field.metadata["choices"],
            help=shown,
        )


def from_flags(options: type[T], args: argparse.Namespace) -> T:
    """Return a dataclass whose flags `add_flags` declared, filled from a command's arguments.

    Raises
    ------
    LinksimError
        If a number is out of the range of its field, or the dataclass refuses it.
    """
    values: dict[str, Any] = {}
    for field, flag in _flags(options):
        values[field.name] = getattr(args, field.name)
        if field.metadata["within"]:
            check_range(flag, values[field.name], *field.metadata["within"])
    return options(**values)


def add_run(parser: argparse.ArgumentParser, save_every: int = 250) -> None:
    """Declare the flags that every run has, see `semantic.training.run.TrainingRun`."""
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument(
        "--save-every",
        type=int,
        default=save_every,
        help=f"steps between checkpoints (default {save_every})",
    )


def _flags(options: type) -> Iterator[tuple[dataclasses.Field[Any], str]]:
    for field in dataclasses.fields(options):
        if "help" in field.metadata:
            yield field, field.metadata["flag"] or f"--{field.name.replace('_', '-')}"
