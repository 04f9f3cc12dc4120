"""``linksim harq``: what combining gains, beside one transmission that ought to be as good."""

import argparse
from itertools import pairwise
from math import hypot, log, nan, sqrt
from typing import TYPE_CHECKING, Any

from linksim.options import check_flags
from studies.cli import arguments

if TYPE_CHECKING:
    from linksim.link.experiments.combining_gain import Combined
    from linksim.montecarlo import Tally

TARGET = 0.1
"""Block error rate at which SNRs are compared."""


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("harq", help="simulate what combining transmissions gains")
    parser.add_argument("--channel", default="awgn", help="name:option=value,… (awgn)")
    parser.add_argument("--modulation", default="16qam", help="qpsk, 16qam, 64qam or 256qam")
    parser.add_argument("--code-rate", type=float, default=0.5, help="of one transmission (0.5)")
    parser.add_argument("--combining", default="ir", help="ir (default) or chase")
    parser.add_argument(
        "--reference",
        default="mother",
        help="of ir, one transmission: mother, the same mother code from version 0 on (default); "
        "bits, the very bits that were combined; rate, the base graph by the combined rate",
    )
    parser.add_argument("--transmissions", type=int, default=4, help="of each block (4)")
    parser.add_argument("--estimator", default="perfect", help="perfect, ls-nearest, ls-linear, …")
    parser.add_argument("--subcarriers", type=int, default=24, help="of the resource grid (24)")
    parser.add_argument("--snr", default="-2:8:0.5", help="Es/N0 in dB, start:stop:step or a list")
    parser.add_argument("--batches", type=int, default=4, help="of 256 blocks at each SNR (4)")
    parser.add_argument("--seed", type=int, default=1, help="default: 1")
    parser.add_argument(
        "--json", type=arguments.path, metavar="FILE", help="write the records here"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Simulate, and print block error rates and where they reach 10 %."""
    from linksim.files import check_writable
    from linksim.link.config import LinkConfig
    from studies.spec.snr import parse_snr

    check_flags(args, (("transmissions", 1, 8), ("batches", 1, 10**6), ("seed", 0, 2**62)))
    if args.json:
        check_writable(args.json)
    config = LinkConfig(
        channel=args.channel,
        modulation=args.modulation,
        code_rate=args.code_rate,
        combining=args.combining,
        harq=args.transmissions,
        estimator=args.estimator,
        subcarriers=args.subcarriers,
    )
    snr_db = parse_snr(args.snr)

    from linksim.startup import import_tensorflow

    import_tensorflow()  # only now that the input is known to be good
    from linksim.link.experiments.combining_gain import combining_gain

    how = {"batches": args.batches, "seed": args.seed, "reference": args.reference}
    points = list(combining_gain(config, snr_db, **how))
    _print(args, points)
    if args.json:
        _write_json(args, config, points)
    return 0


def _print(args: argparse.Namespace, points: list["Combined"]) -> None:
    from rich.console import Console
    from rich.table import Table

    title = f"{args.channel}, {args.modulation}, rate {args.code_rate:g}, {args.combining}: BLER"
    counts = range(1, args.transmissions + 1)
    table = Table("snr db", title=title)
    for count in counts:
        table.add_column(f"{count} sent", justify="right")
        table.add_column("reference", justify="right")
    for snr in dict.fromkeys(p.snr_db for p in points):
        mine = [p for p in points if p.snr_db == snr]
        rates = (f"{t.rate:.3f}" for p in mine for t in (p.lost, p.reference))
        table.add_row(f"{snr:g}", *rates)
    Console().print(table)
    print(f"reference: {_described(args)}")
    for count in counts:
        mine = [p for p in points if p.transmissions == count]
        snr = [p.snr_db for p in mine]
        ours, wide = crossing(snr, [p.lost for p in mine])
        other, also = crossing(snr, [p.reference for p in mine])
        print(
            f"{count} sent: BLER {TARGET:.0%} at {ours:.2f} dB, reference {other:.2f} dB, "
            f"difference {ours - other:+.2f} ± {hypot(wide, also):.2f} dB"
        )


def _described(args: argparse.Namespace) -> str:
    from linksim.link.experiments.combining_gain import REFERENCES

    return "the summed SNR" if args.combining == "chase" else REFERENCES[args.reference]


def crossing(snr_db: list[float], lost: list["Tally"]) -> tuple[float, float]:
    """Return where a falling block error rate comes to 10 %, its logarithm interpolated.

    Returns
    -------
    snr_db : float
        In dB; NaN where it does not, within the SNRs that were simulated.
    half_width : float
        Of its 95 % interval in dB: 1.96 standard deviations, by the delta method from those of the
        two binomial proportions. What interpolation misses between the two is not in it.
    """
    for (below, high), (above, low) in pairwise(zip(snr_db, lost, strict=True)):
        if high.rate >= TARGET > low.rate:
            step, fall = above - below, _log(high.rate) - _log(low.rate)
            share = (_log(high.rate) - log(TARGET)) / fall
            spread = hypot((1.0 - share) * _deviation(high), share * _deviation(low))
            return below + step * share, 1.96 * step * spread / fall
    return nan, nan


def _log(rate: float) -> float:
    return log(max(rate, 1e-6))


def _deviation(lost: "Tally") -> float:
    """Return the standard deviation of the logarithm of a rate."""
    return sqrt((1.0 - lost.rate) / max(lost.errors, 1))


def _write_json(args: argparse.Namespace, config: Any, points: list["Combined"]) -> None:
    import json
    from dataclasses import asdict

    from linksim.files import write_text
    from studies.run.point import versions

    records = [
        {
            "snr_db": p.snr_db,
            "transmissions": p.transmissions,
            **{
                name: {"bler": t.rate, "interval": t.interval(), "blocks": t.trials}
                for name, t in (("combined", p.lost), ("reference", p.reference))
            },
        }
        for p in points
    ]
    document = {
        "link": asdict(config),
        "seed": args.seed,
        "reference": args.reference,
        "versions": versions(),
        "records": records,
    }
    write_text(args.json, json.dumps(document, indent=1) + "\n")
