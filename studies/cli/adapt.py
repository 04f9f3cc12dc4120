"""``linksim adapt``: link adaptation and HARQ over correlated fading, beside fixed MCSs."""

import argparse
import math
from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING, Any

from linksim.errors import LinksimError
from linksim.options import check_flags
from studies.cli import arguments

if TYPE_CHECKING:
    from linksim.link.config import LinkConfig
    from linksim.link.experiments.link_adaptation import Adapted

AUTO = "auto"
COLUMNS = ("feedback", "snr db", "mcs", "bit/use", "95 %", "bler", "95 %", "residual", "sent",
           "delay")  # fmt: skip


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("adapt", help="simulate link adaptation and HARQ against SNR")
    parser.add_argument(
        "--channel",
        default="tdl-a:delay_spread=10e-9",
        help="name:option=value,… (tdl-a:delay_spread=10e-9, at 3 km/h)",
    )
    parser.add_argument("--snr", default="10:30:10", help="Es/N0 in dB, start:stop:step or a list")
    parser.add_argument("--mcs", default=AUTO, help="auto, numbers of a table, or all: auto,0:28:4")
    parser.add_argument("--table", type=int, default=1, help="MCS table of TS 38.214: 1, 2 or 3")
    parser.add_argument("--delay", default="4", help="slots until feedback is known: 0,4,8 (4)")
    parser.add_argument("--bits", type=int, default=4, help="of a report (4)")
    parser.add_argument("--loss", type=float, default=0.0, help="of reports and answers (0)")
    parser.add_argument("--harq", type=int, default=1, help="most transmissions of a block (1)")
    parser.add_argument("--combining", default="ir", help="ir (default) or chase")
    parser.add_argument("--estimator", default="ls-linear", help="perfect, ls-nearest, …")
    parser.add_argument("--subcarriers", type=int, default=24, help="of the resource grid (24)")
    parser.add_argument("--links", type=int, default=64, help="simulated side by side (64)")
    parser.add_argument("--slots", type=int, default=800, help="of each link (800)")
    parser.add_argument("--warm-up", type=int, default=300, help="of them not counted (300)")
    parser.add_argument("--seed", type=int, default=1, help="default: 1")
    parser.add_argument(
        "--json", type=arguments.path, metavar="FILE", help="write the records here"
    )
    parser.add_argument(
        "--plot", type=arguments.path, metavar="FILE", help="draw a .png, .pdf or .svg"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Simulate, print a row a point, and write records and figure as points are done."""
    from linksim.link.config import LinkConfig
    from studies.spec.snr import parse_snr

    _check(args)
    snr_db = parse_snr(args.snr)
    schemes = mcs_choices(args.mcs, args.table)
    configs = [
        LinkConfig(
            channel=args.channel,
            estimator=args.estimator,
            subcarriers=args.subcarriers,
            feedback_bits=args.bits,
            feedback_delay_slots=delay,
            feedback_loss=args.loss,
            harq=args.harq,
            combining=args.combining,
        )
        for delay in _delays(args.delay)
    ]
    for config in configs:
        uncounted = args.warm_up + 2 * (args.harq - 1) * max(1, config.feedback_delay_slots)
        if args.slots <= uncounted:
            raise LinksimError(
                f"--slots {args.slots} leaves none to count; use more than {uncounted}, which the "
                "warm-up and the first and last retransmissions take"
            )

    from linksim.startup import import_tensorflow

    import_tensorflow()  # only now that the input is known to be good
    records: list[dict[str, Any]] = []
    try:
        for record in _simulated(args, configs, snr_db, schemes):
            records.append(record)
            if args.json:
                _write_json(args, configs, records)
    finally:  # what there is counts, where the rest was interrupted
        if records:
            _print(args, records, len(schemes))
    if args.plot:
        from studies.figures.adaptation import save

        save(args.plot, args.channel, records)
    return 0


def _simulated(
    args: argparse.Namespace,
    configs: list["LinkConfig"],
    snr_db: list[float],
    schemes: list[int | None],
) -> Iterator[dict[str, Any]]:
    """Yield a record of each feedback delay, SNR and MCS, and simulate what differs once."""
    from linksim.link.experiments.link_adaptation import ParallelLinks
    from studies.run.progress import progress_bar

    points = list(product(snr_db, schemes))
    different = {_inputs(config, *point) for config in configs for point in points}
    done: dict[tuple[object, ...], Adapted] = {}
    with progress_bar() as progress:
        task = progress.add_task("points", total=len(different))
        for config in configs:
            links = ParallelLinks(
                config, links=args.links, slots=args.slots, warm_up=args.warm_up, table=args.table
            )
            for snr, mcs in points:
                inputs = _inputs(config, snr, mcs)
                if inputs not in done:
                    done[inputs] = links.run(mcs, snr, args.seed)
                    progress.update(task, advance=1)
                yield _record(config.feedback_delay_slots, snr, mcs, done[inputs])


def _inputs(config: "LinkConfig", snr_db: float, mcs: int | None) -> tuple[object, ...]:
    """Return what tells a simulation from others; a fixed MCS without HARQ needs no feedback."""
    heeds_feedback = mcs is None or config.harq > 1
    return config.feedback_delay_slots if heeds_feedback else None, snr_db, mcs


def mcs_choices(text: str, table: int) -> list[int | None]:
    """Read ``"auto,4,8:28:4"`` or ``"all"``; None stands for auto.

    Raises
    ------
    LinksimError
        For what is neither, or is not in the table.
    """
    from linksim.phy.coding.mcs import MCS_TABLES, scheme
    from studies.spec.snr import parse_snr

    scheme(table, 0)
    if text == "all":
        return [None, *range(len(MCS_TABLES[table]))]
    chosen: list[int | None] = []
    for part in text.split(","):
        if part.strip() == AUTO:
            chosen.append(None)
            continue
        for value in parse_snr(part):
            if value != int(value):
                raise LinksimError(f"--mcs {part}: an MCS is a whole number")
            scheme(table, int(value))
            chosen.append(int(value))
    return list(dict.fromkeys(chosen))


def _delays(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise LinksimError(f"--delay {text}: not whole numbers with commas between") from None


def _check(args: argparse.Namespace) -> None:
    ranges = (
        ("links", 2, 4096),
        ("slots", 2, 100_000),
        ("warm_up", 0, 99_999),
        ("seed", 0, 2**62),
    )
    check_flags(args, ranges)
    arguments.check_outputs(args)


def _record(delay: int, snr_db: float, mcs: int | None, done: "Adapted") -> dict[str, Any]:
    from studies.run.record import finite

    return {
        "feedback_delay_slots": delay,
        "snr_db": snr_db,
        "mcs": AUTO if mcs is None else mcs,
        "throughput": done.throughput,
        "throughput_interval": [done.throughput_low, done.throughput_high],
        "bler": done.first.rate,
        "bler_interval": list(done.first.interval()),
        "residual_bler": done.residual.rate,
        "residual_bler_interval": list(done.residual.interval()),
        "transmissions": done.transmissions,
        "delay_slots": finite(done.delay_slots),
        "mean_mcs": done.mcs,
    }


def _print(args: argparse.Namespace, records: list[dict[str, Any]], schemes: int) -> None:
    from rich.console import Console
    from rich.table import Table

    how = f"HARQ {args.harq}, {args.combining}" if args.harq > 1 else "no HARQ"
    table = Table(*COLUMNS, title=f"{args.channel}, MCS table {args.table}, {how}")
    for record in records:
        delay = record["delay_slots"]
        table.add_row(
            f"{record['feedback_delay_slots']} slots",
            f"{record['snr_db']:g}",
            str(record["mcs"]),
            f"{record['throughput']:.3f}",
            "{:.3f}-{:.3f}".format(*record["throughput_interval"]),
            f"{record['bler']:.3f}",
            "{:.3f}-{:.3f}".format(*record["bler_interval"]),
            f"{record['residual_bler']:.4f}",
            f"{record['transmissions']:.2f}",
            "-" if delay is None else f"{delay:.2f}",
        )
    Console(width=110).print(table)
    for line in comparisons(records, schemes):
        print(line)


def comparisons(records: list[dict[str, Any]], schemes: int) -> list[str]:
    """Return how auto does beside the best fixed MCS at each delay and SNR that has all schemes."""
    lines = []
    for delay, snr in dict.fromkeys((r["feedback_delay_slots"], r["snr_db"]) for r in records):
        mine = [r for r in records if (r["feedback_delay_slots"], r["snr_db"]) == (delay, snr)]
        auto = next((r for r in mine if r["mcs"] == AUTO), None)
        fixed = [r for r in mine if r["mcs"] != AUTO]
        if auto and fixed and len(mine) == schemes:
            best = max(fixed, key=lambda r: r["throughput"])
            ratio = auto["throughput"] / best["throughput"] if best["throughput"] else math.inf
            lines.append(
                f"{delay} slots, {snr:g} dB: auto carries {ratio:.2f} of the best fixed MCS, "
                f"{best['mcs']}"
            )
    return lines


def _write_json(
    args: argparse.Namespace, configs: list[Any], records: list[dict[str, Any]]
) -> None:
    import json
    from dataclasses import asdict

    from linksim.files import write_text
    from studies.run.point import versions

    document = {
        "links": [asdict(config) for config in configs],
        "table": args.table,
        "parallel_links": args.links,
        "slots": args.slots,
        "warm_up": args.warm_up,
        "seed": args.seed,
        "versions": versions(),
        "records": records,
    }
    write_text(args.json, json.dumps(document, indent=1) + "\n")
