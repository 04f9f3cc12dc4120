"""``linksim ber``: error rates of a link, with intervals and closed forms."""

import argparse
import math
from typing import TYPE_CHECKING, Any

from linksim.errors import LinksimError
from linksim.options import check_flags
from studies.cli import arguments

if TYPE_CHECKING:
    from linksim.link.config import LinkConfig
    from linksim.link.experiments.error_rate import ErrorRate

COLUMNS = ("snr_db", "ber", "ci_low", "ci_high", "theory_ber", "blocks")
CODED_COLUMNS = ("snr_db", "ber", "bler", "ci_low", "ci_high", "block_errors", "blocks")
LINK_FLAGS = (
    "channel",
    "modulation",
    "code_rate",
    "block_length",
    "estimator",
    "equalizer",
    "interleave_slots",
)
"""Fields of a link that have a flag of their own; it is None where it was not given."""
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
"""Those that say nothing where there is no code."""
UNCODED_WIDTH = 0.1
"""Relative width of the interval at which an uncoded point stops by default."""


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("ber", help="simulate bit and block error rates against SNR")
    parser.add_argument("--channel", help="name:option=value,… (rayleigh)")
    parser.add_argument("--modulation", help="qpsk, 16qam (default), 64qam or 256qam")
    coding = parser.add_mutually_exclusive_group()
    coding.add_argument("--uncoded", action="store_true", help="hard decisions, no code")
    coding.add_argument("--code-rate", type=float, help="5G LDPC code rate (0.5)")
    parser.add_argument("--estimator", help="perfect (default), ls-nearest, ls-linear, …")
    parser.add_argument("--equalizer", help="zf or lmmse (default)")
    parser.add_argument("--block-length", type=int, help="coded bits of a block (fills a slot)")
    parser.add_argument("--interleave-slots", type=int, help="interleaving depth (1)")
    parser.add_argument(
        "--link", action="append", default=[], metavar="K=V", help="any other option of the link"
    )
    parser.add_argument("--snr", default="0:20:5", help="Es/N0 in dB, start:stop:step or a list")
    parser.add_argument(
        "--block-errors", type=int, default=200, help="coded: stop at so many (200)"
    )
    parser.add_argument(
        "--relative-width", type=float, help="stop at this interval width over rate (uncoded: 0.1)"
    )
    parser.add_argument("--max-blocks", type=int, default=20_000, help="budget a point (20000)")
    parser.add_argument("--confidence", type=float, default=0.95, help="of the intervals (0.95)")
    parser.add_argument("--seed", type=int, default=1, help="default: 1")
    parser.add_argument(
        "--json", type=arguments.path, metavar="FILE", help="write the records here"
    )
    parser.add_argument(
        "--plot", type=arguments.path, metavar="FILE", help="draw a .png, .pdf or .svg"
    )
    parser.add_argument("--theory", action="store_true", help="draw the closed form as well")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Simulate, print a row a point, and write records and figure as points are done."""
    from linksim.montecarlo import StopRule
    from studies.spec.snr import parse_snr

    _check(args)
    config = link_config(args)
    snr_db = parse_snr(args.snr)
    # Uncoded nearly every frame has an error, so only the width of the interval can stop it.
    stop = StopRule(
        None if args.uncoded else args.block_errors,
        args.relative_width or (UNCODED_WIDTH if args.uncoded else None),
        args.max_blocks,
    )

    from linksim.startup import import_tensorflow

    import_tensorflow()  # only now that the input is known to be good
    from linksim.link.experiments.error_rate import error_rates

    points = error_rates(
        config,
        snr_db,
        coded=not args.uncoded,
        stop=stop,
        seed=args.seed,
        confidence=args.confidence,
    )
    done: list[ErrorRate] = []
    for point in _live(points, args, config, len(snr_db)):
        done.append(point)
        if args.json:
            _write_json(args, config, stop, done)
    if args.plot:
        from studies.figures.ber import save

        save(args.plot, config, done, coded=not args.uncoded, theory=args.theory)
    return 0


def link_config(args: argparse.Namespace) -> "LinkConfig":
    """Return the link that flags and ``--link`` describe, with perfect CSI unless they say more.

    Raises
    ------
    LinksimError
        If two name the same field, or one that error rates do not depend on, or there is no such
        link.
    """
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
    return build(LinkConfig, {"estimator": "perfect", **flags, **options}, "link")


def _check(args: argparse.Namespace) -> None:
    ranges = (
        ("block_errors", 1, 10**9),
        ("max_blocks", 1, 10**9),
        ("relative_width", 1e-4, 10.0),
        ("confidence", 0.5, 0.9999),
        ("seed", 0, 2**62),
    )
    check_flags(args, (each for each in ranges if getattr(args, each[0]) is not None))
    arguments.check_outputs(args)


def _live(points: Any, args: argparse.Namespace, config: "LinkConfig", total: int) -> Any:
    """Pass points on while a table grows on the screen."""
    import time

    from rich.console import Console
    from rich.live import Live
    from rich.table import Table

    columns = COLUMNS if args.uncoded else CODED_COLUMNS
    code = "uncoded" if args.uncoded else f"rate {config.code_rate:g}"
    table = Table(
        *(name.replace("_", " ") for name in columns),
        title=f"{config.channel}, {config.modulation}, {code}, {config.estimator} CSI",
    )
    start = time.monotonic()
    console = Console()
    with Live(table, console=console, refresh_per_second=4):
        table.caption = f"0 of {total} points"
        for index, point in enumerate(points, 1):
            table.add_row(*(_text(name, getattr(point, name)) for name in columns))
            left = (time.monotonic() - start) / index * (total - index)
            table.caption = f"{index} of {total} points, {left:.0f} s left"
            yield point
        table.caption = f"{total} points in {time.monotonic() - start:.0f} s"
    if not console.is_terminal:
        console.line()  # Live ends its last line only on a terminal


def _text(name: str, value: float) -> str:
    if isinstance(value, float) and math.isnan(value):
        return "-"
    return f"{value:g}" if isinstance(value, int) or name == "snr_db" else f"{value:.2e}"


def _write_json(
    args: argparse.Namespace, config: "LinkConfig", stop: Any, done: list["ErrorRate"]
) -> None:
    import json
    import shlex
    from dataclasses import asdict

    from linksim.files import write_text
    from studies.run.point import versions
    from studies.run.record import finite

    document = {
        "command": shlex.join(["linksim", *args.argv]),
        "link": asdict(config),
        "coded": not args.uncoded,
        "stop": asdict(stop),
        "confidence": args.confidence,
        "seed": args.seed,
        "versions": versions(),
        "records": [
            {k: finite(v) if isinstance(v, float) else v for k, v in asdict(point).items()}
            for point in done
        ],
    }
    try:
        write_text(args.json, json.dumps(document, indent=1) + "\n")
    except OSError as error:
        raise LinksimError(f"{args.json}: {error.strerror or error}") from None
