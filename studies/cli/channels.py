"""``linksim channels``: the channel models and their options, and their impulse responses."""

from argparse import ArgumentParser, Namespace
from typing import Any

from linksim.flags import check_flags
from studies.cli import arguments
from studies.cli.command import Command


def add_flags(parser: ArgumentParser) -> None:
    """Add the sub-command, without which the models are listed."""
    actions = parser.add_subparsers(metavar="ACTION")
    about = "write the impulse responses of a channel"
    export = actions.add_parser("export", help=about, description=about)
    export.add_argument("channel", help="channel model, name:option=value,…")
    text = "file to write, .npz, .h5 or .hdf5, for channel cir:FILE"
    export.add_argument("file", type=arguments.path, help=text)
    text = "number of independent channel realisations (default 256)"
    export.add_argument("--realisations", type=int, default=256, help=text)
    text = "slots that each realisation lasts for (default 4)"
    export.add_argument("--slots", type=int, default=4, help=text)
    text = "subcarrier spacing in Hz (default 15000)"
    export.add_argument("--spacing", type=float, default=15e3, help=text)
    arguments.add_seed(export, "the realisations")
    export.set_defaults(run=run_export)


def run(args: Namespace) -> int:
    """Print a table of channels, options, defaults and units."""
    import dataclasses

    from rich.console import Console
    from rich.table import Table

    from linksim.phy.channels import CHANNELS

    alike: dict[tuple[Any, ...], list[str]] = {}
    classes = dict(CHANNELS)
    for name, channel in classes.items():
        about = (channel.__doc__ or "").strip().splitlines()[0]
        options = []
        for field in dataclasses.fields(channel):  # type: ignore[arg-type]
            meta = field.metadata
            default = f"{field.default:g}" if type(field.default) is float else str(field.default)
            options.append((field.name, default, meta["unit"], meta["help"]))
        alike.setdefault((about, *options), []).append(name)
    title = f"{len(classes)} channel models"
    table = Table("channel", "option", "default", "unit", "meaning", title=title)
    table.columns[0].max_width = len("tdl-a, tdl-b,")
    for (about, *options), names in alike.items():
        table.add_row(", ".join(names), "", "", "", about, style="bold")
        for option in options:
            table.add_row("", *option)
    Console().print(table)
    Console().print("Write a channel as name:option=value,option=value", markup=False)
    Console().print("A class of your own is one too, by its dotted path: module.Class")
    return 0


def run_export(args: Namespace) -> int:
    """Draw impulse responses and write them."""
    ranges = (
        ("realisations", 1, 1_000_000),
        ("slots", 1, 10_000),
        ("spacing", 1e3, 960e3),
        ("seed", 0, 2**63 - 1),
    )
    check_flags(args, ranges)

    from linksim.files import check_writable, replacing
    from linksim.phy.channels import parse_channel
    from linksim.phy.channels.cir_file import check_suffix

    parse_channel(args.channel)
    check_suffix(args.file)
    check_writable(args.file)

    from linksim.startup import import_tensorflow

    import_tensorflow()
    from linksim.phy.channels.export import export_channel

    with replacing(args.file) as temporary:
        shape = export_channel(
            args.channel,
            temporary,
            realisations=args.realisations,
            slots=args.slots,
            subcarrier_spacing=args.spacing,
            seed=args.seed,
        )
    names = ("realisations", "receive antennas", "transmit antennas", "paths", "times")
    print(f"{args.file}: " + ", ".join(f"{n} {v}" for n, v in zip(names, shape, strict=True)))
    return 0


COMMAND = Command("channels", "list the channel models and their options", add_flags, run)
