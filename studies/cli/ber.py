"""``linksim ber``: error rates of a link, with intervals and closed forms."""

import math
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from linksim.errors import LinksimError
from linksim.options import check_flags
from studies.cli import arguments
from studies.cli.command import Command

if TYPE_CHECKING:
    from linksim.link.config import LinkConfig
    from linksim.link.experiments.error_rate import ErrorRate

COLUMNS = ("snr_db", "ber", "ci_low", "ci_high", "theory_ber", "blocks")
CODED_COLUMNS = ("snr_db", "ber", "bler", "ci_low", "ci_high", "block_errors", "blocks")
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
ESTIMATOR = "perfect"
"""The estimator, unless one is given."""
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
    perfect = {"estimator": ESTIMATOR}
    arguments.add_link_flags(parser, *before, unset=True)
    coding = parser.add_mutually_exclusive_group()
    coding.add_argument("--uncoded", action="store_true", help="decide bits hard, without a code")
    arguments.add_link_flags(coding, "code_rate", unset=True)
    arguments.add_link_flags(parser, *after, defaults=perfect, unset=True)
    text = "any other option of the link"
    parser.add_argument("--link", action="append", default=[], metavar="K=V", help=text)
    arguments.add_snr(parser, "0:20:5")
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
    parser.add_argument("--theory", action="store_true", help="draw the closed form as well")


def run(args: Namespace) -> int:
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


def link_config(args: Namespace) -> "LinkConfig":
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
    return build(LinkConfig, {"estimator": ESTIMATOR, **flags, **options}, "link")


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


def _live(points: Any, args: Namespace, config: "LinkConfig", total: int) -> Any:
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


def _write_json(args: Namespace, config: "LinkConfig", stop: Any, done: list["ErrorRate"]) -> None:
    import shlex
    from dataclasses import asdict

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
    arguments.write_json(args.json, document)


COMMAND = Command("ber", "simulate bit and block error rates against SNR", add_flags, run)
