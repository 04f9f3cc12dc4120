"""``linksim ber``: error rates of a link, with intervals and closed forms."""

import math
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from linksim.errors import LinksimError
from linksim.flags import check_flags
from studies.cli import arguments
from studies.cli.command import Command

if TYPE_CHECKING:
    from linksim.link.config import LinkConfig

Row = dict[str, Any]
"""A point of a link: columns of `studies.api.sweep.ber`, by name."""

COLUMNS = {"snr_db": "Es/N0", "ber": "BER", "interval": "interval", "theory_ber": "theory"}
CODED_COLUMNS = {
    "snr_db": "Es/N0",
    "ber": "BER",
    "bler": "BLER",
    "interval": "interval",
    "blocks": "blocks",
    "goodput": "Mb/s",
    "efficiency": "b/s/Hz",
}
"""Columns on the screen; files have those of `studies.api.sweep.ber`."""
LINK_FLAGS = (
    "channel",
    "modulation",
    "code_rate",
    "estimator",
    "equalizer",
    "block_length",
    "interleave_slots",
)
"""Fields of a link that have a flag of their own."""
SEVERAL = ("channel", "modulation", "estimator")
"""Flags that may be given more than once; there is a curve for each combination."""
UNREAD = (
    "harq",
    "combining",
    "mcs_table",
    "feedback_bits",
    "feedback_delay_slots",
    "feedback_loss",
)
"""Fields of a link that say nothing where each transmission is counted by itself."""
CODED = ("code_rate", "block_length", "decoder", "decoder_iterations")
"""Fields of a link that say nothing where there is no code."""
UNCODED_WIDTH = 0.1
"""Relative width of the interval at which an uncoded point stops by default."""


def add_flags(parser: ArgumentParser) -> None:
    """Add the arguments; a flag of the link is None where it was not given."""
    before, after = LINK_FLAGS[:2], LINK_FLAGS[3:]
    arguments.add_link_flags(parser, *before, unset=True, several=SEVERAL)
    coding = parser.add_mutually_exclusive_group()
    coding.add_argument("--uncoded", action="store_true", help="decide bits hard, without a code")
    arguments.add_link_flags(coding, "code_rate", unset=True)
    arguments.add_link_flags(parser, *after, unset=True, several=SEVERAL)
    text = "any other option of the link"
    parser.add_argument("--link", action="append", default=[], metavar="K=V", help=text)
    arguments.add_snr(parser, "0:20:5")
    text = "Eb/N0 in dB instead of Es/N0, start:stop:step or a list; the figure is drawn against it"
    parser.add_argument("--ebn0", metavar="RANGE", help=text)
    text = "block errors at which a coded point is done (default 200)"
    parser.add_argument("--block-errors", type=int, default=200, help=text)
    text = "width of the interval over the rate at which a point is done (default if uncoded 0.1)"
    parser.add_argument("--relative-width", type=float, help=text)
    text = "largest number of blocks of a point (default 20000)"
    parser.add_argument("--max-blocks", type=int, default=20_000, help=text)
    text = "confidence of the intervals (default 0.95)"
    parser.add_argument("--confidence", type=float, default=0.95, help=text)
    arguments.add_seed(parser)
    arguments.add_json(parser)
    arguments.add_plot(parser)
    parser.add_argument(
        "--theory", action="store_true", help="draw closed forms and bounds as well"
    )
    text = "curve of another to draw: CSV (snr_db or ebn0_db, ber or bler) or AFF3CT's table"
    parser.add_argument(
        "--reference", type=arguments.path, action="append", default=[], metavar="FILE", help=text
    )


def run(args: Namespace) -> int:
    """Simulate, print a row a point, and write records and figure as points are done."""
    from linksim.montecarlo import StopRule
    from studies.api.reference import read_reference
    from studies.spec.snr import parse_snr

    _check(args)
    links = link_configs(args)
    snr_db = parse_snr(args.ebn0 or args.snr)
    for file in args.reference:
        read_reference(file)
    # Uncoded nearly every frame has an error, so only the width of the interval can stop it.
    stop = StopRule(
        None if args.uncoded else args.block_errors,
        args.relative_width or (UNCODED_WIDTH if args.uncoded else None),
        args.max_blocks,
    )

    from linksim.startup import import_tensorflow

    import_tensorflow()  # only now that the input is known to be good
    from studies.api.sweep import iterate

    done: list[Row] = []
    snrs: dict[str, Any] = {"ebn0_db" if args.ebn0 else "snr_db": snr_db}
    points = iterate(
        links,
        coded=not args.uncoded,
        stop=stop,
        seed=args.seed,
        confidence=args.confidence,
        **snrs,
    )
    for row in _live(points, args, links, len(links) * len(snr_db)):
        done.append(row)
        if args.json:
            _write_json(args, links, stop, done)
    if args.plot:
        _plot(args, links, done)
    return 0


def link_configs(args: Namespace) -> "list[LinkConfig]":
    """Return the links that flags and ``--link`` describe, one for each combination.

    Raises
    ------
    LinksimError
        If two name the same field, or one that error rates do not depend on, or there is no such
        link.
    """
    import itertools

    from linksim.link.config import LinkConfig
    from linksim.options import build

    flags = {name: value for name in LINK_FLAGS if (value := getattr(args, name)) is not None}
    options = arguments.pairs("--link", args.link)
    for name in options.keys() & flags.keys():
        flag = name.replace("_", "-")
        raise LinksimError(f"--link {name}={options[name]}: {name} is given by --{flag}")
    for name in UNREAD:
        if name in options:
            raise LinksimError(
                f"--link {name}={options[name]}: each transmission is counted by itself, so {name} "
                "says nothing here; see 'linksim harq' and 'linksim adapt'"
            )
    for name in CODED:
        if args.uncoded and name in options:
            raise LinksimError(f"--link {name}={options[name]}: --uncoded has no code")
    lists = {name: flags.pop(name) for name in SEVERAL if name in flags}
    for name, values in lists.items():
        if len(set(values)) < len(values):
            raise LinksimError(f"--{name} is given twice with one value")
    return [
        build(LinkConfig, {**dict(zip(lists, values, strict=True)), **flags, **options}, "link")
        for values in itertools.product(*lists.values())
    ]


def _plot(args: Namespace, links: "Sequence[LinkConfig]", done: list[Row]) -> None:
    """Draw all links in one figure."""
    from studies.api.sweep import result_of

    result_of(done, links).plot(
        "ber" if args.uncoded else "bler",
        theory=args.theory,
        ebn0=bool(args.ebn0),
        reference=args.reference,
        path=args.plot,
    )


def _check(args: Namespace) -> None:
    ranges = (
        ("block_errors", 1, 10**9),
        ("max_blocks", 1, 10**9),
        ("relative_width", 1e-4, 10.0),
        ("confidence", 0.5, 0.9999),
        ("seed", 0, 2**62),
    )
    check_flags(args, (each for each in ranges if getattr(args, each[0]) is not None))
    arguments.check_outputs(args)


def _live(
    points: Iterable[Row], args: Namespace, links: "Sequence[LinkConfig]", total: int
) -> Iterator[Row]:
    """Pass rows on while a table grows on the screen."""
    import time

    from rich.console import Console
    from rich.live import Live
    from rich.table import Table

    columns = COLUMNS if args.uncoded else CODED_COLUMNS
    columns = ({"link": "link"} if len(links) > 1 else {}) | columns
    if args.ebn0:
        columns = {**columns, "snr_db": "Eb/N0"}
    code = "uncoded" if args.uncoded else f"rate {links[0].code_rate:g}"
    config = links[0]
    one = f"{config.channel}, {config.modulation}, {code}, {config.estimator} CSI"
    title = one if len(links) == 1 else f"{len(links)} links, {code}"
    table = Table(*columns.values(), title=title)
    start = time.monotonic()
    console = Console()
    with Live(table, console=console, refresh_per_second=4):
        table.caption = f"0 of {total} points"
        for index, point in enumerate(points, 1):
            shown = _shown(point, against="ebn0_db" if args.ebn0 else "snr_db")
            table.add_row(*(shown[name] for name in columns))
            left = (time.monotonic() - start) / index * (total - index)
            table.caption = f"{index} of {total} points, {left:.0f} s left"
            yield point
        table.caption = f"{total} points in {time.monotonic() - start:.0f} s"
    if not console.is_terminal:
        console.line()  # Live ends its last line only on a terminal


def _shown(row: Row, against: str) -> dict[str, str]:
    """Return the cells of a row, by the names of `CODED_COLUMNS`."""
    rates = {name: _rate(row[name]) for name in ("ber", "bler", "theory_ber")}
    return rates | {
        "link": str(row.get("link", "")),
        "snr_db": f"{row[against]:.4g}",
        "interval": f"{_rate(row['ci_low'])}–{_rate(row['ci_high'])}",
        "blocks": str(row["blocks"]),
        "goodput": f"{row['goodput_bps'] / 1e6:.3g}",
        "efficiency": f"{row['efficiency']:.3g}",
    }


def _rate(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2g}"


def _write_json(args: Namespace, links: "Sequence[LinkConfig]", stop: Any, done: list[Row]) -> None:
    import shlex
    from dataclasses import asdict

    from studies.run.point import versions
    from studies.run.record import finite

    described = [asdict(link) for link in links]
    document = {
        "command": shlex.join(["linksim", *args.argv]),
        **({"link": described[0]} if len(links) == 1 else {"links": described}),
        "coded": not args.uncoded,
        "stop": asdict(stop),
        "confidence": args.confidence,
        "seed": args.seed,
        "versions": versions(),
        "records": [
            {k: finite(v) if isinstance(v, float) else v for k, v in row.items()} for row in done
        ],
    }
    arguments.write_json(args.json, document)


COMMAND = Command("ber", "simulate bit and block error rates against SNR", add_flags, run)
