"""The sub-commands of ``linksim study`` that print or write tables of a study that has run."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from linksim.errors import LinksimError
from linksim.plugins import reading_results
from studies.cli import arguments


def add_folder(
    actions: Any, name: str, run: Callable[[Namespace], int], about: str
) -> ArgumentParser:
    """Add a sub-command that is given a study's output folder."""
    parser: ArgumentParser = actions.add_parser(name, help=about, description=about)
    text = "output folder of a study"
    parser.add_argument("folder", type=arguments.path, metavar="DIR", help=text)
    parser.set_defaults(run=reading(run))
    return parser


def reading(run: Callable[[Namespace], int]) -> Callable[[Namespace], int]:
    """Return a command that loads no code which results name, unless folders of it are named."""

    def read(args: Namespace) -> int:
        with nullcontext() if args.folders else reading_results():
            return run(args)

    return read


def add_tables(actions: Any) -> None:
    """Add the sub-commands."""
    add_folder(actions, "parquet", print_parquet, "write the tables as Parquet as well")

    table = add_folder(actions, "table", print_table, "print a Markdown table: scheme by SNR")
    for flag, text in (
        ("--metric", "metric to tabulate"),
        ("--channel", "channel to tabulate"),
        ("--kind", "kind of clips to tabulate, speech or music"),
    ):
        table.add_argument(flag, help=f"{text} (default the study's first)")

    about = "print a Markdown table: channel uses by stream"
    cost = add_folder(actions, "cost", print_cost, about)
    text = "scheme to compare with (default the first)"
    cost.add_argument("--against", metavar="SCHEME", help=text)
    text = "the only Es/N0 in dB to look at (default all)"
    cost.add_argument("--snr", type=float, help=text)
    text = "print Table II of the Wav2Vid paper instead: bytes and symbols"
    cost.add_argument("--paper", action="store_true", help=text)

    about = "compare two result folders point by point"
    diff = actions.add_parser("diff", help=about, description=about)
    diff.add_argument("first", type=arguments.path, metavar="A", help="output folder of a study")
    diff.add_argument("second", type=arguments.path, metavar="B", help="another one")
    diff.set_defaults(run=reading(print_diff))

    about = "say which claims of the Wav2Vid paper hold"
    claims = add_folder(actions, "claims", print_claims, about)
    text = "YAML file of other claims"
    claims.add_argument("--claims", type=arguments.path, metavar="FILE", help=text)
    text = "print a Markdown table"
    claims.add_argument("--markdown", action="store_true", help=text)

    about = "compare with the strongest digital baseline"
    fair = add_folder(actions, "fair", print_fair, about)
    text = "scheme to compare (default Wav2Vid)"
    fair.add_argument("--scheme", default="Wav2Vid", help=text)

    about = "print who wins where: by channel, link and SNR"
    where = add_folder(actions, "map", print_map, about)
    text = "metric to compare by (default that of the study's first map)"
    where.add_argument("--metric", help=text)


def print_parquet(args: Namespace) -> int:
    """Write the tables as Parquet."""
    from studies.tables.parquet import write_parquet

    for path in write_parquet(args.folder):
        print(path)
    return 0


def print_table(args: Namespace) -> int:
    """Print one metric over one channel."""
    from studies.tables.table import markdown

    print(markdown(args.folder, metric=args.metric, channel=args.channel, kind=args.kind))
    return 0


def print_cost(args: Namespace) -> int:
    """Print what the schemes of a study cost."""
    from studies.tables.cost import markdown, paper_table

    if args.paper and args.against:
        raise LinksimError("--paper compares with the first scheme; leave out --against")
    if args.paper:
        print(paper_table(args.folder, snr_db=args.snr))
    else:
        print(markdown(args.folder, against=args.against, snr_db=args.snr))
    return 0


def print_diff(args: Namespace) -> int:
    """Print what two folders differ in; 1 if by more than their intervals explain."""
    from rich.console import Console

    from studies.tables.diff import SAME, diff, lines, table

    difference = diff(args.first, args.second)
    for line in lines(difference):
        print(line)
    if any(pair.verdict != SAME for pair in difference.pairs):
        Console().print(table(difference.pairs))
    return 1 if difference.beyond else 0


def print_claims(args: Namespace) -> int:
    """Print the verdicts and write them beside the study's tables."""
    from rich.console import Console

    from linksim.startup import import_tensorflow
    from studies.claims.judge import judge_folder, markdown, table, write
    from studies.claims.load import CLAIMS

    import_tensorflow()
    judged = judge_folder(args.folder, args.claims or CLAIMS)
    paths = write(args.folder, judged)
    if args.markdown:
        print(markdown(judged))
        return 0
    Console().print(table(judged))
    for path in paths:
        print(path)
    return 0


def print_fair(args: Namespace) -> int:
    """Print where a scheme is ahead of the strongest digital one."""
    from rich.console import Console

    from studies.claims.fair import compare_folder, summary, table

    matches, saved = compare_folder(args.folder, args.scheme)
    console = Console()
    for equal in (True, False):
        console.print(table(matches, args.scheme, equal=equal))
    for line in (*summary(matches), *saved):
        console.print(line, markup=False, highlight=False)
    return 0


def print_map(args: Namespace) -> int:
    """Print the winner of each cell of a study and its margin."""
    from studies.claims.winner_table import markdown
    from studies.figures.winners import map_of, winners
    from studies.run.store import Store

    entry = map_of(Store(args.folder).study()[0])
    print(markdown(winners(args.folder, args.metric or entry.metric, entry.curves)))
    return 0
