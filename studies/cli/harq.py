"""``linksim harq``: what combining gains, beside one transmission that ought to be as good."""

from argparse import ArgumentParser, Namespace
from itertools import pairwise
from math import hypot, log, nan, sqrt
from typing import TYPE_CHECKING, Any

from linksim.flags import check_flags
from linksim.options import check_range
from studies.cli import arguments
from studies.cli.command import Command

if TYPE_CHECKING:
    from linksim.link.experiments.combining_gain import Combined
    from linksim.montecarlo import Tally

TARGET = 0.1
"""Block error rate at which SNRs are compared."""


LINK_FLAGS = (
    "channel",
    "modulation",
    "code_rate",
    "combining",
    "harq",
    "estimator",
    "subcarriers",
)
"""Fields of a link that have a flag of their own."""
DEFAULTS = {"channel": "awgn", "harq": 4, "estimator": "perfect", "subcarriers": 24}
"""Defaults of these flags that differ from those of a link."""


def add_flags(parser: ArgumentParser) -> None:
    """Add the arguments."""
    renamed = {"harq": "transmissions"}
    arguments.add_link_flags(parser, *LINK_FLAGS, renamed=renamed, defaults=DEFAULTS)
    parser.add_argument(
        "--reference",
        default="mother",
        help="single transmission to compare ir with: mother, the same mother code from version 0 "
        "on; bits, the very bits that were combined; rate, the base graph by the combined rate "
        "(default mother)",
    )
    arguments.add_snr(parser, "-2:8:0.5")
    text = "batches of 256 blocks at each SNR (default 4)"
    parser.add_argument("--batches", type=int, default=4, help=text)
    arguments.add_seed(parser)
    arguments.add_json(parser)


def run(args: Namespace) -> int:
    """Simulate, and print block error rates and where they reach 10 %."""
    from linksim.link.config import LinkConfig
    from studies.spec.snr import parse_snr

    check_range("--transmissions", args.harq, 1, 8)
    check_flags(args, (("batches", 1, 10**6), ("seed", 0, 2**62)))
    arguments.check_outputs(args)
    config = LinkConfig(**{name: getattr(args, name) for name in LINK_FLAGS})
    snr_db = parse_snr(args.snr)

    from linksim.startup import import_tensorflow

    import_tensorflow()  # only now that the input is known to be good
    from linksim.link.experiments.combining_gain import combining_gain

    gain = combining_gain(
        config, snr_db, batches=args.batches, seed=args.seed, reference=args.reference
    )
    points = list(gain)
    _print(args, points)
    if args.json:
        _write_json(args, config, points)
    return 0


def _print(args: Namespace, points: list["Combined"]) -> None:
    from rich.console import Console
    from rich.table import Table

    title = f"{args.channel}, {args.modulation}, rate {args.code_rate:g}, {args.combining}: BLER"
    counts = range(1, args.harq + 1)
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
        snr_db = [p.snr_db for p in mine]
        ours, wide = crossing(snr_db, [p.lost for p in mine])
        other, also = crossing(snr_db, [p.reference for p in mine])
        print(
            f"{count} sent: BLER {TARGET:.0%} at {ours:.2f} dB, reference {other:.2f} dB, "
            f"difference {ours - other:+.2f} ± {hypot(wide, also):.2f} dB"
        )


def _described(args: Namespace) -> str:
    from linksim.link.experiments.combining_gain import REFERENCES

    return "the summed SNR" if args.combining == "chase" else REFERENCES[args.reference]


def crossing(snr_db: list[float], lost: list["Tally"]) -> tuple[float, float]:
    """Return the SNR at which a falling block error rate is 10 %, its logarithm interpolated.

    Returns
    -------
    snr_db : float
        SNR in dB; NaN where the rate is not 10 % within the SNRs that were simulated.
    half_width : float
        Half width of the 95 % interval in dB: 1.96 standard deviations, by the delta method from
        those of the two binomial proportions. The error of interpolation is not in it.
    """
    for (below, high), (above, low) in pairwise(zip(snr_db, lost, strict=True)):
        if high.rate >= TARGET > low.rate:
            step, fall = above - below, _log(high.rate) - _log(low.rate)
            share = (_log(high.rate) - log(TARGET)) / fall
            deviation = hypot((1.0 - share) * _deviation(high), share * _deviation(low))
            return below + step * share, 1.96 * step * deviation / fall
    return nan, nan


def _log(rate: float) -> float:
    return log(max(rate, 1e-6))


def _deviation(lost: "Tally") -> float:
    """Return the standard deviation of the logarithm of a rate."""
    return sqrt((1.0 - lost.rate) / max(lost.errors, 1))


def _write_json(args: Namespace, config: Any, points: list["Combined"]) -> None:
    from dataclasses import asdict

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
    arguments.write_json(args.json, document)


COMMAND = Command("harq", "simulate what combining transmissions gains", add_flags, run)
