"""``linksim adapt``: link adaptation and HARQ over correlated fading, beside fixed MCSs."""

import math
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING, Any

from linksim.errors import LinksimError
from linksim.flags import check_flags
from studies.cli import arguments
from studies.cli.command import Command

if TYPE_CHECKING:
    from linksim.link.config import LinkConfig
    from linksim.link.experiments.link_adaptation import Adapted

AUTO = "auto"
COLUMNS = ("feedback", "snr db", "mcs", "bit/use", "95 %", "bler", "95 %", "residual", "sent",
           "delay")  # fmt: skip


LINK_FLAGS = (
    "channel",
    "mcs_table",
    "feedback_bits",
    "feedback_loss",
    "harq",
    "combining",
    "estimator",
    "subcarriers",
)
"""Fields of a link that have a flag of their own."""
RENAMED = {"mcs_table": "table", "feedback_bits": "bits", "feedback_loss": "loss"}
DEFAULTS = {"channel": "tdl-a:delay_spread=10e-9", "subcarriers": 24}
"""Defaults of these flags that differ from those of a link."""


def add_flags(parser: ArgumentParser) -> None:
    """Add the arguments."""
    arguments.add_link_flags(parser, *LINK_FLAGS, renamed=RENAMED, defaults=DEFAULTS)
    arguments.add_snr(parser, "10:30:10")
    text = "MCSs to simulate, as auto,0:28:4: auto, numbers of the table, or all (default auto)"
    parser.add_argument("--mcs", default=AUTO, help=text)
    text = "delays in slots until feedback is known, with commas between (default 4)"
    parser.add_argument("--delay", default="4", help=text)
    text = "number of links simulated side by side (default 64)"
    parser.add_argument("--links", type=int, default=64, help=text)
    text = "slots simulated of each link (default 800)"
    parser.add_argument("--slots", type=int, default=800, help=text)
    text = "first slots of each link that are not counted (default 300)"
    parser.add_argument("--warm-up", type=int, default=300, help=text)
    arguments.add_seed(parser)
    arguments.add_json(parser)
    arguments.add_plot(parser)


def run(args: Namespace) -> int:
    """Simulate, print a row a point, and write records and figure as points are done."""
    from linksim.link.config import LinkConfig
    from studies.spec.snr import parse_snr

    _check(args)
    snr_db = parse_snr(args.snr)
    schemes = mcs_choices(args.mcs, args.mcs_table)
    fields = {name: getattr(args, name) for name in LINK_FLAGS if name != "mcs_table"}
    configs = [LinkConfig(**fields, feedback_delay_slots=delay) for delay in _delays(args.delay)]
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
    args: Namespace,
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
    size = {"links": args.links, "slots": args.slots, "warm_up": args.warm_up}
    with progress_bar() as progress:
        task = progress.add_task("points", total=len(different))
        for config in configs:
            links = ParallelLinks(config, table=args.mcs_table, **size)
            for snr, mcs in points:
                inputs = _inputs(config, snr, mcs)
                if inputs not in done:
                    done[inputs] = links.run(mcs, snr, args.seed)
                    progress.advance(task)
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


def _check(args: Namespace) -> None:
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


def _print(args: Namespace, records: list[dict[str, Any]], schemes: int) -> None:
    from rich.console import Console
    from rich.table import Table

    how = f"HARQ {args.harq}, {args.combining}" if args.harq > 1 else "no HARQ"
    table = Table(*COLUMNS, title=f"{args.channel}, MCS table {args.mcs_table}, {how}")
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


def _write_json(args: Namespace, configs: list[Any], records: list[dict[str, Any]]) -> None:
    from dataclasses import asdict

    from studies.run.point import versions

    document = {
        "links": [asdict(config) for config in configs],
        "table": args.mcs_table,
        "parallel_links": args.links,
        "slots": args.slots,
        "warm_up": args.warm_up,
        "seed": args.seed,
        "versions": versions(),
        "records": records,
    }
    arguments.write_json(args.json, document)


COMMAND = Command("adapt", "simulate link adaptation and HARQ against SNR", add_flags, run)
