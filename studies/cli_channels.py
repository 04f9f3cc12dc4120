"""``linksim channels``: the channel models and their options."""

import argparse
from typing import Any


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("channels", help="list the channel models and their options")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print a table of channels, options, defaults and units."""
    import dataclasses

    from rich.console import Console
    from rich.table import Table

    from linksim.channels import CHANNELS

    alike: dict[tuple[Any, ...], list[str]] = {}
    for name, channel in CHANNELS.items():
        about = (channel.__doc__ or "").strip().splitlines()[0]
        options = []
        for field in dataclasses.fields(channel):  # type: ignore[arg-type]
            meta = field.metadata
            default = f"{field.default:g}" if type(field.default) is float else str(field.default)
            options.append((field.name, default, meta["unit"], meta["help"]))
        alike.setdefault((about, *options), []).append(name)
    table = Table("channel", "option", "default", "unit", "meaning", title="Channel models")
    table.columns[0].max_width = len("tdl-a, tdl-b,")
    for (about, *options), names in alike.items():
        table.add_row(", ".join(names), "", "", "", about, style="bold")
        for option in options:
            table.add_row("", *option)
    Console().print(table)
    Console().print("Write a channel as name:option=value,option=value", markup=False)
    Console().print("A class of your own is one too, by its dotted path: module.Class")
    return 0
